"""The time of a test's own function, as pytest-benchmark's fixture `benchmark` took it; it is not imported here."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from edgesense.errors import BudgetError, NotMeasured
from edgesense.perf import metrics, statistics
from edgesense.perf.interfaces import Device
from edgesense.perf.metrics.latency import PERCENTILES
from edgesense.perf.records import Known, Measurement, Missing, Paired, Reading, Report, Series
from pytest_edgesense.measurement import Found

FIXTURE = "benchmark"
PACKAGE = "pytest_benchmark"
HOST = "host"
SUBJECT = "the function that the test times"
MEDIAN = "latency_ms"
LIMITS = frozenset({MEDIAN, *PERCENTILES})
"""What calls of a function can tell; the others are a pipeline's."""
WALL_CLOCKS = (time.perf_counter, time.monotonic, time.time)
NEVER = "times are compared with a baseline that runs beside them, which a test's own function has not"

ROUNDS: pytest.StashKey[Rounds] = pytest.StashKey()


@dataclass(frozen=True)
class Rounds:
    """What was timed of a function.

    Attributes:
        seconds: Of one call each; where a round has several calls, their mean.
        calls: How many calls a round has, the most of any.
        clock: The timer's name.
        wall: Whether that is a clock on the wall.
    """

    seconds: tuple[float, ...]
    calls: int = 1
    clock: str = "perf_counter"
    wall: bool = True

    def after(self, earlier: Rounds | None) -> Rounds:
        """Return these rounds and those of the same test before it was run again: no other try, more evidence."""
        if earlier is None or earlier.clock != self.clock:
            return self
        return Rounds(earlier.seconds + self.seconds, max(earlier.calls, self.calls), self.clock, self.wall)


def asks(item: pytest.Item) -> bool:
    """Return whether a test asks for pytest-benchmark's fixture; other plugins have one of that name too."""
    if FIXTURE not in getattr(item, "fixturenames", ()):
        return False
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}).get(FIXTURE, ())
    # Where it is not installed, pytest itself says so when the test is set up.
    return not known or any(one.func.__module__.partition(".")[0] == PACKAGE for one in known)


def check(bounds: Iterable[str], device: Device) -> None:
    """Refuse limits that no function has, and devices that it does not run on.

    Args:
        bounds: The limits that there are for the device.
        device: Where they are to be judged.

    Raises:
        BudgetError: If so.
    """
    foreign = sorted(set(bounds) - LIMITS)
    if foreign:
        msg = (
            f"the fixture {FIXTURE} times a function, which has no {', '.join(foreign)}: allowed: "
            f"{', '.join(sorted(LIMITS))}; to judge a pipeline give pipeline="
        )
        raise BudgetError(msg)
    names = sorted(bounds)
    if names and device.name != HOST:
        limits = ", ".join(f'{name}={{"{HOST}": ...}}' for name in names)
        msg = (
            f"a function that the fixture {FIXTURE} times runs on this computer, not on {device.name}: give "
            f"{limits} to judge it here alone, or pipeline= to judge a pipeline there"
        )
        raise BudgetError(msg)


def find(item: pytest.Item, bounds: Iterable[str], device: Device) -> Found:
    """Return what was timed while a test's body ran.

    Args:
        item: The test.
        bounds: The limits that are to be judged.
        device: This computer.
    """
    names = sorted(bounds)
    if not names:
        return Found(Measurement(device.name, {}, {}, {}))
    fixture = getattr(item, "funcargs", {}).get(FIXTURE)
    if fixture is None:
        return Found(error=NotMeasured(f"the fixture {FIXTURE} is not there"))
    if fixture.disabled:
        missing = _disabled(item)
        return Found(Measurement(device.name, device.fingerprint(), {}, {}, dict.fromkeys(names, missing)))
    if fixture.has_error:
        return Found(error=NotMeasured(f"the function that {FIXTURE} was to time failed"))
    if not fixture.stats:
        return Found(error=NotMeasured(f"the test did not call its fixture {FIXTURE}: call {FIXTURE}(function)"))
    rounds = _rounds(fixture.stats).after(item.stash.get(ROUNDS, None))
    return Found(measurement(rounds, names, device), seconds=sum(rounds.seconds) * rounds.calls)


def keep(item: pytest.Item) -> None:
    """Remember what a test timed that is about to be run again."""
    fixture = getattr(item, "funcargs", {}).get(FIXTURE)
    if fixture is not None and fixture.stats and not fixture.has_error:
        item.stash[ROUNDS] = _rounds(fixture.stats).after(item.stash.get(ROUNDS, None))


def _rounds(stats: Any) -> Rounds:
    timer = stats.options["timer"]
    return Rounds(
        tuple(stats.stats.data), stats.iterations, getattr(timer, "__name__", str(timer)), timer in WALL_CLOCKS
    )


def _disabled(item: pytest.Item) -> Missing:
    if hasattr(item.config, "workerinput"):
        return Missing("pytest-benchmark times nothing on workers of pytest-xdist", "run it without them: pytest -n0")
    return Missing("pytest-benchmark is disabled in this run", "run it without --benchmark-disable")


def measurement(rounds: Rounds, names: Sequence[str], device: Device) -> Measurement:
    """Return the measurement that timed rounds make.

    Args:
        rounds: What was timed.
        names: The limits that are wanted, of `LIMITS`.
        device: This computer.
    """
    report = Report(series={"calls": Series("s", rounds.seconds)})
    readings: dict[str, Reading] = {}
    missing: dict[str, Missing] = {}
    for name in names:
        lack = _lack(name, rounds)
        if lack is None:
            reading = metrics.find(name).reduce([report], Known.MEASURED)
            readings[name] = _noted(reading, rounds)
        else:
            missing[name] = lack
    subject = {"timed by": "pytest-benchmark", "clock": rounds.clock, "calls a round": rounds.calls}
    paired = dict.fromkeys(readings, Paired(never=NEVER))
    return Measurement(device.name, device.fingerprint(), subject, readings, missing, paired=paired)


def _lack(name: str, rounds: Rounds) -> Missing | None:
    """Return why rounds do not tell a number, None where they do."""
    if not rounds.wall:
        reason = f"timed with {rounds.clock}, which is no clock on the wall"
        return Missing(reason, "leave --benchmark-timer and the mark's timer out, or give time.perf_counter")
    if name != MEDIAN and rounds.calls > 1:
        reason = f"a percentile of calls cannot be told from rounds of {rounds.calls} calls each"
        return Missing(reason, f"time each call: {FIXTURE}.pedantic(function, rounds=..., iterations=1)")
    wanted = statistics.fewest_calls(PERCENTILES.get(name, 0.5))
    count = len(rounds.seconds)
    if count < wanted:
        reason = f"{name} needs at least {wanted} rounds for 99 % confidence; there are {count}"
        return Missing(reason, f"give --benchmark-min-rounds={wanted}, or {FIXTURE}.pedantic(..., rounds={wanted})")
    return None


def _noted(reading: Reading, rounds: Rounds) -> Reading:
    each = f" of {rounds.calls} calls each" if rounds.calls > 1 else ""
    note = f"{len(rounds.seconds)} rounds{each}, timed by pytest-benchmark in pytest's own process"
    return replace(reading, note="; ".join(part for part in (reading.note, note) if part))
