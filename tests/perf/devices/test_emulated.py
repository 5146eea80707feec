from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable, PipelineError, SettingsError, WorkerFailed
from edgesense.perf import devices, plan
from edgesense.perf.devices.emulated import Emulated
from edgesense.perf.devices.emulation import calibrations, setup
from edgesense.perf.devices.emulation.board import prepare
from edgesense.perf.devices.emulation.sysroot import BYTECODE
from edgesense.perf.files import cache_directory
from edgesense.perf.records import Job, Known, Measurement, Reading
from edgesense.tiny_pipeline import tiny_pipeline

USERS = cache_directory()
STAGES = ("end to end", "features", "inference")
COUNTED = ("inference_ms", "features_ms", "instructions_m", "latency_ms")


def absent() -> str:
    try:
        setup.ready()
    except DeviceUnavailable as error:
        return str(error)
    return ""


needs_board = pytest.mark.skipif(bool(absent()), reason=f"{absent()}; run: edgesense devices setup pi")


def lend(cache: Path) -> Path:
    """Let a test's own cache have the user's sysroot and plugin, and nothing else of it."""
    cache.mkdir(exist_ok=True)
    for entry in USERS.iterdir():
        if entry.name.startswith(("sysroot-", "plugins")):
            (cache / entry.name).symlink_to(entry)
    return cache


@pytest.fixture
def board(own_cache: Path) -> Path:
    """Lend this test's own cache the user's sysroot and plugin."""
    return lend(own_cache)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    tiny_pipeline(root / "tiny", dtype="int8", clips=100, trained_on=20)
    return root


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., Measurement]:
    """Return a function that measures on a board, each time in a folder of another name."""

    def run(project: Path, *metrics: str, device: str = "pi", workload: str = "tiny", **more: object) -> Measurement:
        scratch = tmp_path / f"run-{'x' * len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        job = Job(workload=workload, root=project, metrics=tuple(sorted(metrics)), seconds=0.1, **more)  # type: ignore[arg-type]
        return devices.find(device).run(job, scratch)

    return run


@pytest.fixture(scope="module")
def found(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    """Measure once what several tests look at, on pi."""
    job = Job(workload="tiny", root=project, metrics=tuple(sorted({*COUNTED, "battery_h", "energy_mj"})), seconds=0.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGESENSE_CACHE", str(lend(tmp_path_factory.mktemp("cache"))))
        return devices.find("pi").run(job, tmp_path_factory.mktemp("run"))


def emulated(name: str = "pi") -> Emulated:
    found = devices.find(name)
    assert isinstance(found, Emulated)
    return found


@pytest.mark.parametrize("delegate", ["gpu", "nnapi:required", "./libfoo.so:a=1"])
def test_a_delegate_that_the_board_does_not_have_is_refused_and_nothing_runs(delegate: str, tmp_path: Path) -> None:
    job = Job("gone.tflite", tmp_path, ("acc", "instructions_m"), delegate=delegate)
    said = f"the emulated board pi has no accelerator.*the delegate {re.escape(delegate)} is refused.*none and xnnpack"
    with pytest.raises(SettingsError, match=said):
        emulated().run(job, tmp_path)
    with pytest.raises(SettingsError, match=said):
        emulated().hot(job, tmp_path)


@needs_board
@pytest.mark.usefixtures("board")
def test_what_the_runtime_has_itself_can_be_turned_off_on_the_board(
    project: Path, measure: Callable[..., Measurement], found: Measurement
) -> None:
    # The board's worker says what it found: the profile's values, and nothing of this computer's.
    assert found.environment == dict(emulated().profile.board.threads.variables)
    off = measure(project, "instructions_m", delegate="none")
    both = [one.readings["instructions_m"].parts["inference"] for one in (found, off)]
    assert both[0] != both[1]


def test_percentiles_and_cold_starts_can_never_be_answered() -> None:
    assert not {"latency_p90_ms", "latency_p99_ms", "cold_start_ms"} & set(emulated().answers())
    with pytest.raises(Exception, match="latency_p99_ms can never be answered by pi"):
        plan.resolve({"latency_p99_ms": 5}, emulated())


def test_a_limit_on_time_brings_the_count_along() -> None:
    assert emulated().implied(["features_ms", "size_kb"]) == ("instructions_m",)
    assert emulated().implied(["battery_h"]) == ("instructions_m",)
    assert emulated().implied(["size_kb", "acc", "rss_mb"]) == ()


def test_without_the_sysroot_the_one_command_is_told() -> None:
    assert emulated().available() == "edgesense devices setup pi"
    assert emulated("pi5").available() == "edgesense devices setup pi5"


def test_without_the_sysroot_size_accuracy_and_memory_are_judged_and_time_is_missing(
    project: Path, measure: Callable[..., Measurement]
) -> None:
    found = measure(project, "acc", "instructions_m", "latency_ms", "rss_mb", "size_kb")
    assert {name: one.known for name, one in found.readings.items()} == {
        "acc": Known.STAND_IN,
        "rss_mb": Known.STAND_IN,
        "size_kb": Known.EXACT,
    }
    assert {one.remedy for one in found.missing.values()} == {"edgesense devices setup pi"}
    assert found.missing.keys() == {"instructions_m", "latency_ms"}
    assert any("agreement with the emulated board not checked" in note for note in found.notes)


@needs_board
@pytest.mark.usefixtures("board")
def test_the_boards_python_has_byte_code_of_its_own_and_sees_none_of_this_computers(tmp_path: Path) -> None:
    made, scratch = setup.ready(), tmp_path / "run"
    scratch.mkdir()
    command = prepare(scratch, made.sysroot, emulated().profile.board).command(
        made.emulator,
        (
            "-B",
            "-c",
            "import os, json, numpy as n\nfor m in (json, n): print(os.path.isfile(m.__cached__), m.__cached__)",
        ),
    )
    said = subprocess.run(command.arguments, env=dict(command.environment), capture_output=True, text=True, check=True)
    places = [line.split() for line in said.stdout.splitlines()]
    assert [found for found, _ in places] == ["True", "True"]
    assert all(place.startswith(f"/{BYTECODE}/usr/") for _, place in places)


@needs_board
@pytest.mark.usefixtures("board")
def test_two_runs_count_the_same_and_the_stages_make_up_the_whole(
    project: Path, measure: Callable[..., Measurement], found: Measurement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMETHING_ELSE", "in the environment")
    second = measure(project, "instructions_m").readings["instructions_m"]
    count = found.readings["instructions_m"]
    assert second.value == pytest.approx(count.value, rel=0.0002)
    assert second.parts == pytest.approx(count.parts, rel=0.0005)
    assert sum(count.parts.values()) == pytest.approx(count.value, rel=0.01)
    for name in ("latency_ms", "features_ms", "inference_ms"):
        one = found.readings[name]
        assert one.known is Known.PREDICTED
        assert 0 < one.low < one.value < one.high
    assert found.fingerprint["board"] == "pi4"
    assert found.fingerprint["board_cpu"].startswith("cortex-a72 ")
    assert len(found.fingerprint["sysroot"]) == 12


@needs_board
@pytest.mark.usefixtures("board")
def test_a_cortex_a53_counts_its_own_instructions_and_needs_longer_for_each(
    project: Path, measure: Callable[..., Measurement], found: Measurement
) -> None:
    slow = measure(project, "instructions_m", "latency_ms", device="zero2w")
    assert slow.fingerprint["board"] == "zero2w"
    # XNNPACK has kernels of their own for the A53's order of instructions.
    assert slow.readings["instructions_m"].parts["inference"] != found.readings["instructions_m"].parts["inference"]
    assert slow.readings["latency_ms"].value > 2 * found.readings["latency_ms"].value


@needs_board
@pytest.mark.usefixtures("board")
def test_a_calibration_of_a_project_in_a_folder_of_a_repository_is_found(tmp_path: Path) -> None:
    top, root = tmp_path / "repository", tmp_path / "repository" / "product"
    tiny_pipeline(root / "tiny", dtype="int8")
    (root / "pyproject.toml").write_text("")
    point = calibrations.Point("tiny", "inference", "int8", 0.001, 1e6)
    found = calibrations.Calibration("pi4", "lab-pi", "litert", setup.ready().sysroot.digest, (point,))
    calibrations.save(found, calibrations.place(root, "pi4"))
    job = Job("tiny", root, ("inference_ms", "instructions_m"), project=top)
    assert "1 time of lab-pi" in emulated().run(job, tmp_path).readings["inference_ms"].note


@needs_board
def test_energy_and_hours_are_predicted_from_the_time_and_the_profiles_watts(found: Measurement) -> None:
    energy, time = found.readings["energy_mj"], found.readings["latency_ms"]
    assert energy.known is found.readings["battery_h"].known is Known.PREDICTED
    watts = emulated().profile.said.range("load_watts")
    assert watts is not None
    assert energy.high == pytest.approx(watts[2] * time.high)
    hours = found.readings["battery_h"]
    # A tiny model's work is nothing beside the board's rest.
    assert hours.value / 3600 == pytest.approx(31.0 / 2.8, rel=0.01)
    assert "one inference a hop of 500 ms" in hours.note


@needs_board
@pytest.mark.usefixtures("board")
def test_a_bare_model_has_energy_and_no_hours_since_nothing_says_how_often_it_runs(
    project: Path, measure: Callable[..., Measurement]
) -> None:
    found = measure(project, "battery_h", "energy_mj", workload="tiny/model.tflite")
    assert found.readings.keys() == {"energy_mj"}
    assert "give it an attribute hop_seconds" in found.missing["battery_h"].reason


@needs_board
@pytest.mark.usefixtures("board")
def test_each_board_counts_in_its_own_cpu(project: Path, measure: Callable[..., Measurement]) -> None:
    found = measure(project, "instructions_m", device="pi5")
    assert found.fingerprint["board"] == "pi5"
    assert found.readings["instructions_m"].value > 1e5


@needs_board
@pytest.mark.usefixtures("board")
def test_the_hot_functions_of_each_stage_make_up_its_count(project: Path, tmp_path: Path) -> None:
    found = emulated().hot(Job(workload="tiny", root=project, metrics=()), tmp_path)
    spent = {stage: sum(place.instructions for place in found if place.stage == stage) for stage in STAGES}
    assert spent["features"] + spent["inference"] == pytest.approx(spent["end to end"], rel=0.02)
    assert any("fft" in place.function for place in found if place.stage == "features")
    named = sum(place.instructions for place in found if place.stage == "features" and place.function != "?")
    assert named > 0.5 * spent["features"]


@needs_board
def test_accuracy_stands_in_once_a_hundred_clips_agree_and_that_is_remembered(
    project: Path, measure: Callable[..., Measurement], board: Path
) -> None:
    found = measure(project, "acc")
    assert found.readings["acc"].known is Known.STAND_IN
    assert any("of 100 clips got the same answer" in note for note in found.notes)
    kept = list((board / "agreement").iterdir())
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    assert measure(project, "acc").notes == found.notes
    assert kept[0].stat().st_mtime_ns == before


FACTORY = """
import os, platform
import numpy as np


class Workload:
    def artifacts(self): return []
    def example(self): return np.zeros(4)
    def run(self, item):
        if {crash}: os.abort()
        return platform.machine()
    def labelled(self): return [(np.full(4, n), "x86_64") for n in range(100)]


def make(): return Workload()
"""


def factory(tmp_path: Path, *, crash: str = "False") -> Path:
    root = tmp_path / "other"
    root.mkdir()
    (root / "mine.py").write_text(FACTORY.format(crash=crash))
    return root


@needs_board
@pytest.mark.usefixtures("board")
def test_accuracy_that_the_board_does_not_agree_with_is_withdrawn(
    tmp_path: Path, measure: Callable[..., Measurement]
) -> None:
    root = factory(tmp_path)
    found = measure(root, "acc", workload="mine:make", ship=("mine",), sys_path=(str(root),))
    assert "acc" not in found.readings
    assert "0 of 100 clips" in found.missing["acc"].reason


@needs_board
@pytest.mark.usefixtures("board")
def test_a_worker_that_crashes_on_the_board_is_reported_with_its_signal(
    tmp_path: Path, measure: Callable[..., Measurement]
) -> None:
    root = factory(tmp_path, crash="platform.machine() == 'aarch64'")
    with pytest.raises(WorkerFailed, match="SIGABRT"):
        measure(root, "instructions_m", workload="mine:make", ship=("mine",), sys_path=(str(root),))


@needs_board
@pytest.mark.usefixtures("board")
def test_a_factory_that_does_not_travel_is_refused(tmp_path: Path, measure: Callable[..., Measurement]) -> None:
    root = factory(tmp_path)
    with pytest.raises(PipelineError, match=r"under \[tool.edgesense\]"):
        measure(root, "instructions_m", workload="mine:make", sys_path=(str(root),))


@needs_board
@pytest.mark.usefixtures("board")
def test_several_threads_are_not_counted(project: Path, measure: Callable[..., Measurement]) -> None:
    found = measure(project, "instructions_m", "latency_ms", "size_kb", threads=2)
    assert found.missing.keys() == {"instructions_m", "latency_ms"}
    assert "for 1 thread; 2 were asked for" in found.missing["latency_ms"].reason


def test_a_reading_is_exact_about_what_the_board_is(project: Path, measure: Callable[..., Measurement]) -> None:
    found = measure(project, "size_kb", device="pi5")
    assert found.device == "pi5"
    assert found.fingerprint["board"] == "pi5"
    assert isinstance(found.readings["size_kb"], Reading)
    assert os.fspath(project) not in str(found.fingerprint)
