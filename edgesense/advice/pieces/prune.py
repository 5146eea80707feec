"""Pruning: named, not tried."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Tick
from edgesense.perf import units
from edgesense.runtime import graph

NAME = "prune"
LOOKS_AT = "a table of results, if there is one"
GROUP = Group.MODEL
BOX = "half of the weights are zero"
SECONDS = 0.1


def consider(case: Case) -> Advice | None:
    """Name the command and what a table of results measured for it; see `edgesense.advice.Piece`."""
    return shared.long(
        case,
        NAME,
        "Pruning",
        "a smaller download; neither the file nor the kernels use zeros",
        "edgesense optimize ARCH --pass prune --pass int8 --output DIR",
        passes="prune+int8",
    )


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell what can be told of it from the file."""
    del said
    zeros, total = 0, 0
    for _, values in graph.weights(case.subject.model):
        zeros, total = zeros + int((values == 0).sum()), total + int(values.size)
    share = zeros / total if total else 0.0
    return Tick(
        Mark.MET if share >= 0.4 else Mark.NOT_MET, f"{units.share(share, decimals=1)} of its weights are zero, exact"
    )
