"""An evaluator that computes its answers at once: a public fake for tests of searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgesense.training.search.evaluator import Cost, OnStep, Outcome
from edgesense.training.search.space import Candidate


def cost_of(candidate: Candidate) -> float:
    """A cost that grows with the size of network and front end, as instructions do."""
    features = candidate.features
    network = candidate.depth * candidate.width**2 * candidate.kernel
    return float(features.frames * (features.n_fft + 40 * features.width) + network * features.frames)


def score_of(candidate: Candidate) -> float:
    """A score that grows ever more slowly with the size of the network, and with deltas a little."""
    size = candidate.depth * candidate.width
    return size / (size + 40.0) - 0.05 * ("delta" not in candidate.blocks)


@dataclass
class TableEvaluator:
    """Counts and "trains" by two functions.

    Attributes:
        score: Candidate -> score of its last step; the steps before rise towards it.
        count_of: Candidate -> cost.
        steps: Steps of a whole trial.
        during: Called with (candidate, step) at each step: it may raise, wait or look around.
        fixed: Its identity.
        counted: Candidates that were counted, in order.
        trained: Candidates whose training was begun, in order.
    """

    score: Callable[[Candidate], float] = score_of
    count_of: Callable[[Candidate], float] = cost_of
    steps: int = 4
    during: Callable[[Candidate, int], None] = lambda _, __: None
    fixed: Mapping[str, Any] = field(default_factory=lambda: {"evaluator": "table"})
    counted: list[Candidate] = field(default_factory=list)
    trained: list[Candidate] = field(default_factory=list)

    @property
    def cost(self) -> Cost:
        """Made up."""
        return Cost("table", "steps", "made up")

    def identity(self) -> Mapping[str, Any]:
        """What it was given."""
        return self.fixed

    def count(self, candidate: Candidate) -> float:
        """Look the cost up."""
        self.counted.append(candidate)
        return self.count_of(candidate)

    def train(self, candidate: Candidate, on_step: OnStep) -> Outcome:
        """Report rising scores, then the last one."""
        self.trained.append(candidate)
        last = self.score(candidate)
        for step in range(1, self.steps + 1):
            self.during(candidate, step)
            on_step(step, last * step / self.steps)
        return Outcome(last, self.count_of(candidate), {"steps": self.steps})
