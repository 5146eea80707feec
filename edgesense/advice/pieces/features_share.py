"""Whether the features take more work than the model."""

from __future__ import annotations

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Tick
from edgesense.perf import units

NAME = "features_share"
LOOKS_AT = "the front end's share of a call's work"
GROUP = Group.FEATURES
BOX = "features take no more work than the model"
SECONDS = 0.1
DOMINATES = 0.5


def consider(case: Case) -> Advice | None:
    """Name the share; see `edgesense.advice.Piece`."""
    share = case.share("features")
    if share is None or share <= DOMINATES:
        return None
    most = units.share(1 - share)
    why = f"{units.share(share)} of a call's work on {case.device.name}: a smaller model could save {most} at the most"
    todo = "change the front end before the model: see the pieces window, frame_hop, columns, buffer and stream"
    return Advice(NAME, "Features dominate", (why,), todo)


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the count."""
    if case.features is None:
        return Tick(Mark.UNKNOWN, shared.BARE)
    share = case.share("features")
    if share is None:
        return Tick(Mark.UNKNOWN, case.why_unmeasured.get("instructions_m", f"{case.device.name} does not tell it"))
    return Tick(Mark.NOT_MET if said else Mark.MET, f"{units.share(share)} of a call's work on {case.device.name}")
