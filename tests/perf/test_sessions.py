from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import AudioError, PipelineError, WorkerFailed
from edgesense.perf import processes
from edgesense.perf.channels import LocalChannel
from edgesense.perf.records import Job
from edgesense.perf.sessions import Session

Jobs = Callable[..., Job]
Asked = Callable[[int], bool]
MODELS = Path(__file__).parents[2] / "models"
MESSAGE = {"workload": "models/x", "options": {}}


def open_session(job: Job, *series: str, **options: Any) -> Session:
    message = processes.opening(job, {"series": list(series) or ["calls"], **options})
    return Session(processes.native(job.threads), message, timeout_seconds=job.timeout_seconds)


def python(code: str, timeout_seconds: float = 60.0) -> Session:
    command = processes.Command((sys.executable, "-c", f"import json, os, sys, time\n{code}"), dict(os.environ))
    return Session(command, MESSAGE, timeout_seconds=timeout_seconds)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fail where a thread, a file or a warning about one is left behind."""
    threads, files = threading.active_count(), open_files()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert (threading.active_count(), open_files()) == (threads, files)
    assert [str(one.message) for one in told if one.category is ResourceWarning] == []


def test_a_workload_is_opened_warmed_up_and_timed_block_by_block(job: Jobs, nothing_left: None) -> None:
    with open_session(job(), "calls", "calls.features") as session:
        assert session.opened()["open"] is True
        assert session.opened()["item"] == ""
        warm = session.do("warm")
        assert warm["seconds_per_call"] > 0
        assert warm["warm_up_calls"] >= 20
        first, second = session.do("block", calls=3)["series"], session.do("block", calls=1)["series"]
    assert {name: len(values) for name, values in first.items()} == {"calls": 3, "calls.features": 3}
    assert {name: len(values) for name, values in second.items()} == {"calls": 1, "calls.features": 1}
    assert all(value > 0 for value in first["calls"])


def test_what_was_said_at_the_opening_is_said_again(job: Jobs) -> None:
    with open_session(job()) as session:
        assert session.opened() is session.opened()
        assert session.do("block", calls=1)["series"]


def test_two_sessions_are_open_at_once_and_their_answers_stay_apart(job: Jobs, nothing_left: None) -> None:
    made = job()
    with open_session(made) as first, open_session(made, "calls.inference") as second:
        first.opened()
        second.opened()
        for _ in range(3):
            assert list(first.do("block", calls=2)["series"]) == ["calls"]
            assert list(second.do("block", calls=2)["series"]) == ["calls.inference"]


def test_the_end_says_what_was_measured_where_and_of_which_files(job: Jobs, tmp_path: Path) -> None:
    made = job(project=tmp_path)
    with open_session(made) as session:
        session.opened()
        said = session.do("end")
    assert said["subject"] == {"model": "parity", "runtime": "python"}
    assert said["fingerprint"]["runtime"] == "python"
    origin = processes.origin(said, made.workload)
    assert origin is not None
    assert list(origin.files) == ["model.bin"]
    assert len(origin.source) == 64


def test_the_end_says_nothing_of_files_where_no_project_was_named(job: Jobs) -> None:
    made = job()
    with open_session(made) as session:
        session.opened()
        assert processes.origin(session.do("end"), made.workload) is None


@pytest.fixture
def shipped(tmp_path: Path) -> Job:
    """Return a job for a copy of a committed pipeline in a project of its own."""
    shutil.copytree(MODELS / "dscnn-int8", tmp_path / "models/x")
    return Job("models/x", tmp_path, ("latency_ms",), project=tmp_path)


def places(job: Job) -> dict[str, tuple[int, bytes]]:
    """Return every file's inode and content."""
    found = (path for path in sorted(job.root.rglob("*")) if path.is_file())
    return {str(path.relative_to(job.root)): (path.stat().st_ino, path.read_bytes()) for path in found}


OWN = ["models/x/pipeline.json", "models/x/model.tflite"]


def test_a_workload_is_opened_again_from_files_written_anew(shipped: Job, nothing_left: None) -> None:
    before = places(shipped)
    with open_session(shipped, "calls", "calls.inference", own_files=OWN) as session:
        assert session.opened()["moves"] is True
        session.do("warm")
        assert session.do("move")["seconds"] > 0
        between = places(shipped)
        assert session.do("move")["seconds"] > 0
        series = session.do("block", calls=3)["series"]
        said = session.do("end")
    after = places(shipped)
    assert {name: len(values) for name, values in series.items()} == {"calls": 3, "calls.inference": 3}
    assert {name: content for name, (_, content) in after.items()} == {name: one[1] for name, one in before.items()}
    for name in before:
        numbers = {found[name][0] for found in (before, between, after)}
        assert len(numbers) > 1 if name in OWN else len(numbers) == 1
    origin = processes.origin(said, shipped.workload)
    assert origin is not None
    assert set(OWN) <= set(origin.files)


@pytest.mark.parametrize("own", [[], OWN[:1], OWN[1:]], ids=["none", "settings", "model"])
def test_a_workload_of_which_a_file_is_somebody_elses_stays_where_it_is(shipped: Job, own: list[str]) -> None:
    before = places(shipped)
    with open_session(shipped, own_files=own) as session:
        assert session.opened()["moves"] is False
        session.do("move")
        session.do("block", calls=1)
    assert places(shipped) == before


def test_a_factory_is_called_once(job: Jobs) -> None:
    with open_session(job(), own_files=["model.bin"]) as session:
        assert session.opened()["moves"] is False


def test_extra_work_goes_on_after_a_move(shipped: Job) -> None:
    spent = {}
    for operations in (0, 20_000):
        with open_session(shipped, own_files=OWN, slowed_by=operations) as session:
            session.opened()
            session.do("move")
            spent[operations] = min(session.do("block", calls=3)["series"]["calls"])
    # 20,000 square roots of 2,048 numbers are tens of milliseconds anywhere, a call is one.
    assert spent[20_000] > 2 * spent[0]


ARRAYS = """
    import numpy as np

    class Arrays(Workload):
        LENGTH, DTYPE, VALUE = 4, "float32", {value}
        def example(self):
            return np.full(self.LENGTH, self.VALUE, self.DTYPE)
        def run(self, item):
            return str(float(item[0]))
        stages = {{}}
    make = Arrays
"""


def test_the_first_session_writes_its_input_and_others_take_it(job: Jobs, tmp_path: Path) -> None:
    import numpy as np

    item = tmp_path / "item.npy"
    with open_session(job(ARRAYS.format(value=1)), item=str(item)) as session:
        first = session.opened()["item"]
    with open_session(job(ARRAYS.format(value=20)), item=str(item)) as session:
        assert session.opened()["item"] == first
    assert np.load(item).tolist() == [1.0] * 4


def test_an_input_of_another_length_stays_the_workloads_own(job: Jobs, tmp_path: Path) -> None:
    item = tmp_path / "item.npy"
    with open_session(job(ARRAYS.format(value=1)), item=str(item)) as session:
        first = session.opened()["item"]
    longer = ARRAYS.format(value=1).replace(
        "LENGTH, DTYPE, VALUE = 4", "LENGTH, DTYPE, VALUE = 50"
    )  # another size: Python would take the old bytecode
    with open_session(job(longer), item=str(item)) as session:
        assert session.opened()["item"] != first


SEVERAL = """
    import numpy as np
    class Several(Workload):
        def example(self):
            return {example}
        def run(self, item):
            return "done"
    make = Several
"""
FORMS = {
    "a tuple": "(np.full(3, {value}), np.full((2, 2), {value}, np.int8))",
    "a list": "[np.full(3, {value}), np.full(2, {value})]",
    "a mapping": "{{'audio': np.full(3, {value}), 'rate': np.full(1, {value})}}",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_an_input_of_several_arrays_is_shared_as_well(job: Jobs, tmp_path: Path, form: str) -> None:
    given = []
    for value in (1, 20):
        source = SEVERAL.format(example=form.format(value=value))
        with open_session(job(source), item=str(tmp_path / "item.npy")) as session:
            given.append(session.opened()["item"])
    assert given[0] == given[1] != ""


@pytest.mark.parametrize("example", ["np.array([{}, None])", "(np.zeros(3), 'text')", "'text'"])
def test_an_input_that_is_not_made_of_plain_arrays_stays_its_own(job: Jobs, tmp_path: Path, example: str) -> None:
    with open_session(job(SEVERAL.format(example=example)), item=str(tmp_path / "item.npy")) as session:
        assert session.opened()["item"] == ""
        assert len(session.do("block", calls=2)["series"]["calls"]) == 2


def test_what_a_workload_prints_does_not_disturb_the_conversation(job: Jobs) -> None:
    source = """
        import os
        print("loading")
        class Noisy(Workload):
            def run(self, item):
                print('{"series": {}}', flush=True)
                os.write(1, b"from C\\n")
                return super().run(item)
        make = Noisy
        """
    with open_session(job(source)) as session:
        session.opened()
        assert len(session.do("block", calls=5)["series"]["calls"]) == 5


def test_a_crash_on_opening_is_named_with_its_signal_and_last_words(job: Jobs, nothing_left: None) -> None:
    source = """
        import os, signal, sys
        def make():
            print("about to fall", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        """
    match = r"^the worker for parity:make was ended by SIGSEGV and gave no answer:\n(?s:.*)about to fall"
    with open_session(job(source)) as session, pytest.raises(WorkerFailed, match=match):
        session.opened()


def test_a_crash_in_a_block_is_named_with_its_signal(job: Jobs, nothing_left: None) -> None:
    source = """
        import os, signal
        class Crash(Workload):
            calls = 0
            def run(self, item):
                self.calls += 1
                if self.calls == 3:
                    os.kill(os.getpid(), signal.SIGKILL)
        make = Crash
        """
    with open_session(job(source)) as session:
        session.opened()
        assert session.do("block", calls=2)["series"]
        with pytest.raises(WorkerFailed, match=r"parity:make was ended by SIGKILL and gave no answer \(it printed"):
            session.do("block", calls=2)


def test_a_worker_that_is_gone_says_so_each_time_it_is_spoken_to(job: Jobs) -> None:
    with open_session(job("def make():\n    raise SystemExit(3)\n")) as session:
        for _ in range(2):
            with pytest.raises(WorkerFailed, match="exit status 3 and gave no answer"):
                session.do("warm")


def test_what_a_workload_raises_in_a_block_is_shown_with_where_it_was_raised(job: Jobs) -> None:
    source = """
        class Broken(Workload):
            def run(self, item):
                return 1 / 0
        make = Broken
        """
    with open_session(job(source)) as session:
        session.opened()
        with pytest.raises(WorkerFailed, match=r"(?s)exit status 1.*parity\.py.*ZeroDivisionError"):
            session.do("block", calls=1)


def test_a_worker_that_hangs_is_ended_after_its_time_with_all_that_it_started(
    job: Jobs, tmp_path: Path, nothing_left: None, gone: Asked
) -> None:
    source = f"""
        import subprocess, time
        from pathlib import Path
        class Hang(Workload):
            def run(self, item):
                child = subprocess.Popen(["sleep", "600"])
                Path({str(tmp_path / "child")!r}).write_text(str(child.pid))
                time.sleep(600)
        make = Hang
        """
    with open_session(job(source, timeout_seconds=3.0)) as session:
        session.opened()
        with pytest.raises(WorkerFailed, match="parity:make gave no answer within 3 s and was ended"):
            session.do("block", calls=1)
        assert gone(int((tmp_path / "child").read_text()))


def test_a_refusal_keeps_its_type_and_words(job: Jobs, nothing_left: None) -> None:
    source = """
        from edgesense.errors import AudioError
        def make():
            raise AudioError("the clip is silent")
        """
    with open_session(job(source)) as session, pytest.raises(AudioError, match=r"^the clip is silent$"):
        session.opened()


def test_a_stage_that_there_is_not_is_refused_with_those_there_are(job: Jobs) -> None:
    match = r"^the workload has no stage 'decode'; it has features, inference$"
    with open_session(job(), "calls.decode") as session, pytest.raises(PipelineError, match=match):
        session.opened()


def test_what_a_worker_does_not_know_is_refused(job: Jobs) -> None:
    with open_session(job()) as session:
        session.opened()
        with pytest.raises(PipelineError, match=r"^a session knows no 'dance'$"):
            session.do("dance")


@pytest.mark.parametrize("said", [3, [], "x"], ids=str)
def test_an_answer_that_is_not_understood_is_refused_and_shown(said: object, nothing_left: None) -> None:
    code = f"print({json.dumps(said)!r}, flush=True); time.sleep(60)"
    match = "models/x answered what this release does not understand: "
    with python(code) as session, pytest.raises(WorkerFailed, match=match):
        session.opened()


def test_a_line_that_was_cut_off_is_no_answer() -> None:
    code = "sys.stdout.write('{\"open\"'); sys.stdout.flush(); os._exit(4)"
    with python(code) as session, pytest.raises(WorkerFailed, match="exit status 4"):
        session.opened()


def test_a_program_that_cannot_be_started_leaves_nothing_open(nothing_left: None) -> None:
    with pytest.raises(FileNotFoundError):
        Session(processes.Command(("/no/such/program",), {}), MESSAGE, timeout_seconds=1)


def test_closing_ends_a_worker_in_the_midst_of_its_work_and_can_be_done_twice(nothing_left: None, gone: Asked) -> None:
    session = python("print(json.dumps({'pid': os.getpid()}), flush=True); time.sleep(600)")
    pid = session.opened()["pid"]
    session.close()
    assert gone(pid)
    session.close()


def test_a_daemon_that_holds_on_to_the_pipe_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch, nothing_left: None
) -> None:
    monkeypatch.setattr("edgesense.perf.channels.PARTING_SECONDS", 0.2)
    code = """
child = os.fork()
if child == 0:
    os.setsid()
    time.sleep(4)
    os._exit(0)
print(json.dumps({"child": child}), flush=True)
time.sleep(600)
"""
    with python(code) as session:
        child = session.opened()["child"]
        began = time.monotonic()
    assert time.monotonic() - began < 3
    os.kill(child, signal.SIGKILL)
    reader = session._channel._reader
    reader.join(10)
    assert not reader.is_alive()


INTERRUPTED = """
import json, os, sys
from edgesense.perf import processes
from edgesense.perf.sessions import Session

worker = "import json, os, time; print(json.dumps({'pid': os.getpid()}), flush=True); time.sleep(600)"
command = processes.Command((sys.executable, "-c", worker), dict(os.environ))
with Session(command, {"workload": "x", "options": {}}, timeout_seconds=600) as session:
    print(session.opened()["pid"], flush=True)
    session.do("block", calls=1)
"""


def test_a_session_is_closed_on_ctrl_c(gone: Asked, alive: Asked) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        pid = int(tests.stdout.readline())
        assert alive(pid)
        tests.send_signal(signal.SIGINT)
        _, told = tests.communicate(timeout=30)
    assert "KeyboardInterrupt" in told
    assert gone(pid)


def test_a_session_that_is_interrupted_as_it_starts_is_closed(
    monkeypatch: pytest.MonkeyPatch, nothing_left: None, gone: Asked
) -> None:
    started: list[int] = []

    def interrupted(channel: LocalChannel, text: str) -> None:
        started.append(channel._process.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalChannel, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        python("time.sleep(600)")
    assert gone(started[0])
