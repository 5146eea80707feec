"""All results of a run as files, for people and for programs: written once, by one process, also when tests fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from edgesense import __version__
from edgesense.errors import EdgeSenseError
from edgesense.perf import history
from edgesense.perf.files import write_atomically
from edgesense.report import formats, page, trend
from edgesense.report.records import Result, RunRecord
from pytest_edgesense import status
from pytest_edgesense.rows import Row
from pytest_edgesense.settings import Settings
from pytest_edgesense.tally import tally


def record(rows: Sequence[Row], planned: int, problems: Sequence[str], settings: Settings) -> RunRecord:
    """Return a run as reports are made of it."""
    counts = tally(rows, planned)
    commit, modified = _state(settings.root)
    run = RunRecord(
        results=tuple(_shown(row) for row in rows),
        said=str(counts),
        tally=asdict(counts),
        strict=settings.strict,
        strict_because=settings.strict_because,
        against=settings.against,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit,
        modified=modified,
        release=__version__,
        problems=tuple(problems),
    )
    return trend.add(run, settings.root, settings.baselines)


class Written(NamedTuple):
    """What came of writing a run's files.

    Attributes:
        problems: What could not be written.
        remarks: Lines for who reads the log.
        page: The page of the run; None where none was written.
    """

    problems: Sequence[str]
    remarks: Sequence[str] = ()
    page: Path | None = None


def publish(run: RunRecord, settings: Settings) -> Written:
    """Write everything that was asked for."""
    problems = list(write(run, settings))
    page_file: Path | None = None
    remarks: list[str] = []
    if settings.report is not None:
        try:
            page_file = page.write(run, settings.report, settings.root)
        except (OSError, EdgeSenseError) as error:
            problems.append(f"the page was not written to {settings.report}: {error}")
    if settings.github:
        from pytest_edgesense import github

        problems += github.summarise(run, settings.root)
        remarks = github.remarks(run, settings.root)
    return Written(problems, remarks, page_file)


def write(run: RunRecord, settings: Settings) -> Iterator[str]:
    """Write every file that was asked for; yield why one could not be."""
    for name, path in settings.exports:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, formats.find(name).render(run, root=settings.root))
        except (OSError, EdgeSenseError) as error:
            yield f"the results were not written to {path}: {error}"


def _state(root: Path) -> tuple[str, bool]:
    """Return a project's commit, "" without one, and whether its files differ from it."""
    top = history.top(root)
    try:
        return (history.resolve(top, "HEAD"), history.differs(top)) if top is not None else ("", False)
    except EdgeSenseError:
        # No git, or a repository without a commit: a report says so by saying nothing.
        return "", False


def _shown(row: Row) -> Result:
    letter, word, _ = status.shown(row) or ("", "", "")
    return replace(row, letter=letter, word=word)
