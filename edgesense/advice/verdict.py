"""The guide's targets, held against what a device said: pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgesense.advice.records import Mark, Target, Tick
from edgesense.perf import judge, metrics, units
from edgesense.perf.records import Known, Measurement, Missing, Reading
from edgesense.perf.verdicts import Outcome


@dataclass(frozen=True)
class Wanted:
    """A target of the guide.

    Attributes:
        limit: The limit's name.
        text: In words.
        bound: In the limit's own unit.
    """

    limit: str
    text: str
    bound: float


GUIDE = (
    Wanted("features_ms", "feature extraction under 50 ms", 50),
    Wanted("inference_ms", "inference under 50 ms", 50),
    Wanted("size_kb", "size under 500 KiB (at most 1 MiB)", 500),
    Wanted("acc", "accuracy over 0.85", 0.85),
    Wanted("rss_mb", "memory under 100 MiB", 100),
    Wanted("battery_h", "battery for over 8 h", 8),
)
MOST_SIZE_KB = 1024.0
MARKS = {Outcome.MET: Mark.MET, Outcome.OVER: Mark.NOT_MET, Outcome.INCONCLUSIVE: Mark.UNKNOWN}


def size(shipped_bytes: int) -> Reading:
    """Return the size of what ships as a reading; it needs no device."""
    return Reading(shipped_bytes, shipped_bytes, shipped_bytes, Known.EXACT)


def targets(measured: Measurement | None, shipped_bytes: int, missing: Mapping[str, str]) -> tuple[Target, ...]:
    """Hold what was found against each target.

    Args:
        measured: What the device said; None where nothing was asked.
        shipped_bytes: The size of all files that ship.
        missing: Limit -> why nothing was asked of it.
    """
    readings = dict(measured.readings) if measured is not None else {}
    readings["size_kb"] = size(shipped_bytes)
    absent = dict(measured.missing) if measured is not None else {}
    device = measured.device if measured is not None else ""
    found = []
    for one in GUIDE:
        metric = metrics.find(one.limit)
        bound, reading = metric.unit.to_base(one.bound), readings.get(one.limit)
        if reading is None:
            found.append(Target(one.limit, one.text, bound, None, Tick(Mark.UNKNOWN, _why(one.limit, absent, missing))))
            continue
        outcome, why, _ = judge.hold(metric, reading, bound)
        mark = MARKS[outcome]
        if one.limit == "size_kb" and mark is Mark.NOT_MET and reading.value <= metric.unit.to_base(MOST_SIZE_KB):
            why = f"{why}, and within 1 MiB"
        found.append(Target(one.limit, one.text, bound, reading, Tick(mark, why or known(reading, device))))
    return tuple(found)


def _why(limit: str, absent: Mapping[str, Missing], missing: Mapping[str, str]) -> str:
    if limit in absent:
        return f"{absent[limit].reason} {absent[limit].remedy}".strip()
    return missing.get(limit, "it was not asked")


def known(reading: Reading, device: str) -> str:
    """Return how a number is known, in words."""
    if reading.known is Known.STAND_IN:
        return f"this computer's, standing in for {device}"
    where = f" on {device}" if device and reading.known is not Known.EXACT else ""
    clips = f", {reading.n} clips" if reading.labelled is not None else ""
    return f"{reading.known.value}{where}{clips}"


def ticked(target: Target) -> Tick:
    """Return what stands in a target's box: its number, and how that is known."""
    if target.reading is None or target.tick.mark is not Mark.MET:
        return target.tick
    return Tick(Mark.MET, f"{shown(target.reading, target.limit)}, {target.tick.why}")


def missed(found: tuple[Target, ...]) -> frozenset[str]:
    """Return the limits whose target is not met, and those that follow from the same work."""
    work = {"features_ms", "inference_ms", "battery_h"}
    broken = {one.limit for one in found if one.tick.mark is Mark.NOT_MET}
    return frozenset(broken | ({"instructions_m", "latency_ms"} if broken & work else set()))


def shown(reading: Reading, limit: str) -> str:
    """Return a reading as people see it, with its interval where it has one."""
    unit = metrics.find(limit).unit
    text, spread = units.text(reading.value, unit), units.interval(reading.low, reading.high, unit)
    return text if spread == text else f"{text} ({spread})"
