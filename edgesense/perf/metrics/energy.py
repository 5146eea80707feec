"""Energy of one inference by a power meter, and how long a battery lasts with one inference a hop.

Where a device has no meter, it predicts both from its profile's watts (`edgesense.perf.energy`).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from edgesense.errors import NotMeasured
from edgesense.perf import energy, meters, statistics
from edgesense.perf.metrics import latency
from edgesense.perf.metrics._base import SampledMetric, joined, rhythm
from edgesense.perf.records import Known, Reading, Report
from edgesense.perf.units import HOUR, MILLIJOULE

PROBE = f"{__name__}:probe"
REST_SECONDS = 2.0
BLOCKS = 5
BLOCK_SECONDS = 1.0
"""A gauge is asked five to twenty times in it; RAPL's counter moves every millisecond."""


def probe(
    workload: Any,
    options: Mapping[str, Any],
    *,
    find: Callable[[Path], meters.Meter] = meters.find,
    clock: Callable[[], float] = time.perf_counter,
    rest: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Read a meter around rest, and around blocks of calls that are long enough for it.

    Args:
        workload: An open `Workload`; with ``hop_seconds``, how often it runs.
        options: ``battery_wh``: low, typical, high of the device's battery; ``meters``: where ``sys`` and ``proc`` are.
        find: Gives the meter.
        clock: Seconds from any origin.
        rest: Waits so many seconds.

    Returns:
        Series ``energy`` (joules a call), ``watts`` and ``seconds`` (a call), each value one block, and
        ``idle_watts``; or the fact ``unmetered`` with the reason.
    """
    facts: dict[str, Any] = rhythm(workload) | {key: options[key] for key in ("battery_wh",) if key in options}
    try:
        meter = find(Path(options.get("meters", "/")))
        facts |= {"meter": meter.name, "covers": meter.covers}
        item = workload.example()
        with meters.watched(meter):
            latency.warm_up(partial(workload.run, item), clock)
            gc.collect()
            idle = _spent(meter, clock, partial(rest, REST_SECONDS))
            gc.disable()
            blocks = [_block(meter, clock, partial(workload.run, item)) for _ in range(BLOCKS)]
    except NotMeasured as error:
        return {"series": {}, "facts": facts | {"unmetered": str(error)}}
    finally:
        gc.enable()
    series = {
        "energy": {"unit": "J", "values": [joules / calls for joules, _, calls in blocks]},
        "watts": {"unit": "W", "values": [joules / seconds for joules, seconds, _ in blocks]},
        "seconds": {"unit": "s", "values": [seconds / calls for _, seconds, calls in blocks]},
        "idle_watts": {"unit": "W", "values": [idle[0] / idle[1]]},
    }
    return {"series": series, "facts": facts | {"calls": sum(calls for _, _, calls in blocks)}}


def _spent(meter: meters.Meter, clock: Callable[[], float], work: Callable[[], object]) -> tuple[float, float]:
    """Return joules and seconds of some work."""
    began, before = clock(), meter.joules()
    work()
    return meter.joules() - before, clock() - began


def _block(meter: meters.Meter, clock: Callable[[], float], call: Callable[[], object]) -> tuple[float, float, int]:
    """Return joules, seconds and number of the calls of one block."""
    calls = 0

    def work() -> None:
        nonlocal calls
        began = clock()
        while calls == 0 or clock() - began < BLOCK_SECONDS:
            call()
            calls += 1

    return *_spent(meter, clock, work), calls


def _metered(reports: Sequence[Report]) -> tuple[energy.Range, energy.Power, Mapping[str, Any]]:
    """Return seconds a call, what the meter saw, and the facts.

    Raises:
        NotMeasured: If there is no meter, or it did not move.
    """
    facts = next((report.facts for report in reports), {})
    if "unmetered" in facts:
        raise NotMeasured(facts["unmetered"])
    watts, idle = _range(joined(reports, "watts")), statistics.median(joined(reports, "idle_watts"))
    if watts[0] <= 0:
        raise NotMeasured(f"{facts['meter']} did not move in a block of {BLOCK_SECONDS:g} s")
    # A device cannot be at rest for more than it takes at work; what differs then is the meter's noise.
    resting = min(idle, watts[1])
    basis = f"meter: {facts['meter']}, of {facts['covers']}"
    return _range(joined(reports, "seconds")), energy.Power((resting, resting, resting), watts, basis), facts


def _range(values: Sequence[float]) -> energy.Range:
    return min(values), statistics.median(values), max(values)


def _energy(reports: Sequence[Report], known: Known) -> Reading:
    seconds, power, facts = _metered(reports)
    low, value, high = _range(joined(reports, "energy"))
    idle = min(value, power.idle[1] * seconds[1])
    note = f"{idle / value:.0%} of it is taken at rest too; {power.basis}"
    return Reading(value, low, high, known, n=facts["calls"], parts={"at rest": idle, "work": value - idle}, note=note)


def _battery(reports: Sequence[Report], known: Known) -> Reading:
    seconds, power, facts = _metered(reports)
    if "battery_wh" not in facts:
        raise NotMeasured("nothing says what battery the device has: name a profile with battery_wh")
    if "hop_seconds" not in facts:
        raise NotMeasured(energy.WITHOUT_RHYTHM)
    low, typical, high = facts["battery_wh"]
    return energy.on_battery(energy.Rhythm(seconds, facts["hop_seconds"]), power, (low, typical, high), known)


METRICS = (
    SampledMetric(energy.ENERGY, MILLIJOULE, PROBE, _energy, judged="interval"),
    SampledMetric(energy.BATTERY, HOUR, PROBE, _battery, lower_is_better=False, judged="interval"),
)
