"""The page's drawings: small inline SVG without scripts, coloured by the page's own style sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from edgesense.perf import statistics, units
from edgesense.perf.units import Unit
from edgesense.report.page import scale
from edgesense.report.page.scale import Axis, coordinate
from edgesense.report.records import Step

WIDTH = 640.0
LEFT, RIGHT = 150.0, 624.0
BEGIN, END = 84, 624
"""The ends of a trend: its axis is narrower, it has no names of arms."""
ROW = 34.0
GOLDEN = 0.6180339887
DOTS = tuple(f"M%.1f {18 * (index * GOLDEN % 1) - 9:.0f}h0" for index in range(1000))
"""Dots of a row by rank, above and below its middle: near ones apart, without chance."""
OUTSIDE = 3.0
"""Calls more than so many times the middle 80 % away from the median are counted at the edge, not drawn to scale."""


@dataclass(frozen=True)
class Arm:
    """One side of a distribution: what it is called, its style class and its sorted values in base units."""

    name: str
    style: str
    values: Sequence[float]


def distribution(arms: Sequence[Arm], unit: Unit, bound: float | None, title: str) -> str:
    """Return single calls as dots, a row an arm, with the middle 80 % as a bar, the median as a line and the limit.

    Args:
        arms: At least one, each with values.
        unit: What the axis is written in.
        bound: The limit, in base units; None without one.
        title: What is told to who cannot see it.
    """
    lowest, highest = min(arm.values[0] for arm in arms), max(_reach(arm.values) for arm in arms)
    near = bound is not None and lowest - (highest - lowest) <= bound <= highest + 1.5 * (highest - lowest)
    axis = scale.axis([lowest, highest, *([bound] if bound is not None and near else [])], LEFT, RIGHT)
    top, bottom = 22.0, 22.0 + ROW * len(arms)
    body = list(_grid(axis, unit, top, bottom))
    for number, arm in enumerate(arms):
        body += _arm(arm, axis, top + ROW * number, unit)
    if bound is not None:
        body += _limit(bound, axis, unit, bottom, near=near)
    return _svg(body, bottom + 22, title)


def _reach(values: Sequence[float]) -> float:
    low, middle, high = (statistics.quantile(values, share) for share in (0.1, 0.5, 0.9))
    return min(values[-1], middle + OUTSIDE * max(high - low, 0.02 * abs(middle)))


def _arm(arm: Arm, axis: Axis, top: float, unit: Unit) -> Iterator[str]:
    low, median, high = (statistics.quantile(arm.values, share) for share in (0.1, 0.5, 0.9))
    middle = top + ROW / 2
    inside = [value for value in arm.values if value <= axis.high]
    dots = "".join(DOTS[: len(inside)]) % tuple(axis.places(inside[: len(DOTS)]))
    yield f'<g class="{arm.style}"><text class="name" x="{LEFT - 12:g}" y="{middle + 4:g}">{escape(arm.name)}</text>'
    yield f'<path class="dots" transform="translate(0 {middle:g})" d="{dots}"/>'
    first, last = axis.at(low), axis.at(high)
    yield (
        f'<rect class="middle" x="{coordinate(first)}" y="{middle - 6:g}" width="{coordinate(max(last - first, 1))}" '
        'height="12" rx="3"/>'
    )
    at = coordinate(axis.at(median))
    told = f"median {units.text(median, unit)}, middle 80 % {units.interval(low, high, unit)}"
    yield f'<path class="median" d="M{at} {middle - 11:g}v22"><title>{escape(told)}</title></path>'
    left_out = len(arm.values) - len(inside)
    if left_out:
        yield f'<text class="edge" x="{RIGHT:g}" y="{top + 9:g}">slowest {units.text(arm.values[-1], unit)} ▸</text>'
    yield "</g>"


def _limit(bound: float, axis: Axis, unit: Unit, bottom: float, *, near: bool) -> Iterator[str]:
    text = f"limit {units.text(bound, unit)}"
    if not near:
        beyond = bound > axis.high
        anchor, at, shown = ("end", RIGHT, f"{text} ▸") if beyond else ("start", LEFT, f"◂ {text}")
        yield f'<text class="limit" text-anchor="{anchor}" x="{at:g}" y="13">{escape(shown)}</text>'
        return
    at = axis.at(bound)
    anchor = "end" if at > (LEFT + RIGHT) / 2 else "start"
    side = -4 if anchor == "end" else 4
    yield f'<path class="limit" d="M{coordinate(at)} 4V{bottom:g}"/>'
    yield f'<text class="limit" text-anchor="{anchor}" x="{coordinate(at + side)}" y="13">{escape(text)}</text>'


def pairs(ratios: Sequence[float], change: tuple[float, float, float] | None, title: str) -> str:
    """Return each pair of processes as a dot: by which share the candidate took longer than the baseline.

    Args:
        ratios: Shares, one a pair, in the order they were measured.
        change: What the gate found: median, lower and upper end.
        title: What is told to who cannot see it.
    """
    percents = [100 * ratio for ratio in ratios]
    ends = [100 * one for one in change] if change is not None else []
    axis = scale.axis([0.0, *percents, *ends], LEFT, RIGHT)
    top, bottom = 6.0, 46.0
    body = []
    for tick in scale.ticks(axis.low, axis.high):
        at = coordinate(axis.at(tick))
        body.append(f'<path class="{"zero" if tick == 0 else "grid"}" d="M{at} {top:g}V{bottom:g}"/>')
        sign = "+" if tick > 0 else ""
        body.append(f'<text class="tick" x="{at}" y="{bottom + 15:g}">{sign}{scale.plain(tick)} %</text>')
    body.append(f'<text class="name" x="{LEFT - 12:g}" y="30">each pair</text>')
    if ends:
        first, last = axis.at(ends[1]), axis.at(ends[2])
        body.append(
            f'<rect class="middle" x="{coordinate(first)}" y="20" width="{coordinate(max(last - first, 1))}" '
            'height="12" rx="3"/>'
        )
        body.append(f'<path class="median" d="M{coordinate(axis.at(ends[0]))} 14v24"/>')
    step = 26 / max(1, len(percents) - 1)
    dots = "".join(
        f"M{coordinate(axis.at(value))} {coordinate(13 + step * index)}h0" for index, value in enumerate(percents)
    )
    body.append(f'<path class="dots large" d="{dots}"/>')
    return _svg(['<g class="candidate">', *body, "</g>"], bottom + 22, title)


def trend(steps: Sequence[Step], now: float | None, bound: float | None, unit: Unit, title: str) -> str:
    """Return what was accepted commit by commit, this run's number at the end; other kinds are not joined.

    Args:
        steps: At least one, the oldest first.
        now: This run's number in base units; None without one.
        bound: The limit, in base units; None without one.
        unit: What the axis is written in.
        title: What is told to who cannot see it.
    """
    values = [step.value for step in steps] + ([now] if now is not None else [])
    spread = max(values) - min(values) or abs(values[0]) * 0.1 or 1.0
    near = bound is not None and min(values) - 2 * spread <= bound <= max(values) + 2 * spread
    down = scale.axis([*values, *([bound] if bound is not None and near else [])], 120.0, 14.0, margin=0.1)
    across = Axis(0, max(1, len(values) - 1), BEGIN + 6.0, END - 10.0)
    body: list[str] = []
    ticks = scale.ticks(unit.from_base(down.low), unit.from_base(down.high), 4)
    for tick, place in zip(ticks, down.places([unit.to_base(tick) for tick in ticks]), strict=True):
        at = coordinate(place)
        body.append(f'<path class="grid" d="M{BEGIN} {at}H{END}"/><text class="name" x="{BEGIN - 6}" y="{at}" dy="4">')
        body.append(f"{scale.plain(tick)}</text>")
    if bound is not None:
        place = down.at(bound)
        text = f"limit {units.text(bound, unit)}" + ("" if near else " ▴" if bound > down.high else " ▾")
        body += [f'<path class="limit" d="M{BEGIN} {coordinate(place)}H{END}"/>'] if near else []
        above = coordinate(max(place - 4, 13))
        body.append(f'<text class="limit" text-anchor="end" x="{END}" y="{above}">{escape(text)}</text>')
    path, points, last = [], [], None
    for step, along, height in zip(steps, across.places(range(len(steps))), down.places(values), strict=False):
        x, y = coordinate(along), coordinate(height)
        path.append(f"{'M' if last is not step.known else 'L'}{x} {y}")
        last = step.known
        told = f"{step.commit[:7]}, {step.when[:10]}: {units.text(step.value, unit)} ({step.known.value})"
        points.append(f'<circle class="point" cx="{x}" cy="{y}" r="3.5"><title>{escape(told)}</title></circle>')
    body += [f'<path class="line" d="{"".join(path)}"/>', *points]
    if now is not None:
        body.append(
            f'<circle class="now" cx="{coordinate(across.at(len(steps)))}" cy="{coordinate(down.at(now))}" r="5">'
            f"<title>this run: {escape(units.text(now, unit))}</title></circle>"
        )
    body += _ends(steps, "" if now is None else "this run")
    return _svg(['<g class="candidate">', *body, "</g>"], 142, title)


def _ends(steps: Sequence[Step], last: str) -> Iterator[str]:
    """Yield what stands below both ends: the first commit, and `last`, or without it the last commit."""
    first, newest = (f"{step.commit[:7]}, {step.when[:10]}" for step in (steps[0], steps[-1]))
    yield f'<text class="tick" text-anchor="start" x="{BEGIN + 6}" y="137">{escape(first)}</text>'
    yield f'<text class="tick" text-anchor="end" x="{END}" y="137">{escape(last or newest)}</text>'


def sparkline(values: Sequence[float]) -> str:
    """Return numbers as a line of a word's size, the last one marked; it is an ornament beside the number itself."""
    axis = scale.axis(values, 15, 3)
    step = 56 / max(1, len(values) - 1)
    places = [(3 + step * index, axis.at(value)) for index, value in enumerate(values)]
    line = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in places)
    x, y = places[-1]
    return (
        '<svg class="spark" viewBox="0 0 62 18" aria-hidden="true" focusable="false">'
        f'<path d="M{line}"/><circle cx="{coordinate(x)}" cy="{coordinate(y)}" r="2.4"/></svg>'
    )


def _grid(axis: Axis, unit: Unit, top: float, bottom: float) -> Iterator[str]:
    symbol = f" {unit.symbol}" if unit.symbol else ""
    for tick in scale.ticks(unit.from_base(axis.low), unit.from_base(axis.high)):
        at = coordinate(axis.at(unit.to_base(tick)))
        yield f'<path class="grid" d="M{at} {top:g}V{bottom:g}"/>'
        yield f'<text class="tick" x="{at}" y="{bottom + 15:g}">{scale.plain(tick)}{symbol}</text>'


def _svg(body: Sequence[str], height: float, title: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(title)}">'
        f"{''.join(body)}</svg>"
    )
