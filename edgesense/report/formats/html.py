"""The page of a run as one file; what is too large to be inside it is linked where it lies."""

from __future__ import annotations

from pathlib import Path

from edgesense.report import page
from edgesense.report.page.files import Files, below
from edgesense.report.records import RunRecord

NAME = "html"
ABOUT = "people: one page with gauges, distributions, trends and flame graphs; needs no network"
SUFFIX = ".html"


need = page.need


def render(run: RunRecord, *, root: Path) -> str:
    """Return the page."""
    return page.render(run, Files(below(root), beside=False))
