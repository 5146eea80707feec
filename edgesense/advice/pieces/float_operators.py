"""Operators that still compute in floating point in a model that is meant to be in integers."""

from __future__ import annotations

from collections import Counter

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Tick
from edgesense.perf import units

NAME = "float_operators"
LOOKS_AT = "the dtype of what each operator of the file gives"
GROUP = Group.MODEL
BOX = "no float operator is left in the integer model"
SECONDS = 0.1


def consider(case: Case) -> Advice | None:
    """Name each kind with its share of the products; see `edgesense.advice.Piece`."""
    found = case.subject.float_nodes()
    if not found or not case.subject.quantised:
        return None
    kinds = Counter(node.kind for _, node in found)
    named = ", ".join(f"{name} x{count}" for name, count in kinds.items())
    why = [f"{len(found)} of {len(case.subject.nodes)} operators compute in float: {named}"]
    total = sum(layer.macs for layer in case.subject.layers)
    if total:
        here = sum(case.subject.layers[place].macs for place, _ in found)
        why.append(f"{units.share(here / total, decimals=1)} of the multiply-accumulates are theirs, from the shapes")
    said = "convert all of it: edgesense optimize ARCH --pass int8 (`mixed` keeps some in float on purpose)"
    todo = shared.command(case.subject, said)
    return Advice(NAME, f"Float operators left: {named}", tuple(why), todo, untried="see the piece int8")


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the file."""
    if said is not None:
        return Tick(Mark.NOT_MET, said.why[0])
    if case.subject.quantised:
        return Tick(Mark.MET, f"all {len(case.subject.nodes)} operators compute in integers, exact")
    return Tick(Mark.NOT_MET, f"the whole model is {case.subject.model.dtype}")
