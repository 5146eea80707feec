"""A picture of the changes that gates saw, one row of dots a condition, as an SVG of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from edgesense.perf import gate

WIDTH, LEFT, RIGHT, ROW, TOP = 920, 170, 20, 70, 34
LOW, HIGH = -0.08, 0.16
TICK = 0.02
DOT = 2.2
STEP = 0.001


def svg(changes: Mapping[str, Sequence[float]]) -> str:
    """Return a drawing.

    Args:
        changes: Condition -> the change that each gate reported, as a share. What lies outside is drawn at the edge.
    """
    height = TOP + ROW * len(changes) + 40
    limit = gate.LIMIT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        "<title>Change that each gate saw, by condition; lines: half the limit and the limit</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        *_line(limit / 2, height, "SAME up to here"),
        *_line(limit, height, "REGRESSED beyond", lower=True),
        *_axis(height),
    ]
    for number, (name, values) in enumerate(changes.items()):
        bottom = TOP + ROW * (number + 1)
        parts.append(f'<text x="8" y="{bottom - ROW / 2}" font-size="12">{escape(name)} ({len(values)})</text>')
        parts += _dots(values, bottom)
    return "\n".join([*parts, "</svg>", ""])


def _x(change: float) -> float:
    inside = min(max(change, LOW), HIGH)
    return LEFT + (inside - LOW) / (HIGH - LOW) * (WIDTH - LEFT - RIGHT)


def _line(change: float, height: float, text: str, *, lower: bool = False) -> list[str]:
    at = f"{_x(change):.1f}"
    return [
        f'<line x1="{at}" x2="{at}" y1="{TOP - 4}" y2="{height - 34}" stroke="#c33" stroke-dasharray="4 3"/>',
        f'<text x="{at}" y="{TOP - (8 if lower else 20)}" font-size="12" fill="#c33">{escape(text)}</text>',
    ]


def _axis(height: float) -> Iterable[str]:
    first, last = math.ceil(LOW / TICK), math.floor(HIGH / TICK)
    for number in range(first, last + 1):
        text = f"{number * TICK:+.0%}"
        yield f'<text x="{_x(number * TICK):.1f}" y="{height - 12}" font-size="12" text-anchor="middle">{text}</text>'


def _dots(values: Sequence[float], bottom: float) -> Iterable[str]:
    """Stack the dots of equal changes, less far apart the more there are."""
    piles: dict[int, int] = {}
    places = []
    for value in values:
        bin_ = round(value / STEP)
        places.append((bin_, piles.get(bin_, 0)))
        piles[bin_] = piles.get(bin_, 0) + 1
    rise = min(2 * DOT, (ROW - 14) / max(piles.values(), default=1))
    for place, above in places:
        yield (
            f'<circle cx="{_x(place * STEP):.1f}" cy="{bottom - DOT - above * rise:.1f}" r="{DOT}" '
            'fill="#246" fill-opacity="0.5"/>'
        )
