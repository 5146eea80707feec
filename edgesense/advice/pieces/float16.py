"""Weights in 16-bit floating point."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Tick

NAME = "float16"
LOOKS_AT = "the model's arithmetic, against a conversion of its float32 pipeline"
GROUP = Group.MODEL
BOX = "float16 weights bring nothing more"
SECONDS = 60.0


def consider(case: Case) -> Advice | None:
    """Convert, count, and judge on validation clips; see `edgesense.advice.Piece`."""
    return shared.converted(case, NAME, "Weights in float16")


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the model's arithmetic, else from the try."""
    return shared.conversion_tick(case, said)
