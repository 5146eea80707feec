from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.errors import PipelineError
from edgesense.perf import origins, pairs, placement
from edgesense.perf.devices.host import Host
from edgesense.perf.devices.table import PairingTable, told
from edgesense.perf.records import Job

SERIES = ("calls",)
MODEL = ("models/x/model.bin",)


@pytest.fixture
def pipeline(tmp_path: Path) -> Job:
    """Return a job for a directory of two files in a project."""
    for name in ("models/x/model.bin", "models/x/deep/labels.txt", "package/code.py"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return Job("models/x", tmp_path / "project", (), project=tmp_path / "project")


def test_a_directory_is_opened_from_all_of_its_files(pipeline: Job) -> None:
    found = placement.files(Host(), pipeline, SERIES)
    assert sorted(found) == ["models/x/deep/labels.txt", "models/x/model.bin"]


def test_a_model_file_is_opened_from_itself(pipeline: Job) -> None:
    job = Job("models/x/model.bin", pipeline.root, ())
    assert placement.files(Host(), job, SERIES) == ("models/x/model.bin",)


def test_files_outside_of_the_project_are_left_where_they_are(pipeline: Job, tmp_path: Path) -> None:
    job = Job(str(pipeline.root / "models/x"), tmp_path / "elsewhere", ())
    assert placement.files(Host(), job, SERIES) == ()


def test_a_factory_is_asked_for_its_files(job: Callable[..., Job]) -> None:
    assert placement.files(Host(), job(""), SERIES) == ("model.bin", "parity.py")


def test_a_factory_that_looks_for_its_files_beside_itself_finds_those_that_are_written_anew(
    job: Callable[..., Job], tmp_path: Path
) -> None:
    source = """
        from pathlib import Path
        class Beside(Workload):
            def artifacts(self):
                return [Path(__file__).resolve().parent / "model.bin"]
        make = Beside
    """
    one = job(source)
    (tmp_path / "anew").mkdir()
    placed = placement.anew(one, placement.files(Host(), one, SERIES), tmp_path / "anew", "arm-1")
    assert not (placed.root / "parity.py").samefile(one.root / "parity.py")
    said = origins.ask(Host(), placed).origin
    assert said is not None
    assert list(said.files) == ["model.bin"]


def test_a_factory_that_is_not_there_is_refused(job: Callable[..., Job]) -> None:
    with pytest.raises(PipelineError, match="cannot be imported"):
        placement.files(Host(), replace(job(""), workload="parity:made"), SERIES)


def test_files_are_copied_and_all_else_is_linked(pipeline: Job, tmp_path: Path) -> None:
    placed = placement.anew(pipeline, placement.files(Host(), pipeline, SERIES), tmp_path, "arm-1")
    model = placed.root / placed.workload / "model.bin"
    assert model.read_text() == "models/x/model.bin"
    assert not model.samefile(pipeline.root / "models/x/model.bin")
    assert (placed.root / "package/code.py").samefile(pipeline.root / "package/code.py")


def test_without_files_a_job_stays_as_it_is(pipeline: Job, tmp_path: Path) -> None:
    assert placement.anew(pipeline, (), tmp_path, "arm-1") is pipeline


@pytest.mark.parametrize("below", ["", "models", "package"])
def test_a_worker_is_told_which_files_are_its_own_from_where_it_runs(pipeline: Job, tmp_path: Path, below: str) -> None:
    model = os.path.relpath("models/x", below or ".")
    placed = placement.anew(replace(pipeline, workload=model, root=pipeline.root / below), MODEL, tmp_path, "arm-1")
    own = [Path(os.path.normpath(placed.root / name)) for name in placement.own(placed, MODEL)]
    assert own == [tmp_path / "arm-1" / "models/x/model.bin"]


def test_each_pair_runs_on_files_of_its_own(pipeline: Job, tmp_path: Path) -> None:
    seen: list[tuple[Path, int]] = []

    def note(job: Job, _: int) -> float:
        model = job.root / job.workload / "model.bin"
        seen.append((job.root, model.stat().st_ino))
        return 0.002

    device = PairingTable({}, script=note)
    arms = pairs.placed(device, pairs.Arms(pipeline, pipeline), SERIES)
    for seed in range(3):
        pairs.pair(device, arms, SERIES, tmp_path / "pairs", random.Random(seed))  # noqa: S311 - no secret
    shipped = (pipeline.root / "models/x/model.bin").stat().st_ino
    assert len({root for root, _ in seen}) == 6
    assert shipped not in {number for _, number in seen}
    assert len({len(str(root)) for root, _ in seen}) == 1
    assert not any(path.is_dir() for path in (tmp_path / "pairs").iterdir())


def test_whose_files_are_written_first_is_left_to_chance(
    pipeline: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real = placement.anew

    def noted(job: Job, names: tuple[str, ...], directory: Path, seat: str) -> Job:
        order.append(seat)
        return real(job, names, directory, seat)

    monkeypatch.setattr(placement, "anew", noted)
    device = PairingTable({}, script=told({str(pipeline.workload): [0.002]}))
    (tmp_path / "item.npy").touch()
    for seed in range(12):
        pairs.pair(device, pairs.Arms(pipeline, pipeline), SERIES, tmp_path, random.Random(seed))  # noqa: S311 - no secret
    assert {tuple(order[index : index + 2]) for index in range(0, 24, 2)} == {("arm-1", "arm-2"), ("arm-2", "arm-1")}
