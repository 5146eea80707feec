"""What judges a candidate: the seam between the search and what training and counting really are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from edgesense.errors import EdgeSenseError
from edgesense.training.search.space import Candidate

OnStep = Callable[[int, float], None]
"""Called with (step, from 1; validation score of that step); it raises to end the training there."""


class TrialFailed(EdgeSenseError):
    """One trial failed; the search goes on with others."""


@dataclass(frozen=True)
class Cost:
    """What is made small.

    Attributes:
        name: As in `--cost`.
        unit: What is counted.
        about: How the number is known, in words for tables and axes.
    """

    name: str
    unit: str
    about: str


@dataclass(frozen=True)
class Outcome:
    """What a trial found.

    Attributes:
        score: Made large: share of the validation clips that the converted model gets right.
        cost: Made small, of the trained, converted model.
        facts: Plain JSON values to be kept with the trial.
    """

    score: float
    cost: float
    facts: Mapping[str, Any] = field(default_factory=dict)


class Evaluator(Protocol):
    """Counts and trains candidates."""

    @property
    def cost(self) -> Cost:
        """What its costs are."""

    @property
    def steps(self) -> int:
        """How many validation scores a whole trial has."""

    def identity(self) -> Mapping[str, Any]:
        """Plain JSON values: everything besides the candidate that decides an outcome."""

    def count(self, candidate: Candidate) -> float:
        """Cost of a candidate that is not trained.

        Raises:
            EdgeSenseError: It cannot be told.
        """

    def train(self, candidate: Candidate, on_step: OnStep) -> Outcome:
        """Train a candidate and judge it on validation clips, never on test clips.

        Raises:
            EdgeSenseError: It failed.
        """
