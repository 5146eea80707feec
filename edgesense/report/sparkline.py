"""Numbers over time as one line of text, and as a small picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

BLOCKS = "▁▂▃▄▅▆▇█"
WIDTH, HEIGHT, EDGE = 640, 200, 40


def line(values: Sequence[float]) -> str:
    """Return a character a value, from the smallest to the largest; equal values all stand in the middle."""
    if not values:
        return ""
    low, high = min(values), max(values)
    if low == high:
        return BLOCKS[len(BLOCKS) // 2] * len(values)
    return "".join(BLOCKS[round((value - low) / (high - low) * (len(BLOCKS) - 1))] for value in values)


def picture(title: str, values: Sequence[float], labels: Sequence[str], names: Sequence[str]) -> str:
    """Return an SVG of a curve.

    Args:
        title: What it shows, with the unit and how it is known.
        values: The numbers, the oldest first.
        labels: What each is as text.
        names: What stands below each: its commit.
    """
    low, high = min(values, default=0.0), max(values, default=0.0)
    span = (high - low) or 1.0
    step = (WIDTH - 2 * EDGE) / max(1, len(values) - 1)
    points = [
        (EDGE + index * step, HEIGHT - EDGE - (value - low) / span * (HEIGHT - 2.5 * EDGE))
        for index, value in enumerate(values)
    ]
    curve = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    shape = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {shape}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{EDGE}" y="20" font-size="13">{escape(title)}</text>',
        f'<polyline points="{curve}" fill="none" stroke="#1f6feb" stroke-width="2"/>',
    ]
    every = max(1, len(values) // 8)
    for index, ((x, y), label, name) in enumerate(zip(points, labels, names, strict=True)):
        told = f"<title>{escape(name)}: {escape(label)}</title>"
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#1f6feb">{told}</circle>')
        if index % every == 0 or index == len(values) - 1:
            parts.append(f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{escape(label)}</text>')
            parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle" fill="#555">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
