"""A buffer of 2 s."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Tick

NAME = "buffer"
LOOKS_AT = "the front end's settings"
GROUP = Group.FEATURES
BOX = "a buffer of 2 s or less"
SECONDS = 15.0


def consider(case: Case) -> Advice | None:
    """Count the front end with the change; see `edgesense.advice.Piece`."""
    now = case.features
    if now is None or not (now.seconds > 2.0):
        return None
    return shared.retrained(
        case, NAME, "A buffer of 2 s", {"seconds": 2.0}, f"it listens to {now.seconds:g} s at a time"
    )


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the settings."""
    del said
    return shared.settings_tick(case, lambda now: (now.seconds <= 2.0, f"{now.seconds:g} s"))
