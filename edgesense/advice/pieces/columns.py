"""Fewer columns."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Tick

NAME = "columns"
LOOKS_AT = "the front end's settings"
GROUP = Group.FEATURES
BOX = "60 + 64 coefficients or fewer (`optimized`)"
SECONDS = 15.0


def consider(case: Case) -> Advice | None:
    """Count the front end with the change; see `edgesense.advice.Piece`."""
    now = case.features
    if now is None or not (now.n_mels >= 2):
        return None
    return shared.retrained(
        case,
        NAME,
        "Fewer columns",
        {"n_mels": now.n_mels // 2, "n_mfcc": max(1, now.n_mfcc // 2)},
        f"it makes {now.width} columns of {now.n_mels} bands",
    )


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the settings."""
    del said
    return shared.settings_tick(case, lambda now: (now.width <= 124, f"{now.width} columns"))
