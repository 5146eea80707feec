"""What a run says at its end: the table, what was stored, how strict it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

import pytest

from edgesense.perf.records import Outcome
from pytest_edgesense import table
from pytest_edgesense.options import Settings
from pytest_edgesense.reporting import shown_path
from pytest_edgesense.rows import Row

UNPIPED = (100, 24)


def write(terminal: pytest.TerminalReporter, rows: Sequence[Row], settings: Settings, problem: str) -> None:
    """Write the summary of `rows`; with ``-q`` only the blocks of those that fail, and the tally."""
    terminal.write_sep("=", "edge budgets")
    shown = rows if terminal.config.get_verbosity() >= 0 else [row for row in rows if row.failure]
    if shown:
        for line in table.render(shown, shutil.get_terminal_size(UNPIPED).columns):
            for piece in line:
                terminal.write(piece.text, **({piece.mark: True} if piece.mark else {}))
            terminal.write("\n")
        for reason in table.uncompared(shown):
            terminal.write_line(reason)
    for text in stored(rows, settings, problem) if settings.update is not None else ():
        terminal.write_line(text)
    if problem:
        terminal.write_line(problem, red=True)
    terminal.write_line(strictness(rows, settings))
    terminal.write_line(table.tally(rows), bold=True)


def stored(rows: Sequence[Row], settings: Settings, problem: str) -> Iterator[str]:
    """Yield what an update stored, and what it did not and why."""
    written = [] if problem else [row for row in rows if row.baseline]
    if written:
        yield f"baselines stored in {shown_path(settings.baselines, settings.root)}:"
    for row in written:
        yield f"  {row.test} on {row.device}"
        yield from (f"    {change}" for change in row.changes)
    for row in rows:
        if not row.baseline:
            yield f"not stored: {row.test} on {row.device}: {_why_not(row)}"


def _why_not(row: Row) -> str:
    if row.failure:
        return row.failure.partition("\n")[0]
    return "it did not pass" if row.outcome != "passed" else "nothing changed"


def strictness(rows: Sequence[Row], settings: Settings) -> str:
    """Return whether the run was strict, and why."""
    if settings.strict:
        return f"strict: what is inconclusive or has no baseline fails ({settings.strict_because})"
    unsure = sum(1 for row in rows if row.verdict is not None and _unsure(row) and not row.baseline)
    passed = f"; {unsure} inconclusive or without baseline, which --edge-strict would fail" if unsure else ""
    return f"not strict ({settings.strict_because}){passed}"


def _unsure(row: Row) -> bool:
    assert row.verdict is not None  # noqa: S101 - the caller has looked
    wanted = {Outcome.INCONCLUSIVE, Outcome.NO_BASELINE}
    return any(wanted & {finding.budget, finding.regression} for finding in row.verdict.findings)
