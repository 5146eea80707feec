from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from edgesense.perf import devices, measure
from edgesense.perf.devices.ssh import Ssh
from edgesense.perf.project import Project
from edgesense.perf.records import Job, Known
from edgesense.testing import tiny_model


def declared(text: str, root: Path) -> Ssh:
    said = tomllib.loads(text)["tool"]["edgesense"]["devices"]
    (device,) = devices.declared(Project(root, devices=said))
    assert isinstance(device, Ssh)
    return device


@pytest.fixture
def job(tmp_path: Path) -> Job:
    root = tmp_path / "project"
    root.mkdir()
    return Job(tiny_model(root / "tiny.tflite").name, root, ("latency_ms", "rss_mb", "size_kb"), seconds=0.2)


def test_a_budgets_numbers_are_measured_on_the_board(board: Any, job: Job, tmp_path: Path) -> None:
    device = declared(board.declared(), tmp_path)
    found = measure.measure(device, job)
    assert not found.missing
    assert {name: one.known for name, one in found.readings.items()} == {
        "latency_ms": Known.MEASURED,
        "rss_mb": Known.MEASURED,
        "size_kb": Known.EXACT,
    }
    assert found.fingerprint["board"] == "lab-pi"
    assert board.running() == []
