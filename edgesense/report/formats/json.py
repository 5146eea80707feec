"""The run record itself: what ``edgesense report`` reads again, and programs of one's own."""

from __future__ import annotations

from pathlib import Path

from edgesense.report import schema
from edgesense.report.records import RunRecord

NAME = "json"
ABOUT = "everything, for programs and for edgesense report"
SUFFIX = ".json"


def render(run: RunRecord, *, root: Path) -> str:  # noqa: ARG001 - every format is asked in the same way
    """Return the file's text."""
    return schema.dump(run)
