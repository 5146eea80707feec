"""Time on a board from counted instructions: an interval of cycles per instruction, fitted on published times.

For each core and kind of kernel the cycles per instruction of published one-thread times scatter around a
typical value; a new model's are predicted with Student's t on their logarithms, as if it were one more of them.
Where nothing comparable is published the interval is an assumption, and says so.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from edgesense.perf.devices.emulation.profiles import Profile
from edgesense.perf.records import Known, Reading

FILE = Path(__file__).parent.with_name("published.toml")

NUMPY = "numpy"
WIDENED = {"float16": "float32"}
KERNELS = ("float32", "int8")
FEATURES = "features"

T_95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753)
"""Student's t, 95th percentile for 1, 2, 3 ... degrees of freedom (two-sided 90 %)."""

T_95_MANY = 1.70
SPREAD_AT_LEAST = 0.15
"""On a log scale. The published models are large convolutional ones and alike; a small or recurrent one may be
farther from them than they are from each other, so no fit claims less."""


@dataclass(frozen=True)
class Published:
    """One published time and the instructions counted for the same architecture here.

    Attributes:
        model: The architecture.
        family: What it has in common with others; a fit is tried on families it has not seen.
        dtype: Of its weights and activations.
        core: The CPU core's key.
        clock_hz: The board's clock.
        seconds: One inference on one thread.
        instructions: Of one inference, counted under emulation of that core.
        source: Where the time was published.
    """

    model: str
    family: str
    dtype: str
    core: str
    clock_hz: float
    seconds: float
    instructions: float
    source: str

    @property
    def cycles_per_instruction(self) -> float:
        """What this time says."""
        return self.seconds * self.clock_hz / self.instructions


@dataclass(frozen=True)
class Interval:
    """What nine of ten are expected within.

    Attributes:
        low: Lower end.
        typical: The middle.
        high: Upper end.
        basis: What it rests on, in words.
    """

    low: float
    typical: float
    high: float
    basis: str

    @property
    def ratio(self) -> float:
        """High over low."""
        return self.high / self.low


class Cycles(Interval):
    """Cycles per instruction."""


class Pace(Interval):
    """Seconds per instruction."""


class Own(Protocol):
    """What is known of a board of one's own."""

    def pace(self, kind: str) -> Pace | None:
        """Return the interval for a kind; None where none was timed."""


@lru_cache(maxsize=1)
def _document() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def published() -> tuple[Published, ...]:
    """Return the published times, those of several threads turned into one thread's by their stated factor."""
    document = _document()
    found = []
    for entry in document["time"]:
        source = document["source"][entry["source"]]
        found.append(
            Published(
                model=entry["model"],
                family=entry["family"],
                dtype=entry["dtype"],
                core=entry["core"],
                clock_hz=source["clock_ghz"] * 1e9,
                seconds=entry["ms"] / 1e3 * entry.get("one_thread_factor", 1.0),
                instructions=entry["instructions"],
                source=source["title"],
            )
        )
    return tuple(found)


def fit(points: Sequence[Published]) -> Cycles:
    """Return the interval in which nine of ten models like `points` are expected.

    Args:
        points: Two or more of one core and one kind.
    """
    middle, reach = expected([math.log(point.cycles_per_instruction) for point in points])
    basis = f"{len(points)} published times"
    return Cycles(math.exp(middle - reach), math.exp(middle), math.exp(middle + reach), basis)


def expected(logs: Sequence[float]) -> tuple[float, float]:
    """Return the middle of logarithms, and how far from it nine of ten more like them are expected.

    One alone says nothing of how far others are: they are then taken to scatter as little as any may.
    """
    n = len(logs)
    middle = math.fsum(logs) / n
    if n == 1:
        return middle, T_95_MANY * SPREAD_AT_LEAST * math.sqrt(2)
    spread = math.sqrt(math.fsum((value - middle) ** 2 for value in logs) / (n - 1))
    t = T_95[n - 2] if n - 2 < len(T_95) else T_95_MANY
    return middle, t * max(spread, SPREAD_AT_LEAST) * math.sqrt(1 + 1 / n)


@lru_cache
def cycles(core: str, kind: str) -> Cycles:
    """Return cycles per instruction of a core in ``numpy``, ``float32`` or ``int8`` code.

    Weights in ``float16`` are widened when a model is loaded: its code is float32's. Any other kind is what spans
    float32 and int8.
    """
    kind = WIDENED.get(kind, kind)
    assumed = _document()["assumed"].get(kind, {}).get(core)
    if assumed:
        low, typical, high = assumed["cycles_per_instruction"]
        return Cycles(low, typical, high, f"assumed: {assumed['why']}")
    if kind not in KERNELS:
        return spanning([cycles(core, name) for name in KERNELS])
    return fit([point for point in published() if (point.core, point.dtype) == (core, kind)])


def spanning(intervals: Iterable[Cycles]) -> Cycles:
    """Return the interval that holds all of `intervals`."""
    every = list(intervals)
    return Cycles(
        low=min(one.low for one in every),
        typical=math.exp(math.fsum(math.log(one.typical) for one in every) / len(every)),
        high=max(one.high for one in every),
        basis="spans " + "; ".join(dict.fromkeys(one.basis for one in every)),
    )


def pace(profile: Profile, kind: str, own: Own | None = None) -> Pace:
    """Return seconds per instruction: of published times and the clock, or of one's own board where that is narrower.

    Args:
        profile: The board.
        kind: As `cycles` has it.
        own: What is known of a board of one's own.
    """
    slow, usual, fast = profile.clock_hz
    one = cycles(profile.core, kind)
    general = Pace(one.low / fast, one.typical / usual, one.high / slow, one.basis)
    mine = own.pace(kind) if own is not None else None
    return mine if mine is not None and mine.ratio < general.ratio else general


def predict(count: Reading, *, dtype: str, profile: Profile, own: Own | None = None) -> dict[str, Reading]:
    """Return the time end to end, under "", and of each stage.

    Args:
        count: Instructions, `parts` by stage.
        dtype: Of the model: ``float32``, ``int8``, or anything else for a mixture.
        profile: The board.
        own: What is known of a board of one's own.

    Returns:
        Readings in seconds. Ends are added up, as if all stages erred the same way.
    """
    kinds = {stage: NUMPY if stage == FEATURES else dtype for stage in count.parts}
    shares = {stage: (count.parts[stage], pace(profile, kind, own)) for stage, kind in kinds.items()}
    rest = max(0.0, count.value - math.fsum(count.parts.values()))
    # Without stages it is all the model's; with them what is left over is Python between them.
    other = pace(profile, NUMPY if count.parts else dtype, own)
    times = {stage: _reading([share]) for stage, share in shares.items()}
    return {"": _reading([*shares.values(), (rest, other)]), **times}


def _reading(shares: Sequence[tuple[float, Pace]]) -> Reading:
    low, value, high = (
        math.fsum(count * end for count, end in ends)
        for ends in (
            [(count, one.low) for count, one in shares],
            [(count, one.typical) for count, one in shares],
            [(count, one.high) for count, one in shares],
        )
    )
    basis = ", ".join(dict.fromkeys(one.basis for count, one in shares if count > 0))
    return Reading(value, low, high, Known.PREDICTED, note=f"cycles per instruction: {basis}")
