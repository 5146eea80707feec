"""A frame less often."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Tick

NAME = "frame_hop"
LOOKS_AT = "the front end's settings"
GROUP = Group.FEATURES
BOX = "a frame every 10 ms or more"
SECONDS = 15.0


def consider(case: Case) -> Advice | None:
    """Count the front end with the change; see `edgesense.advice.Piece`."""
    now = case.features
    if now is None or not (now.frames > 20):
        return None
    return shared.retrained(
        case,
        NAME,
        "A frame less often",
        {"hop_length": 2 * now.hop_length},
        f"a frame every {1000 * now.hop_length / now.sample_rate:g} ms makes {now.frames} of them",
    )


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the settings."""
    del said
    return shared.settings_tick(
        case, lambda now: (now.hop_length >= 0.01 * now.sample_rate, f"{1000 * now.hop_length / now.sample_rate:g} ms")
    )
