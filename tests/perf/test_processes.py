from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edgesense import errors
from edgesense.perf import processes, threads
from edgesense.perf.records import Job, Origin, Series

MESSAGE = {"workload": "models/x", "options": {}}
ANSWER = {"protocol": 1, "subject": {}, "fingerprint": {}, "series": {}, "facts": {}}


def python(code: str) -> processes.Command:
    return processes.Command((sys.executable, "-c", code), dict(os.environ))


def saying(answer: object) -> processes.Command:
    return python(f"import sys; sys.stdin.read(); print({json.dumps(answer)!r})")


def ask(command: processes.Command, timeout_seconds: float = 60.0) -> Any:
    return processes.ask(command, MESSAGE, timeout_seconds=timeout_seconds)


def test_a_report_is_read_from_the_answer() -> None:
    answer = ANSWER | {"series": {"calls": {"unit": "s", "values": [1, 2]}}, "facts": {"a": 1}, "subject": {"m": 2}}
    report = ask(saying(answer))
    assert report.series == {"calls": Series("s", (1, 2))}
    assert (report.facts, report.subject) == ({"a": 1}, {"m": 2})


def test_a_request_says_when_the_process_was_started_before_it_was() -> None:
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    echo = "import json, sys, time; now = time.clock_gettime(time.CLOCK_MONOTONIC); r = json.load(sys.stdin)"
    answer = f"print(json.dumps({ANSWER!r} | {{'facts': {{'now': now, **r['options']}}}}))"
    facts = ask(python(f"{echo}; {answer}")).facts
    assert before <= facts["started"] <= facts["now"]


def test_a_request_carries_the_whole_job() -> None:
    job = Job(
        "m", Path("/r"), ("acc",), runtime="tflite", threads=2, sys_path=("/a",), project=Path("/r/p"), delegate="gpu"
    )
    assert processes.request(job, "m:probe", {"calls": 3}) == {
        "protocol": 2,
        "probe": "m:probe",
        "workload": "m",
        "root": "/r",
        "runtime": "tflite",
        "threads": 2,
        "delegate": "gpu",
        "sys_path": ["/a"],
        "project": "/r/p",
        "options": {"calls": 3},
    }


def test_a_job_of_no_project_asks_for_no_files() -> None:
    assert processes.request(Job("m", Path("/r"), ()), "m:probe", {})["project"] is None


def test_the_request_of_a_session_has_a_session_in_the_place_of_a_probe() -> None:
    job = Job("m", Path("/r"), ())
    options = {"series": ["calls"]}
    assert processes.opening(job, options) == processes.request(job, "", options) | {"session": "blocks"}


def test_a_report_says_what_the_workload_was_made_of_where_it_was_asked() -> None:
    said = {"source": {"digest": "ab", "modules": 2}, "files": {"m.tflite": "cd"}}
    assert ask(saying(ANSWER | said)).origin == Origin("models/x", {"m.tflite": "cd"}, "ab")
    assert ask(saying(ANSWER)).origin is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("ModelError", errors.ModelError),
        ("NotMeasured", errors.NotMeasured),
        ("AudioError", errors.AudioError),
        ("NoSuchError", errors.WorkerFailed),
        ("annotations", errors.WorkerFailed),
        ("__name__", errors.WorkerFailed),
    ],
)
def test_what_the_worker_refused_is_raised_under_its_own_type(kind: str, expected: type[Exception]) -> None:
    with pytest.raises(errors.EdgeSenseError, match=r"^no good$") as caught:
        ask(saying({"protocol": 1, "error": {"type": kind, "message": "no good"}}))
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    "answer",
    [
        3,
        None,
        [],
        "x",
        {},
        {"error": "text"},
        {"protocol": 1, "subject": {}, "fingerprint": {}, "series": {}},
        ANSWER | {"series": [1]},
        ANSWER | {"series": {"calls": [1]}},
        ANSWER | {"series": {"calls": {"unit": "s"}}},
    ],
    ids=str,
)
def test_an_answer_that_is_not_understood_is_refused_and_shown(answer: object) -> None:
    with pytest.raises(errors.WorkerFailed, match=r"models/x answered what this release does not understand: ."):
        ask(saying(answer))


def test_a_crash_by_a_signal_is_named_with_the_last_words() -> None:
    code = "import os, signal, sys; print('about to fall', file=sys.stderr, flush=True); os.kill(os.getpid(), 11)"
    with pytest.raises(errors.WorkerFailed, match=r"was ended by SIGSEGV and gave no answer:\n    about to fall$"):
        ask(python(code))


def test_an_exit_without_an_answer_is_named_with_its_status() -> None:
    with pytest.raises(errors.WorkerFailed, match=r"exit status 3 and gave no answer \(it printed nothing\)$"):
        ask(python("raise SystemExit(3)"))


def test_of_many_lines_only_the_last_are_shown() -> None:
    with pytest.raises(errors.WorkerFailed) as caught:
        ask(python("import sys; [print('line', n, file=sys.stderr) for n in range(1000)]"))
    shown = str(caught.value).splitlines()[1:]
    assert len(shown) == processes.STDERR_LINES
    assert shown[-1].strip() == "line 999"


def test_words_that_are_no_text_do_not_hide_the_crash() -> None:
    with pytest.raises(errors.WorkerFailed, match="exit status 1"):
        ask(python(r"import os; os.write(2, b'\xff\xfe\n'); os.write(1, b'\xff'); raise SystemExit(1)"))


def test_a_process_that_hangs_is_ended_after_its_time_with_its_last_words() -> None:
    code = "import sys, time; print('waiting', file=sys.stderr, flush=True); time.sleep(600)"
    with pytest.raises(errors.WorkerFailed, match=r"models/x gave no answer within 3 s and was ended:\n    waiting$"):
        ask(python(code), timeout_seconds=3.0)


def together(command: processes.Command, shares: list[int], timeout_seconds: float = 60.0) -> Any:
    messages = [{"workload": "models/x", "options": {"share": share}} for share in shares]
    return processes.ask_together(command, messages, timeout_seconds=timeout_seconds)


SHARE = "import json, os, sys, time; share = json.loads(sys.stdin.readline())['options']['share']; "


def test_several_are_asked_at_once_and_answer_in_the_requests_order(tmp_path: Path) -> None:
    # Each waits until the other is there as well: one after the other they would never end.
    meet = f"""
import pathlib
place = pathlib.Path({str(tmp_path)!r})
(place / str(share)).touch()
while len(list(place.iterdir())) < 2:
    time.sleep(0.01)
time.sleep(0.3 * (share == 1))
print(json.dumps({ANSWER!r} | {{"facts": {{"share": share}}}}), end="")
"""
    reports = together(python(SHARE + meet), [1, 2])
    assert [report.facts["share"] for report in reports] == [1, 2]


def test_of_several_the_one_that_refuses_ends_the_others(tmp_path: Path) -> None:
    refusal = {"error": {"type": "AudioError", "message": "the clip is silent"}}
    code = f"""
if share == 2:
    with open({str(tmp_path / "pid")!r}, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)
while not os.path.exists({str(tmp_path / "pid")!r}):
    time.sleep(0.01)
print({json.dumps(refusal)!r})
"""
    with pytest.raises(errors.AudioError, match=r"^the clip is silent$"):
        together(python(SHARE + code), [1, 2])
    assert not alive(int((tmp_path / "pid").read_text()))


def test_of_several_one_that_crashes_is_named_with_its_last_words() -> None:
    code = f"print({json.dumps(ANSWER)!r}) if share == 1 else sys.exit('no such sensor')"
    match = r"^the worker for models/x ended with exit status 1 and gave no answer:\n    no such sensor$"
    with pytest.raises(errors.WorkerFailed, match=match):
        together(python(SHARE + code), [1, 2])


def test_several_have_one_time_limit_together() -> None:
    began = time.monotonic()
    with pytest.raises(errors.WorkerFailed, match=r"^the worker for models/x gave no answer within 1 s and was ended"):
        together(python(SHARE + "time.sleep(600)"), [1, 2, 3], timeout_seconds=1)
    assert time.monotonic() - began < 600


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("end", ["", "; time.sleep(600)"], ids=["answered", "hung"])
def test_what_a_process_started_goes_with_it(tmp_path: Path, end: str) -> None:
    child = tmp_path / "child"
    sleep = "subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL)"
    code = f"import subprocess, time; from pathlib import Path; Path({str(child)!r}).write_text(str({sleep}.pid)){end}"
    with pytest.raises(errors.WorkerFailed):
        ask(python(code), timeout_seconds=4.0)
    pid = int(child.read_text())
    for _ in range(100):
        if not alive(pid):
            break
        time.sleep(0.05)
    assert not alive(pid)


def test_a_program_that_cannot_be_started_is_an_operating_systems_error() -> None:
    with pytest.raises(FileNotFoundError):
        processes.exchange(processes.Command(("/no/such/program",), {}), "", timeout_seconds=1)


UNWANTED = [
    "PYTEST_CURRENT_TEST",
    "COV_CORE_SOURCE",
    "COVERAGE_PROCESS_START",
    "PYTHONMALLOC",
    "PYTHONTRACEMALLOC",
    "PYTHONDEVMODE",
    "PYTHONWARNINGS",
    "PYTHONPROFILEIMPORTTIME",
    "LD_PRELOAD",
]


@pytest.mark.parametrize("name", UNWANTED)
def test_what_would_change_a_measurement_does_not_reach_the_worker(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    assert name not in processes.native(1).environment


def test_the_environment_of_a_worker_is_the_same_whatever_the_hash_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "12")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    environment = processes.native(2).environment
    assert environment["PYTHONHASHSEED"] == "0"
    assert {environment[name] for name in threads.COUNTS} == {"2"}


def test_a_worker_may_be_that_of_another_tree() -> None:
    path = processes.native(1, "/export/1a2b3c4").environment["PYTHONPATH"]
    assert path.split(os.pathsep)[0] == "/export/1a2b3c4"


def test_a_users_own_search_path_stays_behind_this_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mine")
    first, second = processes.native(1).environment["PYTHONPATH"].split(os.pathsep)
    assert (Path(first) / "edgesense").is_dir()
    assert second == "/mine"
