"""Time per call: end to end, by stage, and its upper percentiles."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from edgesense.errors import NotMeasured
from edgesense.perf import statistics
from edgesense.perf.metrics._base import SampledMetric, joined
from edgesense.perf.records import Known, Reading, Report
from edgesense.perf.units import MILLISECOND

PROBE = f"{__name__}:probe"
SETTLE_SECONDS = 0.5
SETTLE_AT_MOST_SECONDS = 5.0
SETTLE_BLOCK = 10
CALLS_AT_LEAST = 64
CALLS_AT_MOST = 200_000


def probe(
    workload: Any, options: Mapping[str, Any], *, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Any]:
    """Time calls of a workload, one by one and stage by stage, until the answer is clear.

    Args:
        workload: An open `Workload`.
        options: ``seconds`` to go on for, ``patience_seconds`` at the most while a bound is in doubt,
            ``bounds`` (metric -> seconds), or ``calls`` for an exact number of calls.
        clock: Seconds from any origin.

    Returns:
        Series ``calls`` in seconds, and one for each stage, each value one call.
    """
    item = workload.example()
    stages: Mapping[str, Callable[[Any], Any]] = getattr(workload, "stages", None) or {}
    warm = len(warm_up(partial(workload.run, item), clock))
    seconds, patience = options.get("seconds", 2.0), options.get("patience_seconds", 10.0)
    exactly = options.get("calls")
    bounds = {name: bound for name, bound in options.get("bounds", {}).items() if name.endswith("_ms")}
    calls: list[float] = []
    by_stage: dict[str, list[float]] = {name: [] for name in stages}
    gc.collect()
    gc.disable()
    began = clock()
    while True:
        # End-to-end calls run as they ship; a stage's time comes from calls of its own, in turn with them.
        start = clock()
        workload.run(item)
        calls.append(clock() - start)
        value = item
        for name, stage in stages.items():
            start = clock()
            value = stage(value)
            by_stage[name].append(clock() - start)
        spent = clock() - began
        if exactly is not None:
            if len(calls) >= exactly:
                break
        elif len(calls) >= CALLS_AT_MOST or (len(calls) >= _enough(bounds) and spent >= seconds):
            if spent >= patience or len(calls) >= CALLS_AT_MOST or _clear(calls, by_stage, bounds):
                break
            seconds = min(patience, spent * 1.5)
    gc.enable()
    series = {"calls": {"unit": "s", "values": calls}}
    series |= {f"calls.{name}": {"unit": "s", "values": values} for name, values in by_stage.items()}
    return {"series": series, "facts": {"warm_up_calls": warm}}


def warm_up(
    call: Callable[[], object], clock: Callable[[], float], at_least_seconds: float = SETTLE_SECONDS
) -> list[float]:
    """Call until two blocks of calls take equally long, or patience ends; return the seconds of each call."""
    calls: list[float] = []
    began = clock()
    while True:
        start = clock()
        call()
        now = clock()
        calls.append(now - start)
        if now - began >= SETTLE_AT_MOST_SECONDS:
            return calls
        if now - began >= at_least_seconds and statistics.settled(calls, block=SETTLE_BLOCK):
            return calls


def _enough(bounds: Mapping[str, float]) -> int:
    wanted = [CALLS_AT_LEAST]
    wanted += [2 * statistics.fewest_calls(share) for name, share in PERCENTILES.items() if name in bounds]
    return max(wanted)


def _clear(calls: Sequence[float], by_stage: Mapping[str, Sequence[float]], bounds: Mapping[str, float]) -> bool:
    for name, bound in bounds.items():
        if name in PERCENTILES:
            limit = statistics.percentile_bound(calls, PERCENTILES[name])
            low = statistics.quantile_interval(calls, PERCENTILES[name])[0]
            if limit is None or low <= bound < limit:
                return False
            continue
        values = calls if name == "latency_ms" else by_stage.get(name.removesuffix("_ms"), ())
        if not values:
            continue
        if statistics.quantile(values, 0.1) <= bound < statistics.quantile_interval(values, 0.5)[1]:
            return False
    return True


def _median(series: str, reports: Sequence[Report], known: Known) -> Reading:
    values = joined(reports, series)
    low, high = statistics.quantile_interval(values, 0.5)
    return Reading(
        statistics.median(values),
        low,
        high,
        known,
        n=len(values),
        floor=min(low, statistics.quantile(values, 0.1)),
        spread=statistics.sketch(values),
    )


def _percentile(share: float, reports: Sequence[Report], known: Known) -> Reading:
    values = joined(reports, "calls")
    bound = statistics.percentile_bound(values, share)
    if bound is None:
        needed = statistics.fewest_calls(share)
        msg = f"p{share * 100:.0f} needs at least {needed} calls for 99 % confidence; there are {len(values)}"
        raise NotMeasured(msg)
    low, _ = statistics.quantile_interval(values, share)
    note = "upper bound at 99 % confidence"
    return Reading(bound, low, bound, known, n=len(values), floor=low, note=note, spread=statistics.sketch(values))


PERCENTILES = {"latency_p90_ms": 0.9, "latency_p99_ms": 0.99}

METRICS = (
    *(
        SampledMetric(name, MILLISECOND, PROBE, partial(_median, series), judged="interval", gated=series)
        for name, series in (
            ("latency_ms", "calls"),
            ("features_ms", "calls.features"),
            ("inference_ms", "calls.inference"),
        )
    ),
    *(
        SampledMetric(name, MILLISECOND, PROBE, partial(_percentile, share), judged="interval")
        for name, share in PERCENTILES.items()
    ),
)
