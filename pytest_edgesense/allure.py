"""A test's budget for an Allure report: its table, its numbers and the files that explain it.

Allure is not imported here: where allure-pytest writes a report, it is loaded already.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from edgesense.report import cells
from pytest_edgesense import html, status
from pytest_edgesense.rows import Row

TABLE = "edge budget"
DEVICE, BUDGET = "edge_device", "edge_budget"
TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ font: 14px sans-serif }}
td, th {{ padding: .2em 1em .2em 0; text-align: left; vertical-align: top; white-space: nowrap }}
td:last-child {{ white-space: normal }}
</style>{}"""


class Attachment(NamedTuple):
    """A file of a report.

    Attributes:
        name: What it is called there.
        type: Its media type.
        extension: Its name's end, without the dot.
        file: The file; None where there is only a text.
        text: The text, "" for a file.
    """

    name: str
    type: str
    extension: str
    file: Path | None = None
    text: str = ""


def add(row: Row, root: Path) -> None:
    """Add a budget to the test that Allure has open.

    Args:
        row: The test's result.
        root: The directory that the files' paths start from.
    """
    allure: Any = sys.modules["allure"]
    allure.dynamic.label(DEVICE, row.device)
    shown = status.shown(row)
    if shown is not None:
        allure.dynamic.label(BUDGET, shown[1])
    for name, value in parameters(row):
        # Excluded: a number that is another one each time does not make the test another one.
        allure.dynamic.parameter(name, value, excluded=True)
    for one in attachments(row, root):
        if one.file is None:
            allure.attach(one.text, name=one.name, attachment_type=one.type, extension=one.extension)
        else:
            allure.attach.file(str(one.file), name=one.name, attachment_type=one.type, extension=one.extension)


def parameters(row: Row) -> Iterator[tuple[str, str]]:
    """Yield each limit with its number, how that is known, what it is held against and what came of it."""
    for finding in row.verdict.findings if row.verdict is not None else ():
        shown = cells.of(finding, fails=finding.limit in row.failing)
        value = f"{shown.value} {shown.known}" if finding.reading is not None else shown.value
        yield finding.limit, ", ".join(part for part in (value, shown.bound, shown.verdict) if part)


def attachments(row: Row, root: Path) -> Iterator[Attachment]:
    """Yield the table, and then each file that explains a missed budget, or why there is none."""
    yield Attachment(TABLE, TYPES[".html"], "html", text=PAGE.format(html.below(row)["content"]))
    for one in row.evidence.attached:
        file = root / one.path
        if one.path and file.is_file():
            yield Attachment(one.title, TYPES.get(file.suffix, "application/octet-stream"), file.suffix[1:], file)
        else:
            yield Attachment(one.title, TYPES[".txt"], "txt", text=one.reason or f"{one.path} is gone")
