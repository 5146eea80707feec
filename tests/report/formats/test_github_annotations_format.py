"""Read with the runner's own grammar: ``::command key=value,key=value::data``, properties and data unescaped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgesense.report.formats import github_annotations
from edgesense.report.records import RunRecord

COMMAND = re.compile(r"^::(?P<name>[a-z]+)(?: (?P<properties>.*?))?::(?P<data>.*)$")


def unescaped(text: str, *, is_property: bool) -> str:
    for escaped, plain in (("%0D", "\r"), ("%0A", "\n"), *((("%3A", ":"), ("%2C", ",")) if is_property else ())):
        text = text.replace(escaped, plain)
    return text.replace("%25", "%")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    found = []
    for line in text.splitlines():
        match = COMMAND.match(line)
        assert match, line
        pairs = [pair.partition("=") for pair in match["properties"].split(",")]
        properties = {key: unescaped(value, is_property=True) for key, _, value in pairs}
        found.append((match["name"], properties, unescaped(match["data"], is_property=False)))
    return found


def test_what_fails_is_an_error_at_the_tests_line(run: RunRecord) -> None:
    first, _ = commands(github_annotations.render(run, root=Path()))
    assert first[0] == "error"
    assert first[1] == {"file": "tests/test_it.py", "line": "12", "title": "latency_ms on host: OVER"}
    assert "34.5 ms is over its limit 30 ms" in first[2]


def test_percent_signs_commas_colons_and_lines_arrive_as_they_were(run: RunRecord) -> None:
    *_, last = commands(github_annotations.render(run, root=Path()))
    assert last[2].endswith("not measured on host: 100% gone, a:b\nreally")


def test_a_file_with_a_comma_and_a_colon_keeps_its_name(run: RunRecord) -> None:
    from dataclasses import replace

    from edgesense.report.records import Place

    odd = replace(run.results[0], place=Place("a,b:c%.py", 3))
    (first,) = commands(github_annotations.render(RunRecord((odd,)), root=Path()))
    assert first[1]["file"] == "a,b:c%.py"


def test_no_more_are_printed_than_are_shown_and_the_last_says_how_many_there_are(many: RunRecord) -> None:
    found = commands(github_annotations.render(many, root=Path()))
    assert len(found) == 10
    assert found[-1][2] == "391 more of this kind are in the log"


def test_a_file_of_remarks_names_files_from_the_repositorys_top(
    run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (tmp_path / ".git").mkdir()
    first, *_ = commands(github_annotations.render(run, root=tmp_path / "sub"))
    assert first[1]["file"] == "sub/tests/test_it.py"
