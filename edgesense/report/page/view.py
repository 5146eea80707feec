"""From a run's record to what the page's template writes: texts, places and drawings, no decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgesense.perf import metrics, units
from edgesense.perf.records import Finding, Outcome
from edgesense.perf.units import Unit
from edgesense.report import cells
from edgesense.report.page import charts, scale, surroundings, words
from edgesense.report.page.files import Files, Shown
from edgesense.report.page.scale import Gauge
from edgesense.report.records import Distribution, Result, RunRecord

HOST = "host"
NOT_JUDGED = "not judged"
RANK = {outcome: place for place, outcome in enumerate(words.OUTCOMES)}


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
    gauge: Gauge | None
    percent: str
    spark: str
    why: tuple[str, ...]
    note: str
    behind: str
    parts: tuple[Share, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Row:
    """One test on one device.

    Attributes:
        id: What a link to it ends with.
        result: The record it is made of.
        name: The test's name without its file.
        file: The test's file, and its line where it is known.
        word: What it came to.
        tone: bad, open, good or plain.
        rank: 0 for the worst.
        order: Its place in the run.
        fails: Whether the test fails for its budget.
        nearest: The largest share of a limit that is used, for sorting.
        lines: Its limits.
        steps: What to do next.
        attached: What explains it.
        changed: How what was measured differs from the baseline's.
        moved: How the place differs.
        subject: What was measured.
        outcomes: Every outcome of its limits, for filtering.
    """

    id: str
    result: Result
    name: str
    file: str
    word: str
    tone: str
    rank: int
    order: int
    fails: bool
    nearest: float
    lines: tuple[Line, ...]
    steps: tuple[str, ...]
    attached: tuple[Shown, ...]
    changed: tuple[surroundings.Difference, ...]
    moved: tuple[surroundings.Difference, ...]
    subject: tuple[tuple[str, str], ...]
    outcomes: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """An outcome that rows can be chosen by: its word, its tone, how many rows have it, and what it means."""

    word: str
    tone: str
    count: int
    about: str


@dataclass(frozen=True)
class Page:
    """All that the template needs.

    Attributes:
        run: The record.
        headline: What the run came to, in one line.
        tone: bad, open or good.
        rows: The worst first.
        choices: What can be chosen by.
        devices: In the order they were met.
        places: Devices as they were in this run.
    """

    run: RunRecord
    headline: str
    tone: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...]
    devices: tuple[str, ...]
    places: tuple[surroundings.Place, ...]


def page(run: RunRecord, files: Files) -> Page:
    """Return a run as the page shows it; files that explain it are taken into `files`."""
    rows = sorted((_row(*one, files) for one in enumerate(run.results)), key=lambda row: (not row.fails, row.rank))
    headline, tone = _headline(rows, run)
    return Page(
        run,
        headline,
        tone,
        tuple(rows),
        tuple(_choices(rows)),
        tuple(dict.fromkeys(result.device for result in run.results)),
        tuple(surroundings.places(run.results)),
    )


def _headline(rows: list[Row], run: RunRecord) -> tuple[str, str]:
    failing, total = sum(row.fails for row in rows), run.tally.get("budgets", len(rows))
    unsure = sum(row.tone == "open" for row in rows)
    plural = "budget" if total == 1 else "budgets"
    if failing:
        return f"{failing} of {total} {plural} {'fails' if failing == 1 else 'fail'}", "bad"
    if not total:
        return "No budget was judged", "open"
    told = "The budget holds" if total == 1 else f"All {total} budgets hold"
    if unsure or len(rows) < total:
        return f"No budget of {total} fails; {unsure + total - len(rows)} to look at", "open"
    return told, "good"


def _choices(rows: list[Row]) -> Iterator[Choice]:
    failing = sum(row.fails for row in rows)
    if failing:
        yield Choice("fails", "bad", failing, "the test fails for its budget")
    for outcome, about in words.OUTCOMES.items():
        count = sum(outcome.word in row.outcomes for row in rows)
        if count and outcome is not Outcome.NOT_COMPARED:
            yield Choice(outcome.word, words.TONES[outcome], count, about)
    count = sum(NOT_JUDGED in row.outcomes for row in rows)
    if count:
        yield Choice(NOT_JUDGED, "bad", count, "the pipeline could not be measured")


def _row(order: int, result: Result, files: Files) -> Row:
    findings = result.verdict.findings if result.verdict is not None else ()
    lines = tuple(_line(one, result) for one in findings)
    outcomes = [one for finding in findings for one in (finding.budget, finding.regression) if one is not None]
    worst = min(outcomes, key=RANK.__getitem__, default=None)
    file, _, name = result.nodeid.partition("::")
    fails = bool(result.failing) or (result.verdict is None and bool(result.failure) and result.gates)
    word, tone = (NOT_JUDGED, "bad") if worst is None else (result.word or worst.word, words.TONES[worst])
    if worst is None and not result.failure:
        word, tone = "no limit here", "plain"
    changed, moved = surroundings.differences(result.evidence.measured, result.evidence.baseline)
    return Row(
        id=f"t-{hashlib.sha256(f'{result.nodeid} {result.device}'.encode()).hexdigest()[:10]}",
        result=result,
        name=name or result.nodeid,
        file=file + (f":{result.place.line}" if result.place is not None else ""),
        word=word,
        tone="open" if tone == "bad" and not fails else tone,
        rank=-1 if worst is None and result.failure else RANK.get(worst or Outcome.NOT_COMPARED, 0),
        order=order,
        fails=fails,
        nearest=max((_used(one) for one in findings), default=0.0),
        lines=lines,
        steps=tuple(dict.fromkeys(one.remedy for one in findings if one.remedy and _is_open(one, result))),
        attached=tuple(files.show(one) for one in result.evidence.attached),
        changed=tuple(changed),
        moved=tuple(moved),
        subject=tuple(surroundings.subject(result.evidence.measured)),
        outcomes=tuple(dict.fromkeys(one.word for one in outcomes)) or ((NOT_JUDGED,) if result.failure else ()),
    )


def _is_open(finding: Finding, result: Result) -> bool:
    return finding.limit in result.failing or Outcome.INCONCLUSIVE in {finding.budget, finding.regression}


def _used(finding: Finding) -> float:
    """Return which share of a limit is used: for the least that is wanted, the other way round."""
    if finding.reading is None or not finding.bound or finding.bound <= 0:
        return 0.0
    share = finding.reading.value / finding.bound
    if _least(finding.limit):
        return 1 / share if share > 0 else 99.0
    return share


def _least(limit: str) -> bool:
    metric = metrics.every().get(limit)
    return metric is not None and not metric.lower_is_better


def _line(finding: Finding, result: Result) -> Line:
    unit, reading = cells.unit_of(finding.limit), finding.reading
    fails = finding.limit in result.failing
    texts = cells.of(finding, fails=fails)
    tones = {"red": "bad" if fails else "open", "yellow": "open", "green": "good"}
    steps = result.trend.get(finding.limit, ())
    gauge, percent, note, behind = None, "", "", ""
    parts: tuple[Share, ...] = ()
    if reading is not None:
        before = finding.before if finding.change is None else reading.value / (1 + finding.change[0])
        if finding.bound is not None:
            gauge = scale.gauge(
                reading.value,
                finding.bound,
                low=reading.low,
                high=reading.high,
                before=before,
                least=_least(finding.limit),
            )
        percent = scale.used(reading.value / finding.bound) if gauge is not None and finding.bound else ""
        note, behind = reading.note, _behind(finding)
        parts = tuple(_parts(reading.parts, unit))
    values = [step.value for step in steps if reading is None or step.known is reading.known]
    values += [reading.value] if reading is not None else []
    return Line(
        texts,
        tones.get(texts.mark, "plain"),
        gauge,
        percent,
        charts.sparkline(values) if len(values) > 2 else "",
        finding.why,
        note,
        behind,
        parts,
        tuple(_figures(finding, result, unit)),
    )


def _behind(finding: Finding) -> str:
    reading = finding.reading
    if reading is None or reading.n < 2:
        return ""
    if reading.labelled is not None:
        return f"{reading.n} clips"
    return f"{reading.n} {'calls' if finding.limit.endswith('_ms') else 'samples'}"


def _parts(parts: Mapping[str, float], unit: Unit) -> Iterator[Share]:
    total = sum(abs(value) for value in parts.values())
    if len(parts) < 2 or not total:
        return
    for name, value in sorted(parts.items(), key=lambda item: -abs(item[1])):
        yield Share(name.replace("_", " "), units.text(value, unit), abs(value) / total)


def _figures(finding: Finding, result: Result, unit: Unit) -> Iterator[Figure]:
    spread = result.evidence.distributions.get(finding.limit)
    if spread is not None:
        yield from _spread(finding, spread, unit)
    steps = result.trend.get(finding.limit, ())
    now = finding.reading.value if finding.reading is not None else None
    if len(steps) > 1:
        title = f"{finding.limit}: accepted by {len(steps)} commits, then this run"
        told = f"{title}; from {units.text(steps[0].value, unit)} to {units.text(steps[-1].value, unit)}"
        kinds = {step.known for step in steps} | ({finding.reading.known} if finding.reading else set())
        apart = "numbers that are known in different ways are not joined" if len(kinds) > 1 else ""
        yield Figure(title, charts.trend(steps, now, finding.bound, unit, told), apart)


def _spread(finding: Finding, spread: Distribution, unit: Unit) -> Iterator[Figure]:
    arms = (
        charts.Arm("alone, judged", "candidate", spread.alone),
        charts.Arm("baseline, in turns", "baseline", spread.baseline),
        charts.Arm("this, in turns", "candidate", spread.candidate),
    )
    if any(arm.values for arm in arms):
        title = f"{finding.limit}: single calls"
        told = f"{title}; {'; '.join(_told(arm, unit) for arm in arms if arm.values)}"
        said = "dots: calls, at the most 101 evenly spaced by rank; bar: the middle 80 %; line: the median"
        yield Figure(title, charts.distribution(arms, unit, finding.bound, told), said)
    if spread.pairs:
        ratios = [candidate / baseline - 1 for baseline, candidate in spread.pairs if baseline]
        thrown = f"; {spread.discarded} thrown away" if spread.discarded else ""
        title = f"{finding.limit}: {len(ratios)} pairs of fresh processes beside the baseline{thrown}"
        said = f"the gate found {cells.gate_change(finding.change)}" if finding.change is not None else ""
        yield Figure(title, charts.pairs(ratios, finding.change, f"{title}; {said}"), said)


def _told(arm: charts.Arm, unit: Unit) -> str:
    middle = arm.values[len(arm.values) // 2]
    return f"{arm.name}: median {units.text(middle, unit)}, {units.interval(arm.values[0], arm.values[-1], unit)}"
