from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.errors import PipelineError
from edgesense.perf.devices.emulation import board, bundle, profiles
from edgesense.perf.devices.emulation.lock import Lock
from edgesense.perf.devices.emulation.sysroot import Sysroot
from edgesense.perf.records import Job


@pytest.fixture
def view(tmp_path: Path) -> board.View:
    (tmp_path / "sysroot").mkdir()
    (tmp_path / "run").mkdir()
    sysroot = Sysroot(tmp_path / "sysroot", Lock("bookworm", "3.11", (), ()))
    return board.prepare(tmp_path / "run", sysroot, profiles.emulated()[0].board)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("models/mine/pipeline.json", "models/mine/model.tflite", "bare.tflite", "mypkg/__init__.py", "one.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def job(project: Path, workload: str, **more: object) -> Job:
    return Job(workload=workload, root=project, metrics=(), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("workload", "onboard"), [("models/mine", "edgesense/job/pipeline"), ("bare.tflite", "edgesense/job/model.tflite")]
)
def test_a_pipeline_has_the_same_name_on_the_board_whatever_it_is_called_here(
    project: Path, view: board.View, workload: str, onboard: str
) -> None:
    moved = bundle.bring(job(project, workload), view)
    assert (moved.root, moved.workload) == (Path("/"), onboard)
    assert (view.root / onboard).exists()


def test_edgesense_itself_travels(project: Path, view: board.View) -> None:
    bundle.bring(job(project, "bare.tflite"), view)
    assert (view.brought / "lib/edgesense/perf/worker/__main__.py").is_file()


def test_a_factorys_packages_and_modules_travel_when_the_project_names_them(project: Path, view: board.View) -> None:
    asked = job(project, "mypkg:make", ship=("mypkg", "one"), sys_path=(str(project),))
    assert bundle.bring(asked, view).workload == "mypkg:make"
    assert (view.brought / "lib/mypkg/__init__.py").is_file()
    assert (view.brought / "lib/one.py").is_file()


def test_a_folder_of_data_travels_beside_the_packages(project: Path, view: board.View) -> None:
    bundle.bring(job(project, "mypkg:make", ship=("mypkg", "models")), view)
    assert (view.brought / "lib/models/mine/model.tflite").read_text() == "models/mine/model.tflite"


def test_a_part_of_a_folder_travels_alone_and_lies_as_deep_there(project: Path, view: board.View) -> None:
    (project / "models/other").mkdir()
    (project / "tools").mkdir()
    (project / "tools/deep.py").write_text("deep")
    bundle.bring(job(project, "tools.deep:make", ship=("tools/deep", "models/mine")), view)
    assert (view.brought / "lib/tools/deep.py").read_text() == "deep"
    assert [path.name for path in (view.brought / "lib/models").iterdir()] == ["mine"]


def test_a_folder_and_a_part_of_it_may_both_be_named(project: Path, view: board.View) -> None:
    bundle.bring(job(project, "mypkg:make", ship=("models/mine", "models", "mypkg")), view)
    assert (view.brought / "lib/models/mine/model.tflite").is_file()


def test_what_lies_deeper_is_looked_for_under_the_root_alone(project: Path, view: board.View) -> None:
    asked = job(project / "mypkg", "one:make", ship=("one", "models/mine"), sys_path=(str(project),))
    with pytest.raises(PipelineError, match="names 'models/mine'"):
        bundle.bring(asked, view)


@pytest.mark.parametrize("name", ["", ".", "..", "../project", "/etc", "mypkg/..", "models/../one"])
def test_nothing_outside_of_the_project_travels(project: Path, view: board.View, name: str) -> None:
    with pytest.raises(PipelineError, match="ship names"):
        bundle.bring(job(project, "mypkg:make", ship=("mypkg", name)), view)


@pytest.mark.parametrize("ship", [(), ("other",)])
def test_a_factory_that_does_not_travel_is_refused_with_what_to_write(
    project: Path, view: board.View, ship: tuple[str, ...]
) -> None:
    with pytest.raises(PipelineError, match=r'ship = \["mypkg"\] under \[tool.edgesense\]'):
        bundle.bring(job(project, "mypkg.models:make", ship=ship), view)


def test_a_package_to_ship_that_is_nowhere_is_named(project: Path, view: board.View) -> None:
    with pytest.raises(PipelineError, match="names 'gone'"):
        bundle.bring(job(project, "mypkg:make", ship=("mypkg", "gone")), view)


def test_a_pipeline_that_is_not_there_is_named(project: Path, view: board.View) -> None:
    with pytest.raises(PipelineError, match="there is no pipeline"):
        bundle.bring(job(project, "models/gone"), view)


def test_the_identity_of_a_pipeline_is_that_of_its_files_content(project: Path) -> None:
    before = bundle.digest(job(project, "models/mine"))
    (project / "models/mine/model.tflite").touch()
    assert bundle.digest(job(project, "models/mine")) == before
    (project / "models/mine/model.tflite").write_text("another")
    assert bundle.digest(job(project, "models/mine")) != before
