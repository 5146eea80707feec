"""What was accepted at two commits, here, and in a run: compared on the command line."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from edgesense.cli import main
from edgesense.perf import metrics
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.records import Baseline, Known, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report import schema
from edgesense.report.records import Evidence, Result, RunRecord, Setting

TEST = "t.py::test_a"


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["report", "diff", *arguments]) == status
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out + err


def number(value: float, known: Known = Known.EXACT) -> Reading:
    return Reading(value, value, value, known)


def keep(top: Path, *, device: str = "pi", elsewhere: Any = None, fingerprint: Any = None, **readings: Reading) -> Path:
    """Store a baseline and return its file."""
    baseline = Baseline(TEST, device, fingerprint or {}, {}, readings, elsewhere or {})
    (path,) = DirectoryStore(top / "baselines").save([baseline])
    return path


@pytest.fixture
def twice(repository: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project that accepted 1 KiB, tagged `first`, and then 2 KiB; commands run in it."""
    keep(repository.top, size_kb=number(1024.0))
    repository.commit()
    repository.git("tag", "first")
    keep(repository.top, size_kb=number(2048.0))
    repository.commit()
    monkeypatch.chdir(repository.top)
    return repository


def test_two_commits_differ_by_what_was_accepted(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    text = said(capsys, "first", "HEAD")
    assert f"{TEST} on pi" in text
    assert "size_kb" in text
    assert "1.00 KiB" in text
    assert "2.00 KiB" in text
    assert "+100.00 %" in text
    assert "worse" in text
    assert "first: " in text
    assert "1 baseline on pi" in text


def test_one_commit_is_compared_with_what_is_accepted_here(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    keep(twice.top, size_kb=number(512.0))
    text = said(capsys, "first")
    assert "better" in text
    assert "0.5" in text
    assert " and changes, " in text


def test_a_commit_does_not_differ_from_itself(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    assert "1 of 1 stayed the same" in said(capsys, "first", "first")


def test_a_test_that_has_gone_and_a_new_one_are_told(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    keep(twice.top, acc=number(0.9))
    text = said(capsys, "HEAD")
    assert "gone" in text
    assert "new" in text


def test_only_one_device_is_shown_where_that_is_asked_for(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    keep(twice.top, device="host", size_kb=number(99.0))
    assert "on host" not in said(capsys, "first", "--device", "pi")
    assert "--device pj: there are host, pi" in said(capsys, "first", "--device", "pj", status=2)


def test_numbers_that_were_made_elsewhere_are_no_verdict(capsys: pytest.CaptureFixture[str], repository: Any) -> None:
    key = metrics.find("rss_mb").tolerance.depends_on[0]
    keep(repository.top, device="host", fingerprint={key: "this"}, rss_mb=number(1e8, Known.MEASURED))
    repository.commit()
    keep(
        repository.top,
        device="host",
        fingerprint={key: "this"},
        elsewhere={"rss_mb": {key: "that"}},
        rss_mb=number(2e8, Known.MEASURED),
    )
    text = said(capsys, "HEAD", "--root", str(repository.top))
    assert "no verdict" in text
    assert f"{key} was this, is that" in text


def run_of(path: Path, *, failing: tuple[str, ...] = (), **readings: Reading) -> str:
    findings = tuple(Finding(name, None, one, None, Outcome.NOT_COMPARED) for name, one in readings.items())
    evidence = Evidence(measured=Setting())
    result = Result(TEST, TEST, "pi", Verdict(TEST, "pi", findings), failing=failing, evidence=evidence)
    path.write_text(schema.dump(RunRecord((result,), "1 budget")), encoding="utf-8")
    return path.name


def test_a_run_alone_is_compared_with_what_is_accepted_here(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    keep(twice.top, device="host", size_kb=number(99.0))
    file = run_of(twice.top / "run.json", size_kb=number(4096.0), latency_ms=number(0.01, Known.PREDICTED))
    lines = said(capsys, file).splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["here", "run.json"]
    text = "\n".join(lines)
    assert "worse" in text
    # Times are never stored, and a run on one device says nothing of another's.
    assert "latency_ms" not in text
    assert "on host" not in text.partition("test and limit")[2]


def test_a_run_stands_beside_a_commit_in_the_order_that_was_given(
    capsys: pytest.CaptureFixture[str], twice: Any
) -> None:
    file = run_of(twice.top / "run.json", size_kb=number(4096.0))
    assert "better" in said(capsys, file, "first")
    assert "worse" in said(capsys, "first", file)


def test_what_fails_in_the_run_fails_now(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    file = run_of(twice.top / "run.json", failing=("size_kb",), size_kb=number(4096.0))
    assert "fails now" in said(capsys, "first", file)


def test_what_pipelines_are_made_of_is_no_baseline(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    twice.write("baselines/artifacts/ab/0123.json", "no baseline")
    twice.commit()
    assert "1 of 1 stayed the same" in said(capsys, "HEAD", "HEAD~1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["frist"], "git knows no commit 'frist' here; it may have to be fetched first: git fetch --tags"),
        (["first", "gone.json"], "gone.json cannot be read: No such file"),
        (["first", "HEAD", "--baselines", "elsewhere"], "neither first nor HEAD has a baseline in elsewhere"),
        (["first", "--baselines", "/"], "outside of the repository"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    capsys: pytest.CaptureFixture[str], twice: Any, arguments: list[str], message: str
) -> None:
    text = said(capsys, *arguments, status=2)
    assert message in text
    assert len(text.strip().splitlines()) == 1


def test_a_damaged_baseline_is_named(capsys: pytest.CaptureFixture[str], twice: Any) -> None:
    path = keep(twice.top, size_kb=number(1.0))
    path.write_text("{}", encoding="utf-8")
    text = said(capsys, "HEAD", status=2)
    assert f"the baseline pi/{path.name} cannot be read" in text


def test_outside_of_a_repository_a_word_is_no_commit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "'main' is no file, and no commit either" in said(capsys, "main", status=2)


def test_a_shallow_clone_says_how_to_fetch_the_rest(
    capsys: pytest.CaptureFixture[str], twice: Any, tmp_path: Path
) -> None:
    clone = tmp_path / "shallow"
    command = ["git", "clone", "-q", "--depth", "1", f"file://{twice.top}", str(clone)]
    subprocess.run(command, check=True)
    text = said(capsys, "first", "--root", str(clone), status=2)
    assert "this is a shallow clone: fetch all of it (git fetch --unshallow" in text
