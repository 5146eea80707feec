"""The training process of one trial: a request on standard input, events on a descriptor of its own, JSON lines both.

TensorFlow gives its memory back when its process ends, and at no other time; a crash there is the end of one trial and
not of the search. Nothing else imports this module.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from edgesense import evaluation
from edgesense.datasets import store
from edgesense.errors import EdgeSenseError
from edgesense.optimize import chains
from edgesense.training import answers, experiment, export
from edgesense.training.search import data as datas
from edgesense.training.search.plan import Plan
from edgesense.training.search.space import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgesense.features.settings import FeatureSettings
    from edgesense.training.checkpoint import State

PIPELINES = Path("search") / "pipelines"
"""Where trials' pipeline directories lie in the work folder."""


@dataclass
class _Events:
    """Writes events; the trainings' reporter.

    Attributes:
        stream: Where to.
        score: Which value of an epoch is told.
        told: Epochs that were told, of all folds.
    """

    stream: TextIO
    score: str
    told: int = 0
    _epochs: int = field(default=0, init=False)

    def send(self, event: str, **values: Any) -> None:
        self.stream.write(json.dumps({"event": event, **values}) + "\n")
        self.stream.flush()

    def features(self, what: str, done: int, total: int) -> None:
        self.send("features", what=what, done=done, total=total)

    def epoch(self, state: State, epochs: int) -> None:  # noqa: ARG002 - part of the seam
        self.history(state)

    def say(self, text: str) -> None:
        self.send("say", text=text)

    def fold(self) -> None:
        """Another training begins."""
        self._epochs = 0

    def history(self, state: State) -> None:
        """Tell the epochs that are not told yet: after an interruption, those from before it too."""
        for entry in state.history[self._epochs :]:
            self.told += 1
            self.send("step", step=self.told, score=entry[self.score])
        self._epochs = len(state.history)


def main() -> None:
    """Train one candidate, convert it and judge it."""
    # Whatever TensorFlow prints must not get between the events.
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    plan = Plan.from_dict(request["plan"])
    events = _Events(stream, plan.score)
    try:
        found = run(
            Candidate(**request["candidate"]), plan, datas.from_dict(request["data"]), Path(request["work"]), events
        )
    except (EdgeSenseError, OSError) as error:
        events.send("error", message=str(error))
    else:
        events.send("done", **found)


def _end_with_parent() -> None:
    """Wait for standard input to close, then end this process and what it started."""
    # Unbuffered: an interpreter that ends cannot take the lock of a buffered stream from a thread that waits in it.
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def run(candidate: Candidate, plan: Plan, data: datas.Data, work: Path, events: _Events) -> dict[str, Any]:
    """Train on each fold, convert, and judge all folds' answers together.

    Args:
        candidate: What to train.
        plan: How.
        data: On what.
        work: Folder of features, checkpoints and pipelines.
        events: Who is told.

    Returns:
        Plain JSON values: the scores, and where in `work` the pipelines are.
    """
    expected: list[str] = []
    predicted: list[str] = []
    pipelines, best_epochs, seconds = {}, [], 0.0
    chain = chains.parse(candidate.conversion)
    for fold in data.folds(candidate.features, plan.seed):
        recipe = plan.recipe(candidate, data, fold)
        parts = {
            name: _features(getattr(fold, name), name, candidate.features, work, events)
            for name in ("train", "validation", "calibration")
        }
        events.fold()
        # Two candidates that differ in their conversion only share a training.
        with _locked(work, recipe.digest):
            trained = experiment.train(
                recipe,
                parts["train"],
                parts["validation"],
                parts["calibration"],
                chains=(chain,),
                work=recipe.place(work),
                reporter=events,
            )
        events.history(trained.state)
        where = PIPELINES / recipe.digest
        with export.draft(work / where) as draft:
            slug = recipe.architecture.replace("_", "")
            made = export.pipelines(draft, slug, trained, recipe.classes, data.labelled)
            name = made[chain.name].name
        directory = work / where / name
        one = answers.Candidate(directory)
        found = answers.collect_apart({name: one}, fold.scored.source, [int(row) for row in fold.scored.rows])
        expected += found.expected
        predicted += found.predicted[name]
        pipelines[fold.name] = str(where / name)
        best_epochs.append(trained.state.best_epoch)
        seconds += trained.state.seconds
    scores = evaluation.score(expected, predicted, data.classes)
    told = ("clips", "accuracy", "low", "high", "macro_f1")
    return {
        "scores": {name: getattr(scores, name) for name in told},
        "pipelines": pipelines,
        "best_epochs": best_epochs,
        "training_seconds": round(seconds, 1),
    }


def _features(part: datas.Part, name: str, settings: FeatureSettings, work: Path, events: _Events) -> experiment.Part:
    """Features of a part, computed by one process at a time."""
    identity = json.dumps([part.source.identity(), settings.to_dict()], sort_keys=True)

    def progress(done: int, total: int) -> None:
        events.features(f"{name} clips", done, total)

    with _locked(work, hashlib.sha256(identity.encode()).hexdigest()[:16]):
        return experiment.Part(store.build(work / "features", part.source, settings, progress), part.rows)


@contextmanager
def _locked(work: Path, name: str) -> Iterator[None]:
    import filelock

    folder = work / "search" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / f"{name}.lock"):
        yield


if __name__ == "__main__":
    main()
