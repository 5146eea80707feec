from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.records import Baseline, Known, Reading
from edgesense.report import trend
from edgesense.report.records import Result, RunRecord, Step

TEST = "tests/test_it.py::test_a"
FOLDER = Path("baselines")


def store(repository: Any, size: float, device: str = "host", extra: dict[str, Reading] | None = None) -> str:
    readings = {"size_kb": Reading(size, size, size, Known.EXACT), **(extra or {})}
    baseline = Baseline(TEST, device, {"cpu": "x"}, {}, readings)
    DirectoryStore(repository.top / FOLDER).save([baseline])
    return repository.commit()


def sizes(repository: Any, **settings: Any) -> list[tuple[str, float]]:
    found = trend.of(repository.top, FOLDER, TEST, "host", **settings)
    return [(step.commit, step.value) for step in found.get("size_kb", ())]


def test_what_was_accepted_comes_commit_by_commit_the_oldest_first(repository: Any) -> None:
    first, second = store(repository, 1024.0), store(repository, 2048.0)
    repository.write("other", "x")
    repository.commit()
    assert sizes(repository) == [(first, 1024.0), (second, 2048.0)]


def test_a_number_says_when_it_was_accepted_and_how_it_is_known(repository: Any) -> None:
    commit = store(repository, 1024.0, extra={"instructions_m": Reading(5e6, 4e6, 6e6, Known.COUNTED)})
    (step,) = trend.of(repository.top, FOLDER, TEST, "host")["instructions_m"]
    assert step == Step(commit, step.when, 5e6, Known.COUNTED)
    assert step.when[:2] == "20"


def test_only_the_newest_are_read_where_there_are_more_than_asked_for(repository: Any) -> None:
    commits = [store(repository, 1024.0 * size) for size in range(1, 5)]
    assert [commit for commit, _ in sizes(repository, most=2)] == commits[-2:]


def test_other_devices_and_other_tests_are_left_alone(repository: Any) -> None:
    store(repository, 1024.0, device="pi")
    assert sizes(repository) == []
    assert trend.of(repository.top, FOLDER, "tests/test_it.py::test_b", "pi") == {}


def test_a_file_that_a_commit_damaged_is_left_out(repository: Any) -> None:
    first = store(repository, 1024.0)
    DirectoryStore(repository.top / FOLDER).path(TEST, "host").write_text("{}", encoding="utf-8")
    repository.commit()
    last = store(repository, 3072.0)
    assert sizes(repository) == [(first, 1024.0), (last, 3072.0)]


def test_a_project_below_the_repositorys_top_has_its_own_folder(repository: Any) -> None:
    baseline = Baseline(TEST, "host", {}, {}, {"size_kb": Reading(1.0, 1.0, 1.0, Known.EXACT)})
    DirectoryStore(repository.top / "below" / FOLDER).save([baseline])
    repository.commit()
    assert len(trend.of(repository.top / "below", FOLDER, TEST, "host")["size_kb"]) == 1


def test_a_merge_that_took_one_sides_number_adds_nothing(repository: Any) -> None:
    first = store(repository, 1024.0)
    repository.git("checkout", "--quiet", "-b", "side")
    second = store(repository, 2048.0)
    repository.git("checkout", "--quiet", "main")
    repository.write("other", "x")
    repository.commit()
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    assert [commit for commit, _ in sizes(repository)] == [first, second]


def test_a_merge_that_stored_a_number_of_its_own_counts(repository: Any) -> None:
    store(repository, 1024.0)
    repository.git("checkout", "--quiet", "-b", "side")
    store(repository, 2048.0)
    repository.git("checkout", "--quiet", "main")
    store(repository, 3072.0)
    repository.git("merge", "--quiet", "--no-commit", "--strategy=ours", "side")
    merged = store(repository, 4096.0)
    assert sizes(repository)[-1] == (merged, 4096.0)
    assert len(sizes(repository)) == 4


def test_there_is_no_trend_outside_of_a_repository(tmp_path: Path) -> None:
    assert trend.of(tmp_path, FOLDER, TEST, "host") == {}


def test_a_repository_without_a_commit_is_said_to_be_one(repository: Any) -> None:
    with pytest.raises(MeasurementError, match="git log failed"):
        trend.of(repository.top, FOLDER, TEST, "host")


def test_every_result_of_a_run_gets_its_own_trend(repository: Any) -> None:
    commits = [store(repository, 1024.0), store(repository, 2048.0)]
    store(repository, 5.0, device="pi")
    run = RunRecord(
        results=(
            Result(TEST, TEST, "host", None),
            Result(TEST, TEST, "pi", None),
            Result("other", "other", "host", None),
        )
    )
    found = trend.add(run, repository.top, repository.top / FOLDER)
    here, board, none = (result.trend for result in found.results)
    assert [(step.commit, step.value) for step in here["size_kb"]] == list(zip(commits, (1024.0, 2048.0), strict=True))
    assert [step.value for step in board["size_kb"]] == [5.0]
    assert (none, found.trend_note) == ({}, "")


def test_a_run_says_why_it_has_no_trend(tmp_path: Path, repository: Any) -> None:
    run = RunRecord(results=(Result(TEST, TEST, "host", None),))
    outside = trend.add(run, tmp_path / "elsewhere", tmp_path / "elsewhere" / FOLDER)
    repository.write("a", "1")
    repository.commit()
    unstored = trend.add(run, repository.top, repository.top / FOLDER)
    assert [outside.trend_note, unstored.trend_note] == [
        "no trend: the project lies in no git repository",
        "no trend: no commit stored a baseline",
    ]


def test_a_long_history_is_said_to_be_cut(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trend, "COMMITS", 2)
    commits = [store(repository, 1024.0 * size) for size in range(1, 4)]
    run = RunRecord(results=(Result(TEST, TEST, "host", None),))
    run = trend.add(run, repository.top, repository.top / FOLDER, most=2)
    assert [step.commit for step in run.results[0].trend["size_kb"]] == commits[1:]
    assert run.trend_note.startswith("older commits are not shown")
