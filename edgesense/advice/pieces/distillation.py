"""Distillation from a larger model: named, not tried."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Tick

NAME = "distillation"
LOOKS_AT = "a table of results, if there is one"
GROUP = Group.MODEL
BOX = "taught by a larger model"
SECONDS = 0.1


def consider(case: Case) -> Advice | None:
    """Name the command and what a table of results measured for it; see `edgesense.advice.Piece`."""
    return shared.long(
        case,
        NAME,
        "Distillation from a larger model",
        "a small model learns more from a teacher than from labels alone",
        "edgesense train ARCH --teacher DIR --output DIR",
        variant=f"{case.subject.name.rpartition(chr(45))[0]}-distilled",
    )


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell what can be told of it from the file."""
    del said
    if "distillation" in case.subject.recipe:
        return Tick(Mark.MET, "its recipe names a teacher")
    return Tick(Mark.UNKNOWN, "the file does not show it, and no recipe names a teacher")
