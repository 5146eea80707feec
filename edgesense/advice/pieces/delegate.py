"""XNNPACK: what it takes of the model, and what runs without it."""

from __future__ import annotations

from dataclasses import replace

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Standing, Tick
from edgesense.errors import EdgeSenseError

NAME = "delegate"
LOOKS_AT = "the runtime's own kernels beside XNNPACK's"
GROUP = Group.INFERENCE
BOX = "the faster of XNNPACK and the runtime's own kernels is used"
SECONDS = 15.0


def consider(case: Case) -> Advice | None:
    """Run without XNNPACK, or with it where it is off; see `edgesense.advice.Piece`."""
    if case.on_a_chip:
        return None
    other = "xnnpack" if case.job.delegate == "none" else "none"
    title = "XNNPACK" if other == "xnnpack" else "The runtime's own kernels instead of XNNPACK"
    todo = f"pipeline.open(path, delegate={other!r}), or pytest --edge-delegate={other} to judge with it"
    advice = Advice(NAME, title, (), todo)
    if case.trials is None:
        return replace(advice, untried=case.why_untried)
    try:
        gains = case.trials.gains(replace(case.job, delegate=other))
    except EdgeSenseError as error:
        return replace(advice, untried=str(error).splitlines()[0])
    return replace(advice, gains=gains, tried=True, standing=shared.standing(gains, None))


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the try."""
    if said is None:
        return Tick(Mark.MET, f"{case.device.name} runs TFLite Micro: it has no delegates")
    if said.standing is Standing.NOTHING and said.gains:
        return Tick(Mark.MET, f"tried the other: {shared.told(said.gains[0])}")
    return shared.tried_tick(said)
