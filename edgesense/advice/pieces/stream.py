"""A stream whose clips share frames: what they share is computed once."""

from __future__ import annotations

from dataclasses import replace

from edgesense import pipeline_file
from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Tick
from edgesense.errors import EdgeSenseError
from edgesense.perf import units

NAME = "stream"
LOOKS_AT = "the hop of the stream beside the length of a clip"
GROUP = Group.FEATURES
BOX = "frames that clips share are computed once"
SECONDS = 20.0


def consider(case: Case) -> Advice | None:
    """Count a hop of the stream beside a clip by itself; see `edgesense.advice.Piece`."""
    file = case.subject.file
    if file is None:
        return None
    hop = file.hop_seconds or pipeline_file.HOP_SECONDS
    if hop >= file.features.seconds:
        return None
    part = units.share(1 - hop / file.features.seconds)
    why = f"a clip of {file.features.seconds:g} s every {hop:g} s shares {part} of its sound with the last"
    todo = f"label streams with Pipeline.stream(blocks, hop_seconds={hop:g}), not clip by clip (docs/streaming.md)"
    advice = Advice(NAME, "Keep what clips of a stream share", (why,), todo)
    if case.trials is None:
        return replace(advice, untried=case.why_untried)
    try:
        gains = case.trials.of_stream(hop)
    except EdgeSenseError as error:
        return replace(advice, untried=str(error).splitlines()[0])
    close = "without the few windows that are computed again because two scores were close"
    return replace(advice, why=(why, close), gains=gains, tried=True, standing=shared.standing(gains, None))


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell that it depends on the program around the pipeline."""
    if case.subject.file is None:
        return Tick(Mark.UNKNOWN, shared.BARE)
    if said is None:
        return Tick(Mark.MET, "clips of its stream share nothing")
    return Tick(Mark.UNKNOWN, "which of the two your program calls is not seen from here")
