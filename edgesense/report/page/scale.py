"""Where numbers lie on an axis, and what is written beside it; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgesense.perf import units

LIMIT_AT = 0.7
"""Where every gauge has its limit, so that a column of them is read at a glance."""
MANY = 10
"""From so many times the limit on, it is said in times."""
TIMES_AT_MOST = 999
LARGEST = 1e15
"""What is larger is no number of a budget, and an axis of it would show nothing."""
SMALLEST = 1e-30
"""What is smaller is nothing."""
NEAREST = 1e-9
"""Numbers that are nearer to one another, as a share of the largest, lie in one place."""


def drawable(numbers: Sequence[float]) -> bool:
    """Return whether all of some numbers can lie on an axis: a record may hold what no measurement gave."""
    return sum(map(abs, numbers)) <= LARGEST


@dataclass(frozen=True)
class Gauge:
    """A number against its limit, as shares of the gauge's width.

    Attributes:
        value: Where the number is.
        low: Where its interval begins.
        high: Where it ends.
        before: Where the baseline was; None without one.
        beyond: Whether the number lies off the gauge's end.
        least: Whether the limit is the least that is wanted, and not the most.
    """

    value: float
    low: float
    high: float
    before: float | None
    beyond: bool
    least: bool


def gauge(
    value: float, bound: float, *, low: float, high: float, before: float | None = None, least: bool = False
) -> Gauge | None:
    """Return a number's place on a gauge; None where a limit of nothing, or less, makes it meaningless."""
    if not bound > 0 or not drawable((value, bound)):
        return None

    def at(number: float) -> float:
        return min(1.0, max(0.0, LIMIT_AT * number / bound))

    return Gauge(
        at(value), at(low), at(high), None if before is None else at(before), LIMIT_AT * value / bound > 1, least
    )


@dataclass(frozen=True)
class Axis:
    """A linear axis.

    Attributes:
        low: The number at its beginning.
        high: At its end; larger than `low`.
        start: The place of its beginning.
        end: Of its end.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, number: float) -> float:
        """Return a number's place, the axis's end for what lies beyond."""
        inside = min(self.high, max(self.low, number))
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)

    def places(self, numbers: Sequence[float]) -> list[float]:
        """Return the places of many numbers that lie on the axis."""
        start, low, factor = self.start, self.low, (self.end - self.start) / (self.high - self.low)
        return [start + (number - low) * factor for number in numbers]


def axis(numbers: Sequence[float], start: float, end: float, *, margin: float = 0.06) -> Axis:
    """Return an axis that shows all of some numbers, with a margin; a single one is in its middle."""
    low, high = min(numbers), max(numbers)
    largest = max(abs(low), abs(high))
    if largest < SMALLEST:
        return Axis(-1.0, 1.0, start, end)
    room = (high - low) * margin if high - low > largest * NEAREST else largest * 0.05
    return Axis(low - room, high + room, start, end)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers between two, 1, 2 or 5 times a power of ten apart."""
    if not high > low:
        return [low]
    raw = (high - low) / max(1, most)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]


def plain(number: float) -> str:
    """Return a number for an axis: no more digits than it needs."""
    return f"{number:.6g}" if abs(number) < 1e6 else f"{number:.3g}"


def coordinate(place: float) -> str:
    """Return a place as SVG takes it, to a tenth."""
    return f"{place:.1f}".removesuffix(".0")


def used(share: float) -> str:
    """Return how much of a limit is used, short enough for its column: ``68 %``, ``152×``."""
    if share < MANY:
        return units.share(share)
    return f"{share:.0f}×" if share <= TIMES_AT_MOST else f"> {TIMES_AT_MOST}×"
