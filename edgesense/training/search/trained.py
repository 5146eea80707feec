"""The evaluator that really trains: each trial in a process of its own, its cost counted before and after."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import edgesense
from edgesense.optimize import convert
from edgesense.pipeline_file import PipelineFile
from edgesense.runtime import inspect
from edgesense.training.export import MODEL
from edgesense.training.search import process
from edgesense.training.search.cost import Counter
from edgesense.training.search.data import Data
from edgesense.training.search.evaluator import Cost, OnStep, Outcome
from edgesense.training.search.plan import Plan
from edgesense.training.search.space import ARCHITECTURE, Candidate

CALIBRATION_CLIPS = 8
"""Random inputs that an untrained model's 8-bit ranges are taken from; its instructions do not depend on them."""


def _silent(_: str) -> None:
    pass


@dataclass(frozen=True)
class TrainedEvaluator:
    """Trains candidates on clips and counts them on a device; an `Evaluator`.

    Attributes:
        plan: How to train.
        data: On what.
        counter: What their cost is.
        work: Folder of features, checkpoints and pipelines.
        say: Told each step in words.
    """

    plan: Plan
    data: Data
    counter: Counter
    work: Path
    say: Callable[[str], None] = field(default=_silent)

    @property
    def cost(self) -> Cost:
        """The counter's."""
        return self.counter.cost

    @property
    def steps(self) -> int:
        """Epochs of all folds."""
        return self.plan.epochs * len(self.data.names())

    def identity(self) -> Mapping[str, Any]:
        """The data, the plan, the cost and this release."""
        return {
            "data": dict(self.data.identity()),
            "plan": self.plan.to_dict(),
            "cost": dict(self.counter.identity()),
            "edgesense": edgesense.__version__,
        }

    def count(self, candidate: Candidate) -> float:
        """Cost of the candidate as it is built, untrained: no clip is needed for that."""
        features, classes = candidate.features, self.data.classes
        untrained = convert.Trained(ARCHITECTURE, features.shape, len(classes), [], candidate.options)
        noise = np.random.default_rng(0).normal(size=(CALIBRATION_CLIPS, *features.shape)).astype(np.float32)
        # As a trained front end has them, so that their work is counted.
        columns = replace(features, column_mean=(0.5,) * features.width, column_std=(1.5,) * features.width)
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".count-", dir=self.work) as name:
            directory = Path(name) / "untrained"
            convert.convert(untrained, candidate.conversion, directory / MODEL, calibration=noise)
            PipelineFile(directory, "untrained", MODEL, columns, classes).write()
            return self.counter.of(directory)

    def train(self, candidate: Candidate, on_step: OnStep) -> Outcome:
        """Train, convert and judge in a process of its own, then count what it made."""
        request = {
            "candidate": asdict(candidate),
            "plan": self.plan.to_dict(),
            "data": self.data.to_dict(),
            "work": str(self.work.absolute()),
        }
        found: dict[str, Any] = {}
        with process.events(request) as events:
            for event in events:
                kind = event["event"]
                if kind == "step":
                    on_step(event["step"], event["score"])
                elif kind == "say":
                    self.say(event["text"])
                elif kind == "features" and event["done"] == event["total"]:
                    self.say(f"features of {event['total']} {event['what']} computed")
                elif kind == "done":
                    found = {name: value for name, value in event.items() if name != "event"}
        first = self.work / next(iter(found["pipelines"].values()))
        cost = self.counter.of(first)
        size = inspect.read(first / MODEL).size
        return Outcome(found["scores"][self.plan.score], cost, {**found, "model_bytes": size})
