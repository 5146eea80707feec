"""Quantisation-aware training: named, not tried."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Tick

NAME = "qat"
LOOKS_AT = "a table of results, if there is one"
GROUP = Group.MODEL
BOX = "trained with quantisation in the loop"
SECONDS = 0.1


def consider(case: Case) -> Advice | None:
    """Name the command and what a table of results measured for it; see `edgesense.advice.Piece`."""
    return shared.long(
        case,
        NAME,
        "Quantisation-aware training",
        "for where plain int8 loses too many right answers",
        "edgesense optimize ARCH --pass qat --output DIR",
        passes="qat",
    )


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell what can be told of it from the file."""
    del said
    passes = str(case.subject.recipe.get("passes", ""))
    if NAME in passes:
        return Tick(Mark.MET, f"its recipe says {passes}")
    return Tick(Mark.UNKNOWN, "the file does not show it, and no recipe says so")
