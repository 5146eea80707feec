"""A test's budget for the report of pytest-html: plain dictionaries, so that nothing of it is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edgesense.perf import metrics, units
from edgesense.perf.verdicts import Finding
from edgesense.report.cells import gate_change
from pytest_edgesense.rows import Row
from pytest_edgesense.status import NOT_GATING

HEAD = ("limit", "value", "bound", "budget", "regression", "change", "why")


def below(row: Row) -> dict[str, Any]:
    """Return what pytest-html shows below a test: each limit with both its results."""
    head = "".join(f"<th>{escape(name)}</th>" for name in HEAD)
    lines = [_line(finding) for finding in row.verdict.findings] if row.verdict is not None else []
    aside = "" if row.gates else f" ({NOT_GATING})"
    said = [f"<p>edge budget on {escape(row.device)}{aside}</p>"]
    said += [f"<table><tr>{head}</tr>{''.join(lines)}</table>"] if lines else [f"<pre>{escape(row.failure)}</pre>"]
    said += [f"<p>{escape(text)}</p>" for text in row.against]
    return {
        "name": "edge budget",
        "format_type": "html",
        "content": "".join(said),
        "mime_type": None,
        "extension": None,
    }


def files(row: Row, root: Path, report: Path) -> Iterator[dict[str, Any]]:
    """Yield a link for each file that explains a missed budget.

    Args:
        row: The test's result.
        root: The directory that the files' paths start from.
        report: The report's file; links start from its directory, so that both can be kept together elsewhere.
    """
    for one in row.evidence.attached:
        if one.path:
            path = Path(os.path.relpath(root / one.path, report.absolute().parent)).as_posix()
            # pytest-html puts both into the page as they are.
            link = {"name": escape(one.title), "format_type": "url", "content": quote(path)}
            yield {**link, "mime_type": None, "extension": None}


def _line(finding: Finding) -> str:
    return "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in _texts(finding)) + "</tr>"


def _texts(finding: Finding) -> Iterator[str]:
    unit = metrics.find(finding.limit).unit
    yield finding.limit
    yield "–" if finding.reading is None else units.text(finding.reading.value, unit)
    yield "" if finding.bound is None else units.text(finding.bound, unit)
    yield "" if finding.budget is None else f"{finding.budget.letter} {finding.budget.word}"
    yield f"{finding.regression.letter} {finding.word}"
    if finding.change is not None:
        yield gate_change(finding.change)
    elif finding.before is not None and finding.reading is not None:
        yield units.change(finding.reading.value, finding.before, absolute=unit is units.RATIO)
    else:
        yield ""
    yield "; ".join(finding.why)
