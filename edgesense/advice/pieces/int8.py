"""Weights and activations in 8 bits."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Tick

NAME = "int8"
LOOKS_AT = "the model's arithmetic, against a conversion of its float32 pipeline"
GROUP = Group.MODEL
BOX = "computes in 8-bit integers, or these bring nothing"
SECONDS = 60.0


def consider(case: Case) -> Advice | None:
    """Convert, count, and judge on validation clips; see `edgesense.advice.Piece`."""
    return shared.converted(case, NAME, "Full int8 quantisation")


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the model's arithmetic, else from the try."""
    return shared.conversion_tick(case, said)
