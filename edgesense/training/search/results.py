"""What a study has found: its trials as records, the Pareto front among them, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgesense.training.search import study as studies
from edgesense.training.search.evaluator import Cost
from edgesense.training.search.space import NAMES, Candidate, candidate

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

SCHEMA = 1
REPEATS = "repeats"
SCORES = "scores"
WHY = "why"
FACTS = "facts"
DONE = frozenset({"complete", "pruned", "failed"})
"""States that count as a trial done; repeats cost nothing, and what was put back is done under another number."""


@dataclass(frozen=True)
class Row:
    """One trial.

    Attributes:
        number: Its number in the study.
        state: "complete", "pruned", "failed", "running", "waiting", "repeat" or "put back".
        candidate: What it chose; None before it has.
        score: What it is to be judged by; None unless complete.
        cost: Of the trained model; before that, as counted before training, None before that.
        why: Why it was pruned or failed.
        facts: What the evaluator keeps with it.
        front: Whether no other trial is better in one objective and as good in the other.
    """

    number: int
    state: str
    candidate: Candidate | None
    score: float | None
    cost: float | None
    why: str
    facts: Mapping[str, Any]
    front: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"facts": dict(self.facts)}


def rows(study: Study) -> list[Row]:
    """Every trial of a study, in the order of their numbers."""
    # The front first: a trial that ends between the two reads is then a row without it, never the front without a row.
    best = {one.number for one in study.best_trials}
    trials = study.get_trials(deepcopy=False)
    replaced = {one.user_attrs[studies.AGAIN] for one in trials if studies.AGAIN in one.user_attrs}
    return [_row(one, replaced=one.number in replaced, front=one.number in best) for one in trials]


def _row(trial: FrozenTrial, *, replaced: bool, front: bool) -> Row:
    attributes = trial.user_attrs
    state = {"FAIL": "failed"}.get(trial.state.name, trial.state.name.lower())
    if state == "failed" and replaced:
        state = "put back"
    if REPEATS in attributes:
        state = "repeat"
    complete = state == "complete"
    why = attributes.get(WHY, "its process ended without a word" if state == "failed" else "")
    return Row(
        number=trial.number,
        state=state,
        candidate=candidate(trial.params) if set(NAMES) <= trial.params.keys() else None,
        score=trial.values[0] if complete else None,
        cost=trial.values[1] if complete else attributes.get(studies.COUNTED),
        why=why,
        facts=attributes.get(FACTS, {}),
        front=front,
    )


def front(found: Sequence[Row]) -> list[Row]:
    """The Pareto front, cheapest first."""
    return sorted((row for row in found if row.front), key=lambda row: (row.cost or 0.0, row.number))


def done(found: Sequence[Row]) -> int:
    """How many trials are done."""
    return sum(row.state in DONE for row in found)


def report(study: Study, cost: Cost, storage: str, command: str) -> dict[str, Any]:
    """A study as plain JSON values.

    Args:
        study: The study.
        cost: What its costs are.
        storage: Where it is kept, as it may be written down.
        command: What makes more of it.
    """
    found = rows(study)
    return {
        "schema": SCHEMA,
        "study": study.study_name,
        "storage": storage,
        "command": command,
        "objectives": {"score": "made large, on validation clips", "cost": asdict(cost)},
        "fixed": study.user_attrs[studies.FIXED],
        "front": [row.number for row in front(found)],
        "trials": [row.to_dict() for row in found if row.state != "repeat"],
        "repeats": sum(row.state == "repeat" for row in found),
        "tested": study.user_attrs.get(studies.TESTED),
    }
