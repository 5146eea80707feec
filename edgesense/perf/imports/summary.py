"""Runs of another tool to this project's numbers: pure functions.

Such a tool keeps no single call: each run gives a mean or a median, so a run is one sample. The interval says what that
allows. From eight runs on, the smallest and the largest cover the median of runs with 99 % (1 - 2 / 2**8); with fewer
it is where the calls themselves lay, which is wider and no luckier.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgesense.perf import statistics
from edgesense.perf.imports.records import Run
from edgesense.perf.records import Known, Measurement, Missing, Reading

ENOUGH = 8
INFERENCE, MEMORY = "inference_ms", "rss_mb"
ALONE = "inference_ms is the model's alone, on random input: no front end is in it"


def inference(runs: Sequence[Run]) -> Reading:
    """Return the time of one call of the model.

    Args:
        runs: At least one.
    """
    timings = [run.inference for run in runs]
    medians = [timing.median for timing in timings if timing.median is not None]
    whole = len(medians) == len(timings)
    values = medians if whole else [timing.average for timing in timings]
    if len(values) >= ENOUGH:
        low, high = statistics.quantile_interval(values, 0.5)
    else:
        low, high = min(timing.low for timing in timings), max(timing.high for timing in timings)
    value = statistics.median(values)
    floor = min(low, statistics.median([timing.low for timing in timings]))
    return Reading(
        value, low, max(high, value), Known.MEASURED, n=len(values), floor=floor, note=_said(runs, whole=whole)
    )


def _said(runs: Sequence[Run], *, whole: bool) -> str:
    calls = sum(run.inference.count for run in runs)
    many = "runs" if len(runs) > 1 else "run"
    counted = f" of {calls} calls in all" if calls else ""
    about = f"{len(runs)} {many}{counted}, each known by its {'median' if whole else 'mean'}"
    if any(run.inference.fastest is None for run in runs):
        return f"{about}; how far calls lay apart was not told"
    return about if len(runs) >= ENOUGH else f"{about}; the interval is where calls lay"


def memory(runs: Sequence[Run]) -> Reading | None:
    """Return the tool's peak memory, None where no run watched it."""
    peaks = [run.peak_bytes for run in runs if run.peak_bytes]
    if not peaks:
        return None
    note = f"of {runs[0].tool}'s own process: runtime and model, without Python and a front end"
    return Reading(statistics.median(peaks), min(peaks), max(peaks), Known.MEASURED, n=len(peaks), note=note)


def measurement(runs: Sequence[Run], device: str) -> Measurement:
    """Return what runs told, as a measurement on a device.

    Args:
        runs: At least one, all of one model.
        device: What it is to be called.
    """
    peak = memory(runs)
    first = runs[0]
    unwatched = Missing("peak memory was not watched", "run it with --report_peak_memory_footprint=true")
    subject = {"graph": first.graph, "threads": first.threads, "runtime": first.tool}
    said = [*(str(one) for run in runs for one in run.taken), *(note for run in runs for note in run.notes)]
    return Measurement(
        device,
        {"tool": first.tool},
        {key: value for key, value in subject.items() if value not in {None, ""}},
        {INFERENCE: inference(runs)} | ({} if peak is None else {MEMORY: peak}),
        {MEMORY: unwatched} if peak is None else {},
        notes=(ALONE, *dict.fromkeys(said)),
    )
