"""Flame graphs of runs on a board: a real sshd, a real py-spy."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from edgesense.perf import devices, measure
from edgesense.perf.cases import Case
from edgesense.perf.devices.boards import wheels
from edgesense.perf.interfaces import ProfilingDevice
from edgesense.perf.profilers.py_spy import PySpy
from edgesense.perf.project import Project
from edgesense.perf.records import Job

LIMITS = frozenset({"latency_ms"})
BUSY = """
class Busy:
    def artifacts(self):
        return []

    def example(self):
        return 30_000

    def run(self, item):
        return spin(item)

    def labelled(self):
        return []


def spin(count):
    total = 0
    for one in range(count):
        total += one * one
    return total
"""

needs_py_spy = pytest.mark.skipif(
    not Path(sys.executable).with_name("py-spy").exists(), reason="py-spy is not installed (extra: profile)"
)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    root = tmp_path / "project"
    (root / "mine").mkdir(parents=True)
    (root / "mine" / "__init__.py").write_text(BUSY, encoding="utf-8")
    return Job("mine:Busy", root, ("latency_ms",), ship=("mine",), sys_path=(str(root),), project=root, seconds=0.1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "artifacts"
    made.mkdir()
    return made


def declared(text: str, root: Path) -> Any:
    (device,) = devices.declared(Project(root, devices=tomllib.loads(text)["tool"]["edgesense"]["devices"]))
    return device


@needs_py_spy
def test_a_board_is_profiled_itself_and_its_files_are_named_as_the_projects(
    board: Any, job: Job, directory: Path, tmp_path: Path
) -> None:
    device = declared(board.quick, tmp_path)
    assert isinstance(device, ProfilingDevice)
    case = Case(job, device.name, LIMITS, reached=device)
    functions, graph, scope = PySpy(seconds=1.0).profile(case, directory)
    assert graph.title == "py-spy flame graph, --native, on lab-pi"
    assert graph.path is not None
    assert "<svg" in graph.path.read_text(encoding="utf-8")
    assert "spin (mine/__init__.py)" in functions.summary[0]
    assert "not on lab-pi" not in functions.summary[0]
    assert scope.path is not None
    files = {frame["file"] or "" for frame in json.loads(scope.path.read_text(encoding="utf-8"))["shared"]["frames"]}
    assert any(file.startswith(str(board.directory)) for file in files)
    assert board.running() == []


@needs_py_spy
def test_a_board_without_the_tool_is_told_and_the_run_here_is_shown(
    board: Any, job: Job, directory: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "python").symlink_to(shutil.which("python3") or sys.executable)
    device = declared(board.declared(environment=str(bare / "python")), tmp_path)
    case = Case(job, device.name, LIMITS, reached=device)
    *made, missing = PySpy(seconds=0.5).profile(case, directory)
    assert all(one.title.endswith(", run here, not on lab-pi") for one in made)
    assert (missing.title, missing.path) == ("no py-spy profile of a run on lab-pi", None)
    assert "py-spy" in missing.reason


def test_every_pinned_environment_has_the_tool() -> None:
    assert all("py-spy" in {pin.name for pin in target.pins} for target in wheels.targets())


def test_an_environment_that_is_made_has_it_and_it_runs(board: Any, job: Job, directory: Path, tmp_path: Path) -> None:
    device = declared(board.declared(), tmp_path)
    measure.measure(device, job)
    graph = PySpy(seconds=0.5).profile(Case(job, device.name, LIMITS, reached=device), directory)[1]
    assert graph.title == "py-spy flame graph, --native, on lab-pi"
