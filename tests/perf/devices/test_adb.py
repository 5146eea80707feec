from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from edgesense import delegation
from edgesense.errors import (
    DelegateError,
    DeviceUnavailable,
    EdgeSenseError,
    MeasurementError,
    PipelineError,
    SettingsError,
    WorkerFailed,
)
from edgesense.perf import devices
from edgesense.perf.devices import adb
from edgesense.perf.devices.android.scripted import SERIAL, Reply, ScriptedPhone, tool
from edgesense.perf.imports import summary
from edgesense.perf.project import Project
from edgesense.perf.records import Job, Known

DATA = Path(__file__).parents[2] / "data" / "benchmark"
MEBIBYTE = 2.0**20
MODEL = b"a model" * 100
WORKLOAD = """
    class Half(Workload):
        def artifacts(self):
            return [HERE / "model.bin", HERE / "small.tflite"]

    make = Half
    """


def text(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedPhone]:
    """Yield a phone behind an adb on PATH; whatever a test did, nothing is left on it."""
    made = ScriptedPhone(tmp_path / "phone")
    monkeypatch.setenv("PATH", f"{made.install(tmp_path / 'bin')}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    yield made
    assert made.files == []


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a benchmark_model: a part of its arguments -> what it says."""

    def write(*replies: tuple[str, Reply | str]) -> Path:
        usage = ("--help", Reply(text("usage.txt"), status=1))
        return tool(tmp_path / "benchmark_model", [usage, *replies, ("", text("recent.txt"))])

    return write


@pytest.fixture
def job(tmp_path: Path, write_job: Callable[..., Job]) -> Job:
    """Return a job for everything a phone answers, of a workload with a model."""
    (tmp_path / "small.tflite").write_bytes(MODEL)
    return write_job(tmp_path, WORKLOAD, "inference_ms", "rss_mb", "size_kb", timeout_seconds=20.0)


@dataclass(frozen=True)
class Desk:
    """All that a measurement on a phone needs."""

    root: Path
    scripted: ScriptedPhone
    program: Callable[..., Path]
    job: Job


@pytest.fixture
def desk(tmp_path: Path, scripted: ScriptedPhone, program: Callable[..., Path], job: Job) -> Desk:
    return Desk(tmp_path, scripted, program, job)


def phone(root: Path, **entry: Any) -> adb.Adb:
    said = {"kind": "adb", "benchmark_model": "benchmark_model", "runs": 2} | entry
    (found,) = devices.declared(Project(root, devices={"phone": said}))
    assert isinstance(found, adb.Adb)
    return found


def test_size_is_exact_time_and_memory_are_the_phones(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program(("--report_peak_memory_footprint=true", text("recent.txt").replace("monitoring: 12.5", "monitoring: 14.5")))
    found = phone(tmp_path).run(job, tmp_path)
    readings = found.readings
    assert (readings["size_kb"].value, readings["size_kb"].known) == (2048 + len(MODEL), Known.EXACT)
    assert readings["inference_ms"].value == pytest.approx(3.06e-3)
    assert (readings["inference_ms"].n, readings["inference_ms"].known) == (2, Known.MEASURED)
    assert (readings["rss_mb"].value, readings["rss_mb"].n) == (14.5 * MEBIBYTE, 3)
    assert summary.ALONE in found.notes
    assert found.missing == {}


def test_it_says_which_phone_which_model_and_which_tool(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program()
    found = phone(tmp_path).run(replace(job, metrics=("inference_ms",), threads=2), tmp_path)
    runtime = found.fingerprint["runtime"]
    assert found.fingerprint == {
        "phone": "Scripted One",
        "architecture": "arm64-v8a",
        "cpu": "SC1234",
        "os": "android 14",
        "runtime": runtime,
    }
    assert runtime.startswith("benchmark_model ")
    assert len(runtime.split()[1]) == 12
    assert (found.subject["model"], found.subject["threads"], found.subject["runtime"]) == ("parity", 2, runtime)
    ran = next(call for call in scripted.calls if "--graph=" in call[-1])
    assert "--num_threads=2" in ran[-1]


def test_nothing_is_pushed_twice_in_a_job(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program()
    phone(tmp_path, runs=3).run(job, tmp_path)
    assert [call[2] for call in scripted.calls if len(call) > 2 and call[2] == "push"] == ["push", "push"]


def test_the_phone_is_not_asked_for_what_this_computer_knows(scripted: ScriptedPhone, job: Job, tmp_path: Path) -> None:
    found = phone(tmp_path).run(replace(job, metrics=("size_kb",)), tmp_path)
    assert found.readings.keys() == {"size_kb"}
    scripted.change(phones=[])
    assert phone(tmp_path).run(replace(job, metrics=("size_kb",)), tmp_path).fingerprint == {"phone": "absent"}


def test_what_benchmark_model_cannot_tell_is_missing_with_the_reason(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program()
    found = phone(tmp_path).run(replace(job, metrics=("acc", "inference_ms", "instructions_m", "latency_ms")), tmp_path)
    assert found.readings.keys() == {"inference_ms"}
    assert "the model alone" in found.missing["latency_ms"].reason
    assert "random input" in found.missing["acc"].reason
    assert found.missing["instructions_m"].reason == "benchmark_model does not tell it"


def test_a_workload_without_a_model_is_refused(
    scripted: ScriptedPhone, tmp_path: Path, write_job: Callable[..., Job]
) -> None:
    with pytest.raises(PipelineError, match=r"one .tflite file is wanted"):
        phone(tmp_path).run(write_job(tmp_path, "", "inference_ms"), tmp_path)


def test_a_limit_in_doubt_is_measured_more_often_and_a_clear_one_is_not(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program()
    timed = replace(job, metrics=("inference_ms",))
    for bound, runs in ((3.1e-3, 4), (50e-3, 2), (1e-3, 2)):
        found = phone(tmp_path).run(replace(timed, bounds=(("inference_ms", bound),)), tmp_path)
        assert found.readings["inference_ms"].n == runs


def test_runs_while_the_phone_was_hot_are_discarded_and_too_many_tell_nothing(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program()
    scripted.heat(1)
    found = phone(tmp_path, runs=3).run(replace(job, metrics=("inference_ms",)), tmp_path)
    assert found.readings == {}
    assert found.missing["inference_ms"].reason == "throttled: phone was hot in 2 of 2 runs"
    assert "cool down" in found.missing["inference_ms"].remedy


@pytest.mark.parametrize(
    ("asked", "replies", "note"),
    [
        ("gpu", ("--use_gpu=true", text("gpu.txt")), "delegate gpu took 15 of 15 nodes"),
        ("nnapi", ("--use_nnapi=true", text("nnapi.txt")), "delegate nnapi took a part of the graph in 44 kernels"),
        (
            "nnapi",
            ("--use_nnapi=true", text("nnapi-nothing.txt")),
            "delegate nnapi fell back: the tool says that it executes nothing of the graph",
        ),
        ("gpu", ("--use_gpu=true", text("delta.txt")), "delegate gpu: benchmark_model does not say what it took"),
    ],
)
def test_a_delegate_is_asked_for_and_what_it_took_is_noted(
    asked: str, replies: tuple[str, str], note: str, desk: Desk
) -> None:
    desk.program(replies)
    timed = replace(desk.job, metrics=("inference_ms",))
    by_project = phone(desk.root, delegate=asked).run(timed, desk.root)
    by_run = phone(desk.root, delegate="xnnpack").run(replace(timed, delegate=asked), desk.root)
    assert note in by_project.notes
    assert note in by_run.notes


def test_counted_nodes_of_a_delegate_are_in_the_subject_as_everywhere(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program(("--use_gpu=true", text("gpu.txt")))
    found = phone(tmp_path, delegate="gpu").run(replace(job, metrics=("inference_ms",)), tmp_path)
    assert delegation.told(found.subject, requested=True) == ("gpu took 15 of 15 nodes",)


@pytest.mark.parametrize(
    ("asked", "reply", "error", "said"),
    [
        ("nnapi:required", text("nnapi-nothing.txt"), DelegateError, "nnapi is required on phone, but nnapi fell back"),
        ("gpu:required", text("delta.txt"), DelegateError, "does not say whether it took anything"),
        ("gpu", Reply(text("gpu-failed.txt"), status=1), DelegateError, "gave up on phone: gpu: .*could not apply it"),
        ("gpu:speed=max", text("gpu.txt"), SettingsError, "no option 'speed' for gpu"),
    ],
)
def test_a_delegate_that_cannot_be_had_is_refused(
    asked: str, reply: Reply | str, error: type[EdgeSenseError], said: str, desk: Desk
) -> None:
    desk.program(("--use_", reply))
    with pytest.raises(error, match=said):
        phone(desk.root, delegate=asked).run(desk.job, desk.root)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"phones": []}, "adb sees no phone"),
        ({"phones": [[SERIAL, "unauthorized"]]}, "does not trust this computer"),
        ({"phones": [[SERIAL, "offline"]]}, "does not answer"),
        ({"phones": [[SERIAL, "device"], ["B", "device"]]}, "adb sees 2 phones"),
    ],
)
def test_without_a_phone_that_can_be_used_nothing_is_measured_and_what_helps_is_told(
    state: dict[str, Any], said: str, desk: Desk
) -> None:
    desk.program()
    desk.scripted.change(**state)
    with pytest.raises(DeviceUnavailable, match=said):
        phone(desk.root).run(desk.job, desk.root)
    assert phone(desk.root).available()


def test_a_phone_that_is_there_needs_nothing(scripted: ScriptedPhone, tmp_path: Path) -> None:
    assert phone(tmp_path).available() is None
    assert phone(tmp_path).fingerprint()["phone"] == "Scripted One"


def test_without_adb_the_command_that_installs_it_is_told(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceUnavailable, match="apt-get install --yes adb"):
        phone(tmp_path).run(job, tmp_path)
    assert "apt-get install" in str(phone(tmp_path).available())


@pytest.mark.parametrize(
    ("named", "error", "said"),
    [
        (
            "tools/nothing",
            DeviceUnavailable,
            "there is no such file here, and on the phone only a path from / is meant",
        ),
        ("/data/local/tmp/nothing", DeviceUnavailable, "is neither here nor on phone; build it, or: adb push"),
    ],
)
def test_a_tool_that_is_nowhere_is_told(named: str, error: type[EdgeSenseError], said: str, desk: Desk) -> None:
    with pytest.raises(error, match=said):
        phone(desk.root, benchmark_model=named).run(desk.job, desk.root)


def test_a_tool_may_lie_on_the_phone_and_stays_there(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    there = scripted.storage / "benchmark_model"
    program().rename(there)
    timed = replace(job, metrics=("inference_ms",))
    found = phone(tmp_path, benchmark_model="/data/local/tmp/benchmark_model").run(timed, tmp_path)
    assert found.readings["inference_ms"].n == 2
    there.chmod(0o644)
    with pytest.raises(DeviceUnavailable, match="may not be executed; next: adb shell chmod"):
        phone(tmp_path, benchmark_model="/data/local/tmp/benchmark_model").run(timed, tmp_path)
    assert scripted.files == ["benchmark_model"]
    there.unlink()


def test_a_tool_that_is_no_program_of_this_phone_is_told_with_its_processor(
    scripted: ScriptedPhone, job: Job, tmp_path: Path
) -> None:
    (tmp_path / "benchmark_model").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(100))
    with pytest.raises(DeviceUnavailable, match="cannot be run on phone, which is arm64-v8a"):
        phone(tmp_path).run(job, tmp_path)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply("what a fine day"), r"printed no result that can be read(.|\n)*what a fine day"),
        (Reply(text("recent.txt")[:900]), "came to no result"),
        (Reply("Segmentation fault", status=139), r"was ended by SIGSEGV(.|\n)*Segmentation fault"),
        (Reply("ERROR: Failed to load model", status=1), "ended with exit status 1"),
        (Reply(text("recent.txt") + text("recent.txt")), "printed no result that can be read"),
    ],
)
def test_a_tool_that_crashes_or_prints_garbage_is_one_clear_error(reply: Reply, said: str, desk: Desk) -> None:
    desk.program(("--graph", reply))
    with pytest.raises(WorkerFailed, match=said):
        phone(desk.root).run(desk.job, desk.root)


def test_a_tool_that_hangs_is_ended_in_time(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program(("--graph", Reply("STARTING!", seconds=600)))
    with pytest.raises(WorkerFailed, match="benchmark_model on phone: adb gave no answer within 3 s"):
        phone(tmp_path).run(replace(job, timeout_seconds=3.0), tmp_path)


def test_a_phone_that_goes_away_in_the_middle_fails_the_job(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program(("--graph", Reply(text("recent.txt"), seconds=1)))
    scripted.change(leaves_during="--graph")
    with pytest.raises(WorkerFailed, match="went away in the middle of a command"):
        phone(tmp_path).run(job, tmp_path)
    # It comes back, and the next job cleans up what this one could not.
    scripted.change(phones=[[SERIAL, "device"]], leaves_during="")
    program()
    found = phone(tmp_path).run(job, tmp_path)
    assert found.readings.keys() == {"inference_ms", "rss_mb", "size_kb"}


def test_a_full_storage_fails_the_job(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program()
    scripted.change(full=True)
    with pytest.raises(MeasurementError, match="the storage of phone is full: benchmark_model"):
        phone(tmp_path).run(job, tmp_path)


def test_an_old_release_that_cannot_watch_its_memory_says_nothing_of_it(
    scripted: ScriptedPhone, job: Job, tmp_path: Path
) -> None:
    tool(tmp_path / "benchmark_model", {"--help": Reply("STARTING!", status=1), "": text("oldest.txt")})
    found = phone(tmp_path).run(job, tmp_path)
    assert found.readings["inference_ms"].value == pytest.approx(38.0012e-3)
    assert "has no --report_peak_memory_footprint" in found.missing["rss_mb"].reason


def test_memory_that_was_asked_for_and_not_told_is_missing(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program(("--report_peak", text("delta.txt")))
    found = phone(tmp_path).run(job, tmp_path)
    assert "printed none" in found.missing["rss_mb"].reason


def test_the_cores_it_may_use_are_set(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program()
    phone(tmp_path, affinity="1").run(replace(job, metrics=("inference_ms",)), tmp_path)
    ran = [call[-1] for call in scripted.calls if "--graph=" in call[-1]]
    assert all(" taskset 1 /data/local/tmp/edgesense/" in command for command in ran)


@pytest.mark.parametrize("csv", [True, False])
def test_operators_are_profiled_in_a_run_of_their_own_and_the_file_comes_back(
    csv: bool, scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    files = (("op_profiling_output_file", text("operators.csv")),)
    if csv:
        program(("--enable_op_profiling=true", Reply(text("recent.txt"), files=files)))
    else:
        usage = text("usage.txt").replace("op_profiling_output", "other")
        replies = {"--help": Reply(usage, status=1), "--enable_op_profiling=true": text("profiled.txt")}
        tool(tmp_path / "benchmark_model", replies)
    found = phone(tmp_path).operators(job, tmp_path)
    assert [one.kind for one in found if not one.inner][0::3] == ["CONV_2D", "SOFTMAX"]


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"devices.phone\]: unknown profile 'andriod': did you mean android"):
        phone(tmp_path, profile="andriod")


def test_a_projects_own_profile_is_known(tmp_path: Path) -> None:
    entry = {"kind": "adb", "benchmark_model": "x", "profile": "mine"}
    named = Project(tmp_path, devices={"phone": entry}, profiles={"mine": {"title": "Mine"}})
    (found,) = devices.declared(named)
    known = devices.profile(found)
    assert found.names == {"phone"}
    assert known is not None
    assert known.title == "Mine"


def test_one_phone_under_two_names_is_measured_on_by_one_at_a_time(
    scripted: ScriptedPhone, program: Callable[..., Path], job: Job, tmp_path: Path
) -> None:
    program(("--graph", Reply(text("recent.txt"), seconds=0.3)))
    timed = replace(job, metrics=("inference_ms",))
    first, second = (replace(phone(tmp_path), name=name) for name in ("one", "other"))
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda device: device.run(timed, tmp_path), (first, second)))
    # Each begins by ending what an earlier job left; in between the other did everything, its cleaning up as well.
    commands = [call[-1] for call in scripted.calls if len(call) > 2]
    begins = [index for index, command in enumerate(commands) if "kill -9" in command]
    ends = [index for index, command in enumerate(commands) if "rm -rf" in command and "kill" not in command]
    assert len(begins) == 4
    assert begins[0] < begins[1] < ends[0] < begins[2] < begins[3] < ends[1]
