"""What grew between two runs: parts by name, before and now, the largest growth first; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgesense.perf.units import Unit

TELLING = 0.02
"""A growth below this share of the whole is not worth a line of a failure's text."""
OF_ITSELF = 0.15
"""Nor is one that is this little of what the part was: a busy computer makes everything grow alike."""


@dataclass(frozen=True)
class Part:
    """One part of a whole.

    Attributes:
        name: What it is.
        now: Its amount, in base units.
        before: The same of the baseline; None where that was not run.
    """

    name: str
    now: float
    before: float | None = None

    @property
    def growth(self) -> float:
        """How much more it is now; all of it where there is nothing to compare with."""
        return self.now - (self.before or 0.0)


def compare(now: Mapping[str, float], before: Mapping[str, float] | None) -> list[Part]:
    """Return all parts of two runs, the one that grew most first; of one run, the largest first."""
    if before is None:
        return sorted((Part(name, amount) for name, amount in now.items()), key=lambda part: -part.now)
    names = dict.fromkeys([*now, *before])
    parts = [Part(name, now.get(name, 0.0), before.get(name, 0.0)) for name in names]
    return sorted(parts, key=lambda part: -part.growth)


def signed(values: Iterable[float], unit: Unit) -> list[str]:
    """Return differences as ``+0.083 ms``, with as many decimals as the largest of them needs."""
    shown = [unit.from_base(value) for value in values]
    largest = max((abs(value) for value in shown), default=0.0)
    decimals = 2 if largest == 0 else min(9, max(1 if largest >= 100 else 2, 1 - math.floor(math.log10(largest))))
    # What rounds to nothing has no sign.
    return [f"{round(value, decimals) + 0.0:+.{decimals}f} {unit.symbol}".rstrip() for value in shown]


def shares(part: Part, total: float, total_before: float) -> str:
    """Return a part's share of both wholes as ``12 % -> 34 %``; of one where only one was run."""
    now = percent(part.now, total)
    return now if part.before is None else f"{percent(part.before, total_before)} -> {now}"


def percent(part: float, whole: float) -> str:
    """Return a share without decimals."""
    return f"{part / whole * 100:.0f} %" if whole else "0 %"


def table(parts: Sequence[Part], unit: Unit, *, top: int = 40) -> list[str]:
    """Return parts as lines: growth, before, now, share of the whole now, name; without a baseline no growth."""
    total = sum(part.now for part in parts)
    total_before = sum(part.before or 0.0 for part in parts)
    compared = any(part.before is not None for part in parts)
    head = ["growth", "before", "now"] if compared else ["now"]
    lines = ["".join(f"{name:>12}" for name in head) + f"{'share':>16}  {unit.symbol}"]
    for part in parts[:top]:
        amounts = [part.growth, part.before or 0.0, part.now] if compared else [part.now]
        texts = [
            f"{unit.from_base(one):+12.4f}" if compared and i == 0 else f"{unit.from_base(one):12.4f}"
            for i, one in enumerate(amounts)
        ]
        lines.append("".join(texts) + f"{shares(part, total, total_before):>16}  {part.name}")
    if len(parts) > top:
        lines.append(f"... and {len(parts) - top} more")
    return lines


def telling(
    parts: Sequence[Part], unit: Unit, *, top: int = 3, per: str = "", least: float = TELLING
) -> tuple[str, ...]:
    """Return the parts that grew worth telling, a line each; of one run alone, the largest.

    Args:
        parts: As `compare` returns them.
        unit: Of their amounts.
        top: At most so many.
        per: What an amount is of, as in " a call".
        least: Share of the whole that a growth must be.
    """
    total = sum(part.now for part in parts)
    total_before = sum(part.before or 0.0 for part in parts)
    least *= max(total, total_before)
    chosen = [part for part in parts if part.growth > max(least, OF_ITSELF * (part.before or 0.0))][:top]
    lines = []
    for part in chosen:
        amount = signed([part.growth], unit)[0] if part.before is not None else signed([part.now], unit)[0].lstrip("+")
        lines.append(f"{part.name} {amount}{per} ({shares(part, total, total_before)})")
    return tuple(lines)
