from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgesense.perf import files, measure, processes
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Job, Known, Measurement, Reading


@dataclass(frozen=True)
class Looks(Table):
    """Remembers the directory it was given."""

    def run(self, job: Job, directory: Path) -> Measurement:
        (directory / "left").write_text("x")
        return Measurement(str(directory), {}, {}, super().run(job, directory).readings)


def test_a_device_measures_in_a_directory_that_is_gone_afterwards() -> None:
    reading = Reading(1.0, 1.0, 1.0, Known.EXACT)
    measurement = measure.measure(Looks({"acc": reading}), Job("m", Path(), ("acc",)))
    assert measurement.readings == {"acc": reading}
    assert not Path(measurement.device).exists()


HOLDER = """
import sys
from edgesense.perf import measure
with measure.alone("host"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_one_process_at_a_time_measures_on_a_device_and_others_do_not_wait_for_it(
    own_cache: Path,
) -> None:
    environment = {**processes.native(1).environment, "EDGESENSE_CACHE": str(own_cache)}
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    entered = threading.Event()

    def wait() -> None:
        with measure.alone("host"):
            entered.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    with measure.alone("pi"):
        assert not entered.wait(0.3)
    other.communicate("go\n", timeout=60)
    waiting.join(60)
    assert entered.is_set()


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path / "mine"))
    assert files.cache_directory() == tmp_path / "mine"


def test_the_cache_is_the_users_own_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EDGESENSE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert files.cache_directory() == tmp_path / "edgesense"
