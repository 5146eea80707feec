"""One limit of a result as the page shows it: its texts, its gauge and what can be drawn of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgesense.perf import statistics, units
from edgesense.perf.records import Reading
from edgesense.perf.units import Unit
from edgesense.perf.verdicts import Finding
from edgesense.report import cells
from edgesense.report.page import charts, scale
from edgesense.report.page.scale import Gauge
from edgesense.report.records import Distribution, Result

TONES = {"yellow": "open", "green": "good"}
USED_UP = 99.0
"""The share of a limit that is said to be used where the least is wanted and there is nothing."""


@dataclass(frozen=True)
class Share:
    """A part of a number: its name, its text and its share of all, from 0 to 1."""

    name: str
    text: str
    share: float


@dataclass(frozen=True)
class Figure:
    """A drawing with its title and what is said below it."""

    title: str
    drawing: str
    said: str = ""


@dataclass(frozen=True)
class Line:
    """One limit of a result.

    Attributes:
        cells: Its texts, as the terminal has them.
        tone: bad, open, good or plain.
        fails: Whether it fails the test.
        gauge: The number against its limit; None where there is no limit or no number.
        percent: The number in hundredths of its limit, as text.
        spark: A word-sized trend, "" without one.
        why: Why it is as it is.
        note: What the reader should know of the number.
        behind: How many samples stand behind it, as text.
        parts: By stage or by share.
        figures: What can be drawn of it.
    """

    cells: cells.Cells
    tone: str
    fails: bool
    gauge: Gauge | None
    percent: str
    spark: str
    why: tuple[str, ...]
    note: str
    behind: str
    parts: tuple[Share, ...]
    figures: tuple[Figure, ...]


def line(finding: Finding, result: Result) -> Line:
    """Return one limit of a result as the page shows it."""
    fails, unit, reading = finding.limit in result.failing, cells.unit_of(finding.limit), finding.reading
    texts = cells.of(finding, fails=fails)
    gauge = None if reading is None else _gauge(finding, reading)
    return Line(
        cells=texts,
        tone=("bad" if fails else "open") if texts.mark == "red" else TONES.get(texts.mark, "plain"),
        fails=fails,
        gauge=gauge,
        percent=scale.used(reading.value / finding.bound) if gauge and reading and finding.bound else "",
        spark=_spark(finding, result),
        why=finding.why,
        note="" if reading is None else reading.note,
        behind=_behind(finding),
        parts=() if reading is None else tuple(_parts(reading.parts, unit)),
        figures=(
            *_spread(finding, result.evidence.distributions.get(finding.limit), unit),
            *_trend(finding, result, unit),
        ),
    )


def used(finding: Finding) -> float:
    """Return which share of a limit is used: for the least that is wanted, the other way round."""
    if finding.reading is None or not finding.bound or not scale.drawable((finding.reading.value, finding.bound)):
        return 0.0
    share = finding.reading.value / finding.bound
    if cells.is_least(finding.limit):
        return min(1 / share, USED_UP) if share > 0 else USED_UP
    return max(0.0, share)


def _gauge(finding: Finding, reading: Reading) -> Gauge | None:
    if finding.bound is None:
        return None
    before = finding.before
    if finding.change is not None:
        # A time's baseline is no stored number: it is where this number would be without the change.
        before = reading.value / (1 + finding.change[0]) if finding.change[0] > -1 else None
    return scale.gauge(
        reading.value,
        finding.bound,
        low=reading.low,
        high=reading.high,
        before=before,
        least=cells.is_least(finding.limit),
    )


def _spark(finding: Finding, result: Result) -> str:
    reading = finding.reading
    steps = result.trend.get(finding.limit, ())
    values = [step.value for step in steps if reading is None or step.known is reading.known]
    values += [] if reading is None else [reading.value]
    return charts.sparkline(values) if len(values) > 2 and scale.drawable(values) else ""


def _behind(finding: Finding) -> str:
    reading = finding.reading
    if reading is None or reading.n < 2:
        return ""
    if reading.labelled is not None:
        return f"{reading.n} clips"
    return f"{reading.n} {'calls' if finding.limit.endswith('_ms') else 'samples'}"


def _parts(parts: Mapping[str, float], unit: Unit) -> Iterator[Share]:
    total = sum(abs(value) for value in parts.values())
    if len(parts) < 2 or not total or not scale.drawable((total,)):
        return
    for name, value in sorted(parts.items(), key=lambda item: -abs(item[1])):
        yield Share(name.replace("_", " "), units.text(value, unit), abs(value) / total)


def _trend(finding: Finding, result: Result, unit: Unit) -> Iterator[Figure]:
    steps = result.trend.get(finding.limit, ())
    now = finding.reading.value if finding.reading is not None else None
    if len(steps) < 2 or not scale.drawable([*(step.value for step in steps), *([] if now is None else [now])]):
        return
    title = f"{finding.limit}: accepted by {len(steps)} commits, then this run"
    told = f"{title}; from {units.text(steps[0].value, unit)} to {units.text(steps[-1].value, unit)}"
    kinds = {step.known for step in steps} | ({finding.reading.known} if finding.reading else set())
    apart = "numbers that are known in different ways are not joined" if len(kinds) > 1 else ""
    yield Figure(title, charts.trend(steps, now, finding.bound, unit, told), apart)


def _spread(finding: Finding, spread: Distribution | None, unit: Unit) -> Iterator[Figure]:
    if spread is None:
        return
    arms = [
        arm
        for arm in (
            charts.Arm("alone, judged", "candidate", spread.alone),
            charts.Arm("baseline, in turns", "baseline", spread.baseline),
            charts.Arm("this, in turns", "candidate", spread.candidate),
        )
        if arm.values
    ]
    if arms and all(scale.drawable(arm.values) for arm in arms):
        title = f"{finding.limit}: single calls"
        told = f"{title}; {'; '.join(_told(arm, unit) for arm in arms)}"
        said = "dots: calls, at the most 101 evenly spaced by rank; bar: the middle 80 %; line: the median"
        yield Figure(title, charts.distribution(arms, unit, finding.bound, told), said)
    ratios = [candidate / baseline - 1 for baseline, candidate in spread.pairs if baseline]
    if ratios and scale.drawable([*ratios, *(finding.change or ())]):
        thrown = f"; {spread.discarded} thrown away" if spread.discarded else ""
        title = f"{finding.limit}: {units.plural(len(ratios), 'pair')} of fresh processes beside the baseline{thrown}"
        said = f"the gate found {cells.gate_change(finding.change)}" if finding.change is not None else ""
        yield Figure(title, charts.pairs(ratios, finding.change, f"{title}; {said}" if said else title), said)


def _told(arm: charts.Arm, unit: Unit) -> str:
    middle = units.text(statistics.quantile(arm.values, 0.5), unit)
    return f"{arm.name}: median {middle}, {units.interval(arm.values[0], arm.values[-1], unit)}"
