from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.records import Baseline, Known, Reading
from edgesense.report.trend import Value, trend

TEST = "tests/test_it.py::test_a"
FOLDER = Path("baselines")


def store(repository: Any, size: float, device: str = "host", extra: dict[str, Reading] | None = None) -> str:
    readings = {"size_kb": Reading(size, size, size, Known.EXACT), **(extra or {})}
    baseline = Baseline(TEST, device, {"cpu": "x"}, {}, readings)
    DirectoryStore(repository.top / FOLDER).save([baseline])
    return repository.commit()


def sizes(repository: Any, **settings: Any) -> list[tuple[str, float]]:
    points = trend(repository.top, FOLDER, TEST, "host", **settings)
    return [(point.commit, point.values["size_kb"].value) for point in points]


def test_what_was_accepted_comes_commit_by_commit_the_oldest_first(repository: Any) -> None:
    first, second = store(repository, 1024.0), store(repository, 2048.0)
    repository.write("other", "x")
    repository.commit()
    assert sizes(repository) == [(first, 1024.0), (second, 2048.0)]


def test_a_number_says_its_unit_its_interval_and_how_it_is_known(repository: Any) -> None:
    store(repository, 1024.0, extra={"instructions_m": Reading(5e6, 4e6, 6e6, Known.COUNTED)})
    (point,) = trend(repository.top, FOLDER, TEST, "host")
    assert point.values["instructions_m"] == Value(5e6, "instructions", Known.COUNTED, 4e6, 6e6)
    assert (point.fingerprint, point.when[:2]) == ({"cpu": "x"}, "20")


def test_only_the_newest_are_read_where_there_are_more_than_asked_for(repository: Any) -> None:
    commits = [store(repository, 1024.0 * size) for size in range(1, 5)]
    assert [commit for commit, _ in sizes(repository, most=2)] == commits[-2:]


def test_other_devices_and_other_tests_are_left_alone(repository: Any) -> None:
    store(repository, 1024.0, device="pi")
    assert sizes(repository) == []
    assert trend(repository.top, FOLDER, "tests/test_it.py::test_b", "pi") == ()


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
    assert len(trend(repository.top / "below", FOLDER, TEST, "host")) == 1


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
    assert trend(tmp_path, FOLDER, TEST, "host") == ()


def test_a_repository_without_a_commit_is_said_to_be_one(repository: Any) -> None:
    with pytest.raises(MeasurementError, match="git log failed"):
        trend(repository.top, FOLDER, TEST, "host")
