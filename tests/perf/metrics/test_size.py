from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from edgesense.errors import NotMeasured, PipelineError
from edgesense.perf import metrics
from edgesense.perf.metrics import size
from edgesense.perf.records import Known, Reading, Report


class Ships:
    def __init__(self, *paths: Path) -> None:
        self._paths = paths

    def artifacts(self) -> tuple[Path, ...]:
        return self._paths


def written(path: Path, count: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(count))
    return path


def measured(*paths: Path) -> Reading:
    return metrics.find("size_kb").reduce([Report(facts=size.probe(Ships(*paths), {})["facts"])], Known.EXACT)


def test_the_size_is_the_sum_of_the_files_that_ship(tmp_path: Path) -> None:
    reading = measured(written(tmp_path / "a", 1000), written(tmp_path / "b", 24))
    assert (reading.value, reading.low, reading.high) == (1024, 1024, 1024)
    assert reading.parts == {"a": 1000, "b": 24}


def test_two_files_of_one_name_both_count(tmp_path: Path) -> None:
    assert measured(written(tmp_path / "a/model", 1000), written(tmp_path / "b/model", 24)).value == 1024


def test_a_file_named_twice_ships_once(tmp_path: Path) -> None:
    path = written(tmp_path / "a", 1000)
    assert measured(path, path).value == 1000


def test_an_empty_file_counts_nothing(tmp_path: Path) -> None:
    assert measured(written(tmp_path / "a", 0)).value == 0


def test_each_file_is_known_by_its_digest(tmp_path: Path) -> None:
    facts = size.probe(Ships(written(tmp_path / "a", 3)), {})["facts"]
    assert facts["artifacts"]["a"]["sha256"] == hashlib.sha256(bytes(3)).hexdigest()


def test_a_file_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="gone is to ship and cannot be read: No such file"):
        measured(tmp_path / "gone")


def test_a_workload_that_ships_nothing_has_no_size() -> None:
    with pytest.raises(NotMeasured, match="names no file that ships"):
        measured()
