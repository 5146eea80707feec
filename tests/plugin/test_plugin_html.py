"""Links to what explains a missed budget, in the report of pytest-html."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from edgesense.report.records import Attached, Evidence
from pytest_edgesense import html
from pytest_edgesense.rows import Row


def row(*attached: Attached) -> Row:
    return Row("t", "t", "host", None, evidence=Evidence(attached=attached))


def test_a_file_is_a_link_from_where_the_report_lies(tmp_path: Path) -> None:
    (only,) = html.files(row(Attached("flame <graph>", ".edgesense/a b#1.html")), tmp_path, tmp_path / "out" / "r.html")
    assert only["format_type"] == "url"
    assert only["name"] == "flame &lt;graph&gt;"
    assert '"' not in only["content"]
    target = tmp_path / "out" / unquote(only["content"])
    assert target.resolve() == (tmp_path / ".edgesense" / "a b#1.html").resolve()


def test_a_reason_in_the_place_of_a_file_is_no_link(tmp_path: Path) -> None:
    assert list(html.files(row(Attached("memray", reason="not installed")), tmp_path, tmp_path / "r.html")) == []
