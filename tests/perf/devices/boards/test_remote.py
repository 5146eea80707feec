from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import WorkerFailed
from edgesense.perf.devices.boards.link import ConnectionLost, Link
from edgesense.perf.devices.boards.remote import RemoteCommand

Asked = Callable[[int], bool]
MESSAGE: dict[str, Any] = {"workload": "models/x", "options": {}}
TALK = "import sys\nfor line in sys.stdin:\n    print('heard', line.strip(), flush=True)"


def test_a_worker_is_asked_once_and_its_start_is_the_boards_time(here: Any, link: Link) -> None:
    echo = "import json, sys, time; m = json.load(sys.stdin); print(json.dumps([m, time.clock_gettime(1)]))"
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    said = here.python(link, f"{echo}; print('so it is', file=sys.stderr)").ask(MESSAGE, timeout_seconds=30)
    message, now = json.loads(said.out)
    assert before <= message["options"].pop("started") <= now
    assert message == MESSAGE
    assert (said.status, list(said.last)) == (0, ["so it is"])


def test_a_worker_that_is_silent_for_too_long_is_ended(here: Any, link: Link, tmp_path: Path, gone: Asked) -> None:
    note = tmp_path / "pid"
    code = f"import os, sys, time; open({str(note)!r}, 'w').write(str(os.getpid())); print('stuck', file=sys.stderr); "
    with pytest.raises(WorkerFailed, match=r"gave no answer within 0.5 s and was ended:\n    stuck"):
        here.python(link, f"{code} sys.stderr.flush(); time.sleep(600)").ask(MESSAGE, timeout_seconds=0.5)
    assert gone(int(note.read_text()))


def test_a_worker_that_cannot_be_started_is_named(link: Link) -> None:
    with pytest.raises(WorkerFailed, match=r"pi-1: the worker cannot be started on the board: .*/no/such/python"):
        RemoteCommand(link, ("/no/such/python",), {}).ask(MESSAGE, timeout_seconds=5)


def test_a_worker_has_the_boards_environment_and_what_is_added(
    here: Any, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    said = here.python(link, code, OMP_NUM_THREADS="3").ask(MESSAGE, timeout_seconds=30)
    found = json.loads(said.out)
    assert found["OMP_NUM_THREADS"] == "3"
    assert found["PATH"] == os.environ["PATH"]
    assert "PYTEST_CURRENT_TEST" in os.environ
    assert "PYTEST_CURRENT_TEST" not in found


def test_a_conversation_goes_line_by_line(here: Any, link: Link) -> None:
    channel = here.python(link, TALK).converse()
    for word in ("one", "two"):
        channel.write(word)
        assert channel.line(30) == f"heard {word}\n"
    assert channel.end().status == -signal.SIGKILL
    assert channel.end().status == -signal.SIGKILL


def test_the_end_of_a_worker_is_heard_and_told(here: Any, link: Link) -> None:
    channel = here.python(link, "import sys; print('bye', file=sys.stderr); sys.exit(3)").converse()
    assert channel.line(30) == ""
    ending = channel.end(patience_seconds=5)
    assert (ending.status, list(ending.last)) == (3, ["bye"])


def test_silence_in_a_conversation_is_an_error_and_no_end(here: Any, link: Link) -> None:
    channel = here.python(link, TALK).converse()
    with pytest.raises(TimeoutError):
        channel.line(0.2)
    channel.write("still there?")
    assert channel.line(30) == "heard still there?\n"


def test_two_conversations_do_not_hear_each_other(here: Any, link: Link) -> None:
    one, other = here.python(link, TALK).converse(), here.python(link, TALK).converse()
    one.write("one")
    other.write("other")
    assert (other.line(30), one.line(30)) == ("heard other\n", "heard one\n")


def test_a_worker_is_asked_while_a_conversation_goes_on(here: Any, link: Link) -> None:
    channel = here.python(link, TALK).converse()
    assert here.python(link, "print('asked')").ask(MESSAGE, timeout_seconds=30).out == "asked\n"
    channel.write("and now?")
    assert channel.line(30) == "heard and now?\n"


def test_whoever_waits_for_an_answer_hears_of_the_end(here: Any, link: Link) -> None:
    command = here.python(link, f"import os, time; os.kill({here.agent(link)}, {signal.SIGKILL:d}); time.sleep(600)")
    with pytest.raises(ConnectionLost, match="pi-1: the connection was lost"):
        command.ask(MESSAGE, timeout_seconds=60)
    with pytest.raises(ConnectionLost):
        command.converse()


def test_whoever_waits_for_a_line_hears_of_the_end(here: Any, link: Link) -> None:
    channel = here.python(link, TALK).converse()
    os.kill(here.agent(link), signal.SIGKILL)
    with pytest.raises(ConnectionLost):
        channel.line(60)
    assert channel.end().status == -signal.SIGKILL
