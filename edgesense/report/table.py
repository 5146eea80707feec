"""The summary at the end of a run: one block a test and device, one row a limit, in aligned columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from edgesense.perf import units
from edgesense.perf.verdicts import Finding, Outcome
from edgesense.report import cells
from edgesense.report.cells import GAP, Cells
from edgesense.report.records import Result

HOST = "host"
NOT_GATING = "not gating"
INDENT = "  "
WIDEST = 110


@dataclass(frozen=True)
class Piece:
    """Some text and how it is marked: a colour's name, ``bold``, or "" for plain."""

    text: str
    mark: str = ""


Line = tuple[Piece, ...]


HEAD = Cells("test and limit", "value", "limit", "known", "baseline", "verdict", "bold")
BASELINE = HEAD.texts.index("baseline")


def render(rows: Sequence[Result], width: int) -> list[Line]:
    """Return the table of `rows` for a terminal of `width` columns."""
    width = min(width, WIDEST)
    blocks = [[(_indented(one, row), one) for one in (row.verdict.findings if row.verdict else ())] for row in rows]
    absent = [[Cells(INDENT + name, f"no limit for {row.device}") for name in row.absent] for row in rows]
    every = [HEAD, *(shown for block in blocks for shown, _ in block), *(shown for some in absent for shown in some)]
    columns = [max(map(len, column)) for column in zip(*(shown.texts for shown in every), strict=True)]
    # Where there is no room for it, the baseline stands below its row.
    narrow = sum(columns) + len(GAP) * (len(columns) - 1) > width
    lines = [_line(HEAD, columns, narrow=narrow)]
    for row, block, without in zip(rows, blocks, absent, strict=True):
        lines.append(_title(row))
        for shown, finding in block:
            lines.append(_line(shown, columns, narrow=narrow))
            lines += _below(finding, row, shown.baseline if narrow else "", width)
        lines += [_line(shown, columns, narrow=narrow) for shown in without]
        lines += _closing(row, width)
        lines.append(())
    return lines


def _indented(finding: Finding, row: Result) -> Cells:
    found = cells.of(finding, fails=finding.limit in row.failing)
    return replace(found, limit=INDENT + found.limit)


def _line(shown: Cells, columns: Sequence[int], *, narrow: bool) -> Line:
    padded = [text.ljust(width) for text, width in zip(shown.texts, columns, strict=True)]
    if narrow:
        del padded[BASELINE]
    *plain, last = padded
    front, verdict = GAP.join(plain), last.rstrip()
    mark = shown.mark if shown.mark == "bold" else ""
    return (Piece(front + GAP, mark), Piece(verdict, shown.mark)) if verdict else (Piece(front.rstrip(), mark),)


def _title(row: Result) -> Line:
    aside = " (this computer; says nothing about pi)" if row.device == HOST else ""
    expected = " – expected to fail" if row.outcome == "skipped" else ""
    gating = "" if row.gates else f" – {NOT_GATING}"
    return (Piece(row.test, "bold"), Piece(f" on {row.device}{aside}{expected}{gating}"))


def _below(finding: Finding, row: Result, baseline: str, width: int) -> Iterator[Line]:
    """Lines under a row: what the columns have no room for, and why it is as it is."""
    compared = finding.before is not None or finding.change is not None
    details = [f"baseline {' '.join(baseline.split())}"] if baseline and compared else []
    reading = finding.reading
    if reading is not None:
        unit = cells.unit_of(finding.limit)
        parts = [f"{name.replace('_', ' ')} {units.text(value, unit)}" for name, value in reading.parts.items()]
        details += [", ".join(parts)] if len(parts) > 1 else []
        details += [f"{reading.n} clips"] if reading.labelled is not None else []
        details += [reading.note] if reading.note else []
    yield from _wrapped("; ".join(details), width, 3)
    for reason in _reasons(finding):
        yield from _wrapped(reason, width, 3, "red" if finding.limit in row.failing else "")


def _reasons(finding: Finding) -> tuple[str, ...]:
    """The reasons that the columns do not tell already."""
    told = 1 if finding.budget is Outcome.OVER else 0
    plain = finding.reading is not None and finding.regression in {Outcome.NO_BASELINE, Outcome.NOT_COMPARED}
    return finding.why[told : len(finding.why) - plain]


def _wrapped(text: str, width: int, indents: int, mark: str = "") -> Iterator[Line]:
    front = INDENT * indents
    for paragraph in text.splitlines():
        for part in textwrap.wrap(paragraph, max(width - len(front), 30), break_long_words=False):
            yield (Piece(front + part, mark),)


def _closing(row: Result, width: int) -> Iterator[Line]:
    """Lines under a block: what would settle what is open, and what else there is to say."""
    if row.verdict is None:
        yield from _wrapped(row.failure.partition("\n")[0].rstrip(":"), width, 1, "red")
        return
    for remedy in dict.fromkeys(finding.remedy for finding in row.verdict.findings if _open(finding)):
        yield from _wrapped(f"next: {remedy}" if remedy else "", width, 1)
    for note in (*row.against, *row.verdict.notes):
        yield from _wrapped(note, width, 1)


def _open(finding: Finding) -> bool:
    return Outcome.INCONCLUSIVE in {finding.budget, finding.regression}


def uncompared(rows: Iterable[Result]) -> list[str]:
    """Return why some limits are never compared, each reason once, with the limits it holds for."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for finding in row.verdict.findings if row.verdict else ():
            if finding.regression is Outcome.NOT_COMPARED and finding.reading is not None:
                reasons.setdefault((row.device, finding.why[-1]), []).append(finding.limit)
    return [f"{', '.join(dict.fromkeys(names))} on {device}: {why}" for (device, why), names in reasons.items()]
