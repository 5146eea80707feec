"""Against what GitLab's documentation asks of an entry: description, check_name, fingerprint, location, severity."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.report.formats import gitlab_codequality
from edgesense.report.records import RunRecord

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def entries(run: RunRecord) -> list[dict[str, object]]:
    return json.loads(gitlab_codequality.render(run, root=Path()))


def test_each_entry_has_what_gitlab_asks_for(run: RunRecord) -> None:
    found = entries(run)
    assert len(found) == 2
    for one in found:
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["severity"] in SEVERITIES
        assert "\n" not in one["description"]
        path, begin = one["location"]["path"], one["location"]["lines"]["begin"]
        assert not Path(path).is_absolute()
        assert begin >= 1
    assert len({one["fingerprint"] for one in found}) == len(found)


def test_a_limit_is_known_again_when_its_numbers_and_its_line_change(run: RunRecord) -> None:
    moved = replace(run.results[0], place=None, failure="other")
    first, second = entries(run)[0], entries(RunRecord((moved,)))[0]
    assert first["fingerprint"] == second["fingerprint"]


def test_a_run_in_which_all_is_well_is_an_empty_list() -> None:
    assert entries(RunRecord()) == []


def test_files_are_named_from_the_repositorys_top(
    run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    (tmp_path / "sub").mkdir()
    (first, _) = json.loads(gitlab_codequality.render(run, root=tmp_path / "sub"))
    assert first["location"]["path"] == "sub/tests/test_it.py"


def test_without_gitlab_the_top_is_gits(run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    (tmp_path / ".git").mkdir()
    (first, _) = json.loads(gitlab_codequality.render(run, root=tmp_path / "sub"))
    assert first["location"]["path"] == "sub/tests/test_it.py"
