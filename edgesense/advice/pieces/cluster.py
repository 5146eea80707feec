"""Clustering of weights: named, not tried."""

from __future__ import annotations

import numpy as np

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Tick
from edgesense.runtime import graph

NAME = "cluster"
LOOKS_AT = "a table of results, if there is one"
GROUP = Group.MODEL
BOX = "each layer has few distinct weights"
SECONDS = 0.1


def consider(case: Case) -> Advice | None:
    """Name the command and what a table of results measured for it; see `edgesense.advice.Piece`."""
    return shared.long(
        case,
        NAME,
        "Clustering of weights",
        "a smaller download; the file itself does not shrink",
        "edgesense optimize ARCH --pass cluster --pass int8 --output DIR",
        passes="cluster+int8",
    )


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell what can be told of it from the file."""
    del said
    most = max((int(np.unique(values).size) for _, values in graph.weights(case.subject.model)), default=0)
    text = f"up to {most} distinct values a layer, exact; clustering leaves 32 and a zero"
    return Tick(Mark.MET if 0 < most <= 33 else Mark.NOT_MET, text)
