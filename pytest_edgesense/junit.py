"""What explains a missed budget, attached to its test case in pytest's junit XML: GitLab and Jenkins show the files.

Both look for lines ``[[ATTACHMENT|path]]`` in a test case's ``system-out``: GitLab's unit test reports, which take a
path from ``CI_PROJECT_DIR`` and link the first, and Jenkins' junit-attachments plug-in, which takes one from the
workspace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from edgesense.report import places
from edgesense.report.records import Result
from pytest_edgesense.rows import Row
from pytest_edgesense.session import VERDICT

OUT = "system-out"
CHECKED_OUT = ("CI_PROJECT_DIR", "WORKSPACE")
"""Where GitLab and Jenkins say that they checked the repository out."""
READABLE = re.compile(r"[^\[\]|\n\r]+")
"""What GitLab reads as a path."""


def lines(result: Result, root: Path) -> Iterator[str]:
    """Yield a line for each file that explains a result, the most telling first.

    Args:
        result: One test on one device.
        root: The directory that the files' paths start from.
    """
    below = places.below(root, *CHECKED_OUT)
    for one in result.evidence.attached:
        if one.path:
            path = one.path if Path(one.path).is_absolute() else f"{below}{one.path}"
            if READABLE.fullmatch(path):
                yield f"[[ATTACHMENT|{path}]]"


class Attaching:
    """A plugin that adds these lines to test cases; pytest writes its file after it."""

    def __init__(self, config: pytest.Config, root: Path) -> None:
        """Add to a run's file.

        Args:
            config: pytest's.
            root: The directory that the files' paths start from.
        """
        self._config = config
        self._root = root
        self._open: dict[tuple[str, object], tuple[Any, Sequence[str]]] = {}

    # After pytest's own, which ends a test case with its teardown: what was captured may stand there by then, and
    # readers take one `system-out`.
    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test case until it is complete, and add to it then."""
        key = (report.nodeid, getattr(report, "node", None))
        text = getattr(report, VERDICT, None)
        if text is not None:
            found = list(lines(Row.from_json(text), self._root))
            xml = self._xml()
            if found and xml is not None:
                self._open[key] = (xml.node_reporter(report), found)
        elif report.when == "teardown" and key in self._open:
            case, kept = self._open.pop(key)
            add(case.to_xml(), kept)

    def _xml(self) -> Any:
        return next((one for one in self._config.pluginmanager.get_plugins() if hasattr(one, "node_reporter")), None)


def add(case: ET.Element, found: Sequence[str]) -> None:
    """Add lines to a test case's output, which may hold something already."""
    out = case.find(OUT)
    if out is None:
        out = ET.SubElement(case, OUT)
    before = f"{out.text.rstrip()}\n" if out.text and out.text.strip() else ""
    out.text = before + "".join(f"{line}\n" for line in found)
