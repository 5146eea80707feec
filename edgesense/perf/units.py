"""Units: inside, every number is in a base unit; here it becomes the text and the numbers people see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit of a limit.

    Attributes:
        symbol: What is printed behind the number.
        base: The unit that numbers have inside ("s", "B", "J", "1", "instructions").
        scale: How many base units one of this unit is.
    """

    symbol: str
    base: str
    scale: float

    def from_base(self, value: float) -> float:
        """Return a value of base units in this unit."""
        return value / self.scale

    def to_base(self, value: float) -> float:
        """Return a value of this unit in base units."""
        return value * self.scale


MILLISECOND = Unit("ms", "s", 1e-3)
KIBIBYTE = Unit("KiB", "B", 1024.0)
MEBIBYTE = Unit("MiB", "B", 1024.0**2)
MILLION = Unit("M", "instructions", 1e6)
MILLION_MACS = Unit("M", "multiply-accumulates", 1e6)
MILLIJOULE = Unit("mJ", "J", 1e-3)
HOUR = Unit("h", "s", 3600.0)
RATIO = Unit("", "1", 1.0)

REPEATABLE = 17
"""Digits after which two doubles that print alike are equal (IEEE 754)."""


def number(value: float, unit: Unit, *, digits: int = 3) -> str:
    """Return a base-unit value as text in `unit`, without the symbol."""
    shown = unit.from_base(value)
    if unit is RATIO:
        return f"{shown:.{digits + 1}f}"
    magnitude = abs(shown)
    if magnitude == 0:
        return "0"
    places = max(0, digits - 1)
    while magnitude >= 10 and places > 0:
        magnitude /= 10
        places -= 1
    return f"{shown:.{places}f}" if abs(shown) >= 1 else f"{shown:.{digits}g}"


def text(value: float, unit: Unit, *, digits: int = 3) -> str:
    """Return a base-unit value as text with its symbol, such as ``34.2 ms``."""
    shown = number(value, unit, digits=digits)
    return f"{shown} {unit.symbol}" if unit.symbol else shown


def interval(low: float, high: float, unit: Unit) -> str:
    """Return ``12.1-15.6 ms``; one number where both ends print alike."""
    first, second = number(low, unit), number(high, unit)
    body = first if first == second else f"{first}–{second}"
    return f"{body} {unit.symbol}" if unit.symbol else body


def distinct(first: float, second: float, unit: Unit, *, at_least: int = 3) -> tuple[str, str]:
    """Return both values with enough digits, but `at_least` so many, that unequal values print differently."""
    for digits in range(at_least, REPEATABLE + 1):
        pair = text(first, unit, digits=digits), text(second, unit, digits=digits)
        if pair[0] != pair[1] or first == second:
            return pair
    # Apart by less than the unit's scaling keeps: the base units tell them apart.
    return f"{first!r} {unit.base}", f"{second!r} {unit.base}"


def plural(count: int, noun: str) -> str:
    """Return a number of things as ``1 run``, ``2 runs``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def arrow(before: str, now: str) -> str:
    """Return two texts of one unit as ``1.667 -> 1.751 ms``."""
    number, _, symbol = before.rpartition(" ")
    return f"{number} -> {now}" if number and now.endswith(f" {symbol}") else f"{before} -> {now}"


def percent(share: float, *, beside: float | None = None, at_least: int = 1, symbol: str = "%") -> str:
    """Return a share as ``+1.3 %``, with enough decimals that its size prints unlike that of `beside`."""
    for decimals in range(at_least, REPEATABLE):
        shown = f"{share * 100:+.{decimals}f}"
        if beside is None or abs(share) == abs(beside) or shown[1:] != f"{abs(beside) * 100:.{decimals}f}":
            return f"{shown} {symbol}"
    return f"{share * 100:+} {symbol}"


def share(value: float, *, decimals: int = 0) -> str:
    """Return a part of a whole as ``57 %``."""
    return f"{value * 100:.{decimals}f} %"


def change(now: float, before: float, *, absolute: bool = False, beside: float | None = None) -> str:
    """Return the change as ``+1.30 %``, or as ``-0.40 pp`` for shares (`absolute`); in digits unlike `beside`."""
    if absolute:
        return percent(now - before, beside=beside, at_least=2, symbol="pp")
    if before == 0:
        return "±0 %" if now == 0 else "from 0"
    return percent(now / before - 1, beside=beside, at_least=2)
