from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.perf import processes, threads
from edgesense.perf.devices.emulation import profiles
from edgesense.perf.records import Job, Report
from edgesense.testing import tiny_model

SPY = """
import json, os, sys

class Spy:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            with open({file!r}, "x") as file:
                json.dump(dict(os.environ), file)

sys.meta_path.insert(0, Spy())
"""
"""As a sitecustomize module, it writes down the environment at the moment when NumPy is first looked for."""


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which a worker's environment is found as it was before NumPy was imported."""
    spy = tmp_path / "spy"
    spy.mkdir()
    file = tmp_path / "before-numpy.json"
    (spy / "sitecustomize.py").write_text(SPY.format(file=str(file)), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(spy))
    for name in (*threads.COUNTS, *threads.POLICIES):
        monkeypatch.setenv(name, "7")
    return file


def ask(directory: Path, environment: Mapping[str, str], count: int) -> Report:
    job = Job(tiny_model(directory / "m.tflite").name, directory, (), threads=count)
    command = replace(processes.native(count), environment=environment)
    message = processes.request(job, "edgesense.perf.metrics.size:probe", {})
    return processes.ask(command, message, timeout_seconds=60)


@pytest.mark.parametrize("count", [1, 3])
def test_a_worker_of_this_computer_has_its_threads_before_numpy_is_imported(
    count: int, noted: Path, tmp_path: Path
) -> None:
    report = ask(tmp_path, processes.native(count).environment, count)
    before = threads.seen(json.loads(noted.read_text(encoding="utf-8")))
    assert {before[name] for name in threads.COUNTS} == {str(count)}
    assert report.environment == before
    assert report.subject["threads"] == count


@pytest.mark.parametrize("board", [one.board for one in profiles.emulated()], ids=lambda board: board.cpu)
def test_a_worker_with_a_boards_environment_has_the_profiles_values_before_numpy_is_imported(
    board: profiles.Board, noted: Path, tmp_path: Path
) -> None:
    here = processes.native(5).environment
    report = ask(tmp_path, {**here, **dict(board.threads.variables)}, board.threads.runtime_threads)
    assert threads.seen(json.loads(noted.read_text(encoding="utf-8"))) == dict(board.threads.variables)
    assert report.environment == dict(board.threads.variables)
    assert report.subject["threads"] == board.threads.runtime_threads


def test_only_what_is_said_of_threads_is_seen() -> None:
    assert threads.seen({"HOME": "/", "MKL_NUM_THREADS": "2"}) == {"MKL_NUM_THREADS": "2"}
    assert threads.seen({}) == {}


def test_what_the_user_set_is_overridden_on_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "64")
    assert processes.native(2).environment["OMP_NUM_THREADS"] == "2"
