"""Runs as files, on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from edgesense.cli import main
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.records import Baseline, Known, Reading
from edgesense.report import formats

RUN = str(Path(__file__).parents[1] / "data" / "run-1.json")


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["report", *arguments]) == status
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out + err


def test_a_run_is_shown_as_pytest_showed_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", RUN)
    assert "test_it.py::test_over on host" in text
    assert "78.1 KiB  ≤ 0.001 KiB  exact  none      OVER" in text


def test_only_what_fails_is_shown_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", RUN, "--failed")
    assert "test_met" not in text
    assert "1 of 2 shown" in text


def test_only_tests_with_a_text_in_their_name_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", RUN, "--test", "_met")
    assert "test_over" not in text
    assert "test_met" in text


def test_a_run_does_not_differ_from_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert "2 of 2 stayed the same" in said(capsys, "diff", RUN, RUN)


def test_a_run_is_written_in_another_form(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert said(capsys, "export", RUN, "--format", "markdown").startswith("<!-- edgesense-budgets -->")
    target = tmp_path / "quality.json"
    said(capsys, "export", RUN, "--format", "gitlab-codequality", "--output", str(target))
    assert target.read_text(encoding="utf-8").startswith("[")


def test_every_format_is_listed_with_what_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "formats")
    assert all(f"{name} " in text and one.ABOUT in text for name, one in formats.every().items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "gone.json"], "gone.json cannot be read: No such file"),
        (["export", RUN, "--format", "markdwn"], "did you mean 'markdown'?"),
        (["export", RUN, "--format", "json", "--output", "/dev/null/x"], "--output /dev/null/x"),
        (["diff", RUN, "gone.json"], "gone.json cannot be read: No such file"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    text = said(capsys, *arguments, status=2)
    assert message in text
    assert len(text.strip().splitlines()) == 1


def stored(repository: Any, *sizes: float) -> list[str]:
    commits = []
    for size in sizes:
        baseline = Baseline("t.py::test_a", "host", {}, {}, {"size_kb": Reading(size, size, size, Known.EXACT)})
        DirectoryStore(repository.top / "baselines").save([baseline])
        commits.append(repository.commit())
    return commits


def test_a_tests_history_has_a_line_a_commit(capsys: pytest.CaptureFixture[str], repository: Any) -> None:
    first, second = stored(repository, 1024.0, 2048.0)
    text = said(capsys, "history", "test_a", "--root", str(repository.top))
    assert "size_kb on host  ▁█  2 commits" in text
    assert f"{first[:7]}  20" in text
    assert f"{second[:7]}  20" in text
    assert "2.00 KiB  exact      +100.00 %" in text


def test_a_history_is_drawn(capsys: pytest.CaptureFixture[str], repository: Any, tmp_path: Path) -> None:
    stored(repository, 1024.0, 2048.0)
    target = tmp_path / "curve.svg"
    said(capsys, "history", "test_a", "--root", str(repository.top), "--plot", str(target))
    assert ET.fromstring(target.read_text(encoding="utf-8")).tag.endswith("svg")  # noqa: S314 - its own text


def test_a_test_without_a_baseline_has_no_history(capsys: pytest.CaptureFixture[str], repository: Any) -> None:
    stored(repository, 1024.0)
    assert "one test whose name holds 'test_z' is wanted, none in" in said(
        capsys, "history", "test_z", "--root", str(repository.top), status=2
    )
