from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import DelegateError, PipelineError, WorkerFailed
from edgesense.perf import processes
from edgesense.perf.records import Job, Report
from edgesense.testing import tiny_model

Jobs = Callable[..., Job]
MEMORY = "edgesense.perf.metrics.memory:probe"
SIZE = "edgesense.perf.metrics.size:probe"


def ask(job: Job, probe: str = SIZE, **options: Any) -> Report:
    message = processes.request(job, probe, options)
    return processes.ask(processes.native(job.threads), message, timeout_seconds=job.timeout_seconds)


def test_a_factory_is_measured_and_said_what_it_is_and_where_it_ran(job: Jobs) -> None:
    report = ask(job())
    assert report.facts["artifacts"]["model.bin"]["bytes"] == 2048
    assert report.subject == {"model": "parity", "runtime": "python"}
    assert report.fingerprint["runtime"] == "python"
    assert {"architecture", "cpu", "cores", "os", "python", "numpy"} <= set(report.fingerprint)


def test_a_fingerprint_names_no_host_no_date_and_no_frequency(job: Jobs) -> None:
    here = set(ask(job()).fingerprint)
    assert here == {"architecture", "cpu", "cores", "os", "python", "numpy", "scipy", "runtime"}


def test_memory_is_marked_on_the_way(job: Jobs) -> None:
    source = """
        class Heavy(Workload):
            def __init__(self):
                self.block = bytearray(30 * 2**20)
        make = Heavy
        """
    series = ask(job(source), MEMORY).series
    shares = {name: series[f"rss.{name}"].values[0] for name in ("python_numpy", "runtime", "pipeline")}
    assert shares["python_numpy"] > 10 * 2**20
    assert shares["runtime"] < 2**20
    assert 29 * 2**20 < shares["pipeline"] < 45 * 2**20


def test_a_runtime_is_told_apart_from_the_pipeline_that_uses_it(tmp_path: Path) -> None:
    tiny_model(tmp_path / "m.tflite")
    series = ask(Job("m.tflite", tmp_path, ("rss_mb",), runtime="litert"), MEMORY).series
    assert series["rss.runtime"].values[0] > 5 * 2**20
    assert series["rss"].values[0] == sum(
        series[f"rss.{name}"].values[0] for name in ("python_numpy", "runtime", "pipeline")
    )


def test_what_a_model_prints_does_not_get_into_the_answer(job: Jobs) -> None:
    source = """
        import os, sys
        print("loading")
        class Noisy(Workload):
            def artifacts(self):
                print('{"protocol": 1}')
                sys.stdout.flush()
                os.write(1, b"from C\\n")
                return super().artifacts()
        make = Noisy
        """
    assert ask(job(source)).facts["artifacts"]["model.bin"]["bytes"] == 2048


def test_a_request_of_before_there_were_delegates_is_answered(tmp_path: Path) -> None:
    message = processes.request(Job(tiny_model(tmp_path / "m.tflite").name, tmp_path, ()), SIZE, {})
    del message["delegate"]
    subject = processes.ask(processes.native(1), message, timeout_seconds=60).subject
    assert [one["name"] for one in subject["delegates"]] == ["xnnpack"]


def test_a_delegate_that_is_asked_for_is_in_the_subject(tmp_path: Path) -> None:
    tiny_model(tmp_path / "m.tflite")
    asked = ask(Job("m.tflite", tmp_path, (), delegate="gpu")).subject["delegates"]
    assert [(one["name"], one["requested"]) for one in asked] == [("gpu", True), ("xnnpack", False)]
    assert ask(Job("m.tflite", tmp_path, (), delegate="none")).subject["delegates"] == []


def test_a_required_delegate_that_is_not_here_is_raised_under_its_own_type(tmp_path: Path) -> None:
    tiny_model(tmp_path / "m.tflite")
    with pytest.raises(DelegateError, match="gpu is required, but libtensorflowlite_gpu_delegate"):
        ask(Job("m.tflite", tmp_path, (), delegate="gpu:required"))


def test_a_factory_that_is_asked_for_a_delegate_is_refused_and_not_run_without(job: Jobs) -> None:
    with pytest.raises(PipelineError, match="'parity:make' chooses its own delegates, so it cannot be asked for 'gpu'"):
        ask(job("", delegate="gpu"))


UNWELCOME = {"tensorflow", "tf_keras", "keras", "librosa", "numba", "pytest", "_pytest", "hypothesis", "rich"}


def test_the_worker_imports_no_tensorflow_librosa_numba_or_pytest(job: Jobs) -> None:
    source = """
        def probe(workload, options):
            import sys
            from edgesense.perf import metrics
            workload.run(workload.example())
            before = sorted({name.partition(".")[0] for name in sys.modules})
            return {"series": {}, "facts": {"modules": before}}
        """
    modules = set(ask(job(source), "parity:probe").facts["modules"])
    assert "numpy" in modules
    assert not modules & UNWELCOME


def test_opening_a_pipeline_imports_nothing_of_the_workshop_either(tmp_path: Path) -> None:
    from edgesense.runtime.tiny import tiny_model

    tiny_model(tmp_path / "tiny.tflite")
    (tmp_path / "look.py").write_text(
        "import sys\n"
        "def probe(workload, options):\n"
        "    workload.run(workload.example())\n"
        "    return {'series': {}, 'facts': {'modules': sorted({n.partition('.')[0] for n in sys.modules})}}\n"
    )
    modules = set(ask(Job("tiny.tflite", tmp_path, (), sys_path=(str(tmp_path),)), "look:probe").facts["modules"])
    assert not modules & UNWELCOME


def test_a_file_beside_the_test_run_cannot_take_a_standard_modules_place(
    job: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = job()
    elsewhere = tmp_path / "project"
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(elsewhere)
    assert ask(made).facts["artifacts"]


def test_a_workload_runs_in_the_directory_that_relative_names_start_from(job: Jobs) -> None:
    source = """
        class Here(Workload):
            def subject(self):
                import os
                return {"cwd": os.getcwd()}
        make = Here
        """
    made = job(source)
    assert ask(made).subject["cwd"] == str(made.root)


@pytest.mark.parametrize(
    ("workload", "match"),
    [
        ("parity:nothing", "the factory 'parity:nothing' cannot be imported: module 'parity' has no attribute"),
        ("nowhere:make", "the factory 'nowhere:make' cannot be imported: No module named 'nowhere'"),
        (
            "parity:broken",
            r"what 'parity:broken' returned is no workload: it lacks artifacts\(\), example\(\), run\(\)",
        ),
        ("not/there", "not/there does not exist"),
        ("not/there.tflite", r"not/there\.tflite does not exist"),
    ],
)
def test_a_workload_that_cannot_be_opened_is_refused_by_its_name(job: Jobs, workload: str, match: str) -> None:
    made = job("broken = object")
    with pytest.raises(PipelineError, match=match):
        ask(Job(workload, made.root, (), sys_path=made.sys_path))


def test_what_a_workload_raises_is_shown_with_where_it_was_raised(job: Jobs) -> None:
    source = """
        class Broken(Workload):
            def run(self, item):
                return 1 / 0
        make = Broken
        """
    with pytest.raises(WorkerFailed, match=r"(?s)exit status 1.*parity\.py.*ZeroDivisionError"):
        ask(job(source), MEMORY)


def test_a_refusal_of_the_workload_itself_keeps_its_type_and_words(job: Jobs) -> None:
    source = """
        from edgesense.errors import AudioError
        def make():
            raise AudioError("the clip is silent")
        """
    from edgesense.errors import AudioError

    with pytest.raises(AudioError, match=r"^the clip is silent$"):
        ask(job(source))


def test_a_workload_that_crashes_the_process_is_a_failed_worker_with_its_signal(job: Jobs) -> None:
    source = """
        import ctypes, sys
        class Crash(Workload):
            def run(self, item):
                print("deep in a kernel", file=sys.stderr, flush=True)
                ctypes.string_at(0)
        make = Crash
        """
    with pytest.raises(WorkerFailed, match=r"(?s)parity:make was ended by SIGSEGV.*deep in a kernel"):
        ask(job(source), MEMORY)


def test_a_workload_that_hangs_is_ended(job: Jobs) -> None:
    source = """
        import time
        class Hang(Workload):
            def run(self, item):
                time.sleep(600)
        make = Hang
        """
    with pytest.raises(WorkerFailed, match="gave no answer within 2 s and was ended"):
        ask(job(source, timeout_seconds=2.0), MEMORY)


@pytest.mark.parametrize("protocol", [1, 2])
def test_each_protocol_there_was_is_answered_in_its_own(job: Jobs, protocol: int) -> None:
    made = job()
    request = processes.request(made, SIZE, {}) | {"protocol": protocol}
    if protocol == 1:
        del request["project"]
    said = json.loads(processes.exchange(processes.native(1), json.dumps(request), timeout_seconds=60).out)
    assert said["protocol"] == protocol
    assert said["facts"]["artifacts"]["model.bin"]["bytes"] == 2048
    assert "source" not in said


@pytest.mark.parametrize("protocol", [0, 3, "1", 1.0, True, None])
def test_another_protocol_is_refused_in_words(protocol: object) -> None:
    command = processes.native(1)
    said = processes.exchange(command, json.dumps({"protocol": protocol}), timeout_seconds=60)
    answer = json.loads(said.out)
    assert answer["error"]["type"] == "PipelineError"
    assert answer["error"]["message"] == f"this worker speaks protocols 1 to 2; the request is of {protocol!r}"


def test_a_request_that_is_no_json_ends_the_worker_without_an_answer() -> None:
    said = processes.exchange(processes.native(1), "{", timeout_seconds=60)
    assert (said.out, said.status) == ("", 1)
    assert "JSONDecodeError" in said.last[-1]
