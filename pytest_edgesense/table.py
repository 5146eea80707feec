"""The summary at the end of a run: one block a test and device, one row a limit, in aligned columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edgesense.perf import metrics, units
from edgesense.perf.records import Finding, Outcome, Verdict
from pytest_edgesense.rows import Row

HOST = "host"
GAP = "  "
INDENT = "  "
WIDEST = 110
COMPARED = {Outcome.SAME, Outcome.BETTER, Outcome.DRIFT, Outcome.REGRESSED}


@dataclass(frozen=True)
class Piece:
    """Some text and how it is marked: a colour's name, ``bold``, or "" for plain."""

    text: str
    mark: str = ""


Line = tuple[Piece, ...]


@dataclass(frozen=True)
class Cells:
    """One row's texts, in the order of the columns."""

    limit: str
    value: str
    bound: str
    known: str
    baseline: str
    verdict: str
    mark: str


HEAD = Cells("test and limit", "value", "limit", "known", "baseline", "verdict", "bold")


def render(rows: Sequence[Row], width: int) -> list[Line]:
    """Return the table of `rows` for a terminal of `width` columns."""
    width = min(width, WIDEST)
    cells = {id(finding): _cells(finding) for row in rows if row.verdict for finding in row.verdict.findings}
    absent = {row.nodeid: [_absent(name, row.device) for name in row.absent] for row in rows}
    columns = _widths([HEAD, *cells.values(), *(one for some in absent.values() for one in some)])
    narrow = sum(columns) + len(GAP) * (len(columns) - 1) > width
    lines = [_line(HEAD, columns, narrow=narrow)]
    for row in rows:
        lines.append(_title(row))
        for finding in row.verdict.findings if row.verdict else ():
            one = cells[id(finding)]
            lines.append(_line(one, columns, narrow=narrow))
            lines += _below(finding, row, one, width, narrow=narrow)
        lines += [_line(one, columns, narrow=narrow) for one in absent[row.nodeid]]
        lines += _closing(row, width)
    return lines


def _cells(finding: Finding) -> Cells:
    metric = metrics.find(finding.limit)
    unit, reading = metric.unit, finding.reading
    sign = "≤" if metric.lower_is_better else "≥"
    symbol = f" {unit.symbol}" if unit.symbol else ""
    bound = "" if finding.bound is None else f"{sign} {unit.from_base(finding.bound):.10g}{symbol}"
    value, baseline = "–", _NO_NUMBER.get(finding.regression, "")
    if reading is not None:
        value = _value(finding, units.text(reading.value, unit))
        if reading.low != reading.high:
            value += f" ({units.interval(reading.low, reading.high, unit).removesuffix(symbol)})"
        if finding.before is not None:
            before, _ = units.distinct(finding.before, reading.value, unit)
            percent = units.change(reading.value, finding.before, absolute=unit is units.RATIO)
            baseline = f"{before}{GAP}{percent}" if finding.regression in COMPARED else f"{before}, {baseline}"
    word, mark = _word(finding)
    known = "–" if reading is None else reading.known.value
    return Cells(INDENT + finding.limit, value, bound, known, baseline, word, mark)


def _absent(limit: str, device: str) -> Cells:
    return Cells(INDENT + limit, f"no limit for {device}", "", "", "", "", "")


_NO_NUMBER = {
    Outcome.NO_BASELINE: "none",
    Outcome.NOT_COMPARED: "not compared",
    Outcome.NOT_COMPARABLE: "not comparable",
    Outcome.INCONCLUSIVE: "–",
}


def _value(finding: Finding, plain: str) -> str:
    # As many digits as it takes to tell it from its limit and from its baseline.
    unit = metrics.find(finding.limit).unit
    assert finding.reading is not None  # noqa: S101 - the caller has looked
    others = [other for other in (finding.bound, finding.before) if other is not None]
    return max([plain, *(units.distinct(finding.reading.value, other, unit)[0] for other in others)], key=len)


def _word(finding: Finding) -> tuple[str, str]:
    if finding.budget is Outcome.OVER:
        return "OVER", "red"
    if finding.regression is Outcome.REGRESSED:
        return "REGRESSED", "red"
    if Outcome.INCONCLUSIVE in {finding.budget, finding.regression}:
        return "inconclusive", "yellow"
    if finding.regression in {Outcome.DRIFT, Outcome.BETTER}:
        return finding.regression.value.lower(), "yellow" if finding.regression is Outcome.DRIFT else "green"
    if finding.budget is None:
        return ("same" if finding.regression is Outcome.SAME else "–"), ""
    return "met", "green"


def _widths(cells: Iterable[Cells]) -> list[int]:
    return [max(map(len, column)) for column in zip(*(_texts(one) for one in cells), strict=True)]


def _texts(one: Cells) -> tuple[str, ...]:
    return (one.limit, one.value, one.bound, one.known, one.baseline, one.verdict)


def _line(one: Cells, columns: Sequence[int], *, narrow: bool) -> Line:
    padded = [text.ljust(width) for text, width in zip(_texts(one), columns, strict=True)]
    if narrow:
        del padded[4]
    *plain, last = padded
    marked = Piece(last.rstrip(), one.mark)
    front = (GAP.join(plain) + GAP) if last.strip() else GAP.join(plain).rstrip()
    return (Piece(front, "bold"), marked) if one.mark == "bold" else (Piece(front), marked)


def _title(row: Row) -> Line:
    aside = " (this computer; says nothing about pi)" if row.device == HOST else ""
    return (Piece(row.test, "bold"), Piece(f" on {row.device}{aside}"))


def _below(finding: Finding, row: Row, one: Cells, width: int, *, narrow: bool) -> Iterator[Line]:
    """Lines under a row: what the columns have no room for, and why it is as it is."""
    if narrow and one.baseline:
        yield from _wrapped(f"baseline {one.baseline}", width)
    reading = finding.reading
    if reading is not None:
        unit = metrics.find(finding.limit).unit
        if len(reading.parts) > 1:
            parts = (f"{name} {units.text(value, unit)}" for name, value in reading.parts.items())
            yield from _wrapped(", ".join(parts), width)
        if reading.labelled is not None:
            yield from _wrapped(f"{reading.n} clips", width)
        if reading.note:
            yield from _wrapped(reading.note, width)
    for reason in _reasons(finding):
        yield from _wrapped(reason, width, "red" if finding.limit in row.failing else "")


def _reasons(finding: Finding) -> tuple[str, ...]:
    """The reasons that the columns do not tell already."""
    told = 1 if finding.budget is Outcome.OVER else 0
    plain = finding.reading is not None and finding.regression in {Outcome.NO_BASELINE, Outcome.NOT_COMPARED}
    return finding.why[told : len(finding.why) - plain]


def _wrapped(text: str, width: int, mark: str = "") -> Iterator[Line]:
    for paragraph in text.splitlines():
        for part in textwrap.wrap(paragraph, max(width - 6, 30), break_long_words=False, break_on_hyphens=False):
            yield (Piece(f"{INDENT * 3}{part}", mark),)


def _closing(row: Row, width: int) -> Iterator[Line]:
    if row.verdict is None:
        yield from _wrapped(row.failure.partition("\n")[0], width, "red")
        return
    failing = [finding for finding in row.verdict.findings if finding.limit in row.failing]
    remedies = [finding.remedy for finding in (*failing, *row.verdict.findings) if finding.remedy and _unsure(finding)]
    for remedy in dict.fromkeys(remedies):
        yield from _wrapped(f"next: {remedy}", width)
    for note in row.verdict.notes:
        yield from _wrapped(note, width)


def _unsure(finding: Finding) -> bool:
    return Outcome.INCONCLUSIVE in {finding.budget, finding.regression}


def uncompared(rows: Iterable[Row]) -> list[str]:
    """Return why some limits are never compared, each reason once, with the limits it holds for."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        for finding in row.verdict.findings if row.verdict else ():
            if finding.regression is Outcome.NOT_COMPARED and finding.reading is not None:
                reasons.setdefault(finding.why[-1], []).append(finding.limit)
    return [f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in reasons.items()]


def tally(rows: Sequence[Row]) -> str:
    """Return ``3 budgets: 2 met, 1 over, 0 inconclusive; 2 compared, 1 without baseline``."""
    verdicts = [row.verdict for row in rows if row.verdict is not None]
    words = [_budget_word(verdict) for verdict in verdicts]
    counts = [f"{words.count(word)} {word}" for word in ("met", "over", "inconclusive")]
    unlimited = words.count("without limit")
    counts += [f"{unlimited} without limit here"] if unlimited else []
    unjudged = len(rows) - len(verdicts)
    counts += [f"{unjudged} not measured"] if unjudged else []
    seen = [{finding.regression for finding in verdict.findings} for verdict in verdicts]
    compared = sum(1 for outcomes in seen if outcomes & COMPARED)
    regressed = sum(1 for outcomes in seen if Outcome.REGRESSED in outcomes)
    new = sum(1 for outcomes in seen if Outcome.NO_BASELINE in outcomes)
    told = f" ({regressed} regressed)" if regressed else ""
    plural = "" if len(rows) == 1 else "s"
    return f"{len(rows)} budget{plural}: {', '.join(counts)}; {compared} compared{told}, {new} without baseline"


def _budget_word(verdict: Verdict) -> str:
    outcomes = {finding.budget for finding in verdict.findings}
    for outcome, word in ((Outcome.OVER, "over"), (Outcome.INCONCLUSIVE, "inconclusive"), (Outcome.MET, "met")):
        if outcome in outcomes:
            return word
    return "without limit"
