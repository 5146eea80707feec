"""A comment ready to post in a pull request or merge request, and a step's summary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgesense.perf import history
from edgesense.report import cells, concerns, escaping
from edgesense.report.concerns import Weight
from edgesense.report.records import Result, RunRecord
from edgesense.report.table import HOST, NOT_GATING

NAME = "markdown"
ABOUT = "people: a comment for GitHub or GitLab, cut to what both take"
SUFFIX = ".md"

MARK = "<!-- edgesense-budgets -->"
"""By which a later run finds its comment again."""
MOST = 60_000
"""GitHub takes 65,536 characters in a comment."""
TEXT_AT_MOST = 4_000
HEAD = "| limit | value | budget | known | baseline | verdict |\n|---|---|---|---|---|---|"


def render(run: RunRecord, *, root: Path) -> str:  # noqa: ARG001 - every format is asked in the same way
    """Return the comment: what fails first, with its reasons, then all numbers."""
    parts = [MARK, f"### Edge budgets: {_headline(run)}", escaping.markdown(run.said), *_facts(run)]
    blocks = [*_failures(run), *_tables(run)]
    size = sum(len(part) + 2 for part in parts)
    for index, block in enumerate(blocks):
        if size + len(block) > MOST:
            rest = f"{len(blocks) - index} more blocks are left out: a comment holds {MOST:,} characters"
            parts.append(f"{rest}; the whole run is in its JSON (`--edge-export=json:FILE`).")
            break
        parts.append(block)
        size += len(block) + 2
    return "\n\n".join(parts) + "\n"


def _headline(run: RunRecord) -> str:
    failing = sum(1 for result in run.results if result.fails)
    if failing:
        return f"❌ {failing} of {len(run.results)} fail"
    open_ones = sum(1 for one in concerns.of(run) if one.weight is Weight.OPEN)
    return f"⚠️ none fails, {open_ones} to look at" if open_ones else "✅ none fails"


def _facts(run: RunRecord) -> Iterator[str]:
    said = []
    if run.commit:
        said.append(f"commit {escaping.code(history.short(run.commit))}{' and changes' if run.modified else ''}")
    if run.against:
        said.append(f"compared with {escaping.code(run.against)}")
    if run.strict:
        said.append(f"strict ({escaping.markdown(run.strict_because)})")
    if said:
        yield "; ".join(said)
    for problem in run.problems:
        yield f"**{escaping.markdown(problem)}**"


def _failures(run: RunRecord) -> Iterator[str]:
    for result in run.results:
        if result.fails:
            text = escaping.shortened(result.failure, TEXT_AT_MOST, "(cut; the whole text is in the log)")
            summary = f"<summary>{escaping.code(result.test)} on {escaping.markdown(result.device)}</summary>"
            yield f"<details open>{summary}\n\n{escaping.fenced(text)}\n\n</details>"


def _tables(run: RunRecord) -> Iterator[str]:
    for result in sorted(run.results, key=lambda one: not one.fails):
        aside = " (a computer; says nothing about a board)" if result.device == HOST else ""
        gating = "" if result.gates else f" – {NOT_GATING}"
        title = f"**{escaping.code(result.test)}** on {escaping.markdown(result.device)}{aside}{gating}"
        rows = list(_rows(result))
        yield "\n".join([title, "", HEAD, *rows]) if rows else f"{title}: nothing was judged"


def _rows(result: Result) -> Iterator[str]:
    for finding in result.verdict.findings if result.verdict is not None else ():
        found = cells.of(finding, fails=finding.limit in result.failing)
        *plain, verdict = (escaping.markdown(text) for text in found.texts)
        yield f"| {' | '.join([*plain, f'**{verdict}**' if finding.limit in result.failing else verdict])} |"
    for name in result.absent:
        yield f"| {escaping.markdown(name)} | no limit for {escaping.markdown(result.device)} | | | | |"
