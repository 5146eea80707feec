"""When a trial is not worth going on with: a rule for two objectives, where Optuna's pruners have none.

Optuna's pruners know one objective (`Trial.report` and `should_prune` raise for a study of two), and a rule on
accuracy alone would prune the cheap trials, which are half of what is looked for. So a trial is held against those
finished ones only that cost no more: if even the median of them was better by now, it is dominated so far, twice over.
The cheapest trial of a study has nobody to be held against, and is never pruned.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_RIVALS = 3
"""Finished trials that cost no more, below which nothing is pruned."""
WARM_UP = 0.25
"""Share of a trial's steps that each gets before it is judged, at least one."""


@dataclass(frozen=True)
class Rival:
    """A finished trial.

    Attributes:
        cost: Counted before it was trained.
        scores: Its validation score at each step.
    """

    cost: float
    scores: tuple[float, ...]


def verdict(scores: Sequence[float], cost: float, rivals: Sequence[Rival], steps: int) -> str | None:
    """Why a trial should end now; None when it should go on.

    Args:
        scores: Its validation scores so far, one a step.
        cost: Its cost, counted before it was trained.
        rivals: The trials that are finished.
        steps: How many steps a whole trial has.

    Returns:
        The reason, in words.
    """
    done = len(scores)
    if done >= steps or done <= max(1, int(WARM_UP * steps)):
        return None
    best = [max(rival.scores[:done]) for rival in rivals if rival.cost <= cost and rival.scores]
    if len(best) < LEAST_RIVALS:
        return None
    median = statistics.median(best)
    if max(scores) >= median:
        return None
    return (
        f"after {done} of {steps} steps its best validation score is {max(scores):.4f}; "
        f"the median of {len(best)} trials that cost no more was {median:.4f} by then"
    )
