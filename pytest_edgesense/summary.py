"""What a run says at its end: the table, what was stored, how strict it was, and the count of all budgets."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgesense.perf import metrics
from edgesense.perf.records import Known
from edgesense.perf.units import MILLISECOND
from edgesense.perf.verdicts import Outcome
from edgesense.report import table
from pytest_edgesense.reporting import shown_path
from pytest_edgesense.rows import Row
from pytest_edgesense.settings import Settings
from pytest_edgesense.tally import tally

UNPIPED = (100, 24)


@dataclass(frozen=True)
class Told:
    """What a run came to.

    Attributes:
        rows: Its budgets.
        planned: How many there should be.
        workers: Of xdist; 0 without it.
        problems: What could not be stored or written.
        kept: Files that are to be committed beside the baselines that were stored.
        page: The page of the run; None where none was written.
    """

    rows: Sequence[Row]
    planned: int = 0
    workers: int = 0
    problems: Sequence[str] = ()
    kept: Sequence[Path] = ()
    page: Path | None = None


def write(terminal: pytest.TerminalReporter, told: Told, settings: Settings) -> None:
    """Write the summary; with ``-q`` only the blocks of those that fail, and the tally."""
    terminal.write_sep("=", "edge budgets")
    rows = told.rows
    shown = rows if terminal.config.get_verbosity() >= 0 else [row for row in rows if row.failure]
    if shown:
        for line in table.render(shown, shutil.get_terminal_size(UNPIPED).columns):
            for piece in line:
                terminal.write(piece.text, **({piece.mark: True} if piece.mark else {}))
            terminal.write("\n")
        for reason in table.uncompared(shown):
            terminal.write_line(reason)
    for text in stored(told, settings) if settings.update is not None else ():
        terminal.write_line(text)
    for problem in told.problems:
        terminal.write_line(problem, red=True)
    if settings.against is not None:
        terminal.write_line(f"compared with {settings.against} ({settings.against_from}), not with what is stored here")
    if told.page is not None:
        terminal.write_line(f"page of this run: {shown_path(told.page, settings.root)}")
    for text in busy(told):
        terminal.write_line(text, yellow=True)
    terminal.write_line(strictness(rows, settings))
    terminal.write_line(str(tally(rows, told.planned)), bold=True)


def busy(told: Told) -> Iterator[str]:
    """Yield that several workers shared the computer, where times were taken on it."""
    findings = [one for row in told.rows for one in (row.verdict.findings if row.verdict else ()) if one.reading]
    timed = any(
        finding.reading is not None
        and finding.reading.known is Known.MEASURED
        and metrics.find(finding.limit).unit is MILLISECOND
        for finding in findings
    )
    if told.workers > 1 and timed:
        yield (
            f"{told.workers} workers shared this computer while times were taken: measurements waited for one another, "
            "other tests did not"
        )


def stored(told: Told, settings: Settings) -> Iterator[str]:
    """Yield what an update stored, and what it did not and why."""
    written = [] if told.problems else [row for row in told.rows if row.baseline]
    if written:
        yield f"baselines stored in {shown_path(settings.baselines, settings.root)}:"
    for row in written:
        yield f"  {row.test} on {row.device}"
        yield from (f"    {change}" for change in row.changes)
    if told.kept:
        yield "pipeline files that git does not keep by itself; commit them with the baselines:"
    yield from (f"  {shown_path(path, settings.root)}" for path in told.kept)
    for row in told.rows:
        if not row.baseline:
            yield f"not stored: {row.test} on {row.device}: {_why_not(row)}"


def _why_not(row: Row) -> str:
    if row.failure:
        return row.failure.partition("\n")[0]
    if row.outcome != "passed":
        return "it did not pass"
    over = row.verdict is not None and any(one.budget is Outcome.OVER for one in row.verdict.findings)
    return "it is over its budget, which does not gate" if over else "nothing changed"


def strictness(rows: Sequence[Row], settings: Settings) -> str:
    """Return whether the run was strict, and why."""
    if settings.strict:
        return f"strict: what is inconclusive or has no baseline fails ({settings.strict_because})"
    unsure = [row for row in rows if row.verdict is not None and _unsure(row) and not row.baseline]
    passed = f"; {len(unsure)} inconclusive or without baseline, which --edge-strict would fail" if unsure else ""
    if any(_bare(row) for row in unsure):
        passed += "; --update-baselines stores what was measured"
    return f"not strict ({settings.strict_because}){passed}"


def _bare(row: Row) -> bool:
    findings = row.verdict.findings if row.verdict is not None else ()
    return any(finding.regression is Outcome.NO_BASELINE for finding in findings)


def _unsure(row: Row) -> bool:
    assert row.verdict is not None  # noqa: S101 - the caller has looked
    wanted = {Outcome.INCONCLUSIVE, Outcome.NO_BASELINE}
    return row.gates and any(wanted & {finding.budget, finding.regression} for finding in row.verdict.findings)
