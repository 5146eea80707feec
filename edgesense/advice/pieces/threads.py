"""Threads of the runtime's kernels."""

from __future__ import annotations

import os
from dataclasses import replace

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Gain, Group, Mark, Tick
from edgesense.advice.trials import COUNT
from edgesense.errors import EdgeSenseError

NAME = "threads"
LOOKS_AT = "1, 2 and 4 threads where a clock can tell"
GROUP = Group.INFERENCE
BOX = "the number of threads was chosen by measurement"
SECONDS = 40.0
TRIED = (1, 2, 4)


def consider(case: Case) -> Advice | None:
    """Time each number in turns with the present one; see `edgesense.advice.Piece`."""
    if case.on_a_chip:
        return None
    advice = Advice(NAME, "Threads", (), f"on a real board: edgesense bench {case.named} --device BOARD --threads N")
    if case.trials is None:
        return replace(advice, untried=case.why_untried)
    if case.trials.work == COUNT:
        why = f"{case.device.name} is emulated, and its instructions are exact for one thread only"
        return replace(advice, untried=why)
    best: tuple[Gain, int] | None = None
    cores = os.cpu_count() or 1
    try:
        for number in TRIED:
            if number != case.job.threads and number <= cores:
                gain = replace(case.trials.gains(replace(case.job, threads=number))[0], quantity=f"{number} threads")
                if best is None or gain.after < best[0].after:
                    best = (gain, number)
    except EdgeSenseError as error:
        return replace(advice, untried=str(error).splitlines()[0])
    if best is None:
        return replace(advice, untried=f"{case.device.name} has no other number of cores to try")
    gains = (best[0],)
    title, todo = f"{best[1]} threads", f"pipeline.open(path, threads={best[1]})"
    return replace(advice, title=title, todo=todo, gains=gains, tried=True, standing=shared.standing(gains, None))


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell from the try."""
    if said is None:
        return Tick(Mark.MET, f"{case.device.name} runs TFLite Micro: one thread is all there is")
    return shared.tried_tick(said)
