from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import DeviceUnavailable, WorkerFailed
from edgesense.perf.devices.boards import link as links
from edgesense.perf.devices.boards.link import BOOTSTRAP, ConnectionLost, Link, RemoteCommand

HERE = (sys.executable, "-I", "-c", BOOTSTRAP)
MESSAGE: dict[str, Any] = {"workload": "models/x", "options": {}}
TALK = "import sys\nfor line in sys.stdin:\n    print('heard', line.strip(), flush=True)"


def explain(name: str, said: str) -> str:
    return f"{name} said: {said}" if said else "the connection was lost"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "board"


@pytest.fixture
def link(base: Path) -> Iterator[Link]:
    with Link(HERE, explain, "pi-1") as one:
        one.hello(str(base))
        yield one


def python(link: Link, code: str) -> RemoteCommand:
    return RemoteCommand(link, (sys.executable, "-c", code), {})


def gone(number: int) -> bool:
    for _ in range(200):
        try:
            state = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def below(base: Path) -> list[str]:
    """Return what is left of runs, and of files and folders that are not whole."""
    left = [path.name for path in (base / "runs").iterdir()]
    return left + [path.name for name in ("objects", "trees") for path in (base / name).glob("*.partial-*")]


def test_a_board_says_what_it_is(base: Path) -> None:
    with Link(HERE, explain, "pi-1") as link:
        said = link.hello(str(base))
    assert said["python"] == list(sys.version_info[:3])
    assert said["system"] == "Linux"
    assert said["base"] == str(base)
    assert below(base) == []


def test_what_a_login_script_prints_is_passed_over(base: Path) -> None:
    noisy = ("/bin/sh", "-c", 'echo "Welcome to pi-1"; echo \'{"id": 7}\'; exec "$@"', "sh", *HERE)
    with Link(noisy, explain, "pi-1") as link:
        assert link.hello(str(base))["base"] == str(base)


def test_no_connection_is_explained_by_what_the_command_printed(base: Path) -> None:
    failing = ("/bin/sh", "-c", "echo no route to host >&2; exit 255")
    with Link(failing, explain, "pi-1") as link, pytest.raises(ConnectionLost) as error:
        link.hello(str(base))
    assert str(error.value) == "pi-1: pi-1 said: no route to host"
    assert error.value.name == "pi-1"


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceUnavailable, match="pi-1: /no/such/ssh cannot be started: No such file"):
        Link(("/no/such/ssh",), explain, "pi-1")


def test_a_worker_is_asked_once_and_its_start_is_the_boards_time(link: Link) -> None:
    echo = "import json, sys, time; m = json.load(sys.stdin); print(json.dumps([m, time.clock_gettime(1)]))"
    before = time.clock_gettime(time.CLOCK_MONOTONIC)
    said = python(link, f"{echo}; print('so it is', file=sys.stderr)").ask(MESSAGE, timeout_seconds=30)
    message, now = json.loads(said.out)
    assert before <= message["options"].pop("started") <= now
    assert message == MESSAGE
    assert (said.status, list(said.last)) == (0, ["so it is"])


def test_a_worker_that_is_silent_for_too_long_is_ended(link: Link, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"import os, sys, time; open({str(note)!r}, 'w').write(str(os.getpid())); print('stuck', file=sys.stderr); "
    with pytest.raises(WorkerFailed, match=r"gave no answer within 0.5 s and was ended:\n    stuck"):
        python(link, f"{code} sys.stderr.flush(); time.sleep(600)").ask(MESSAGE, timeout_seconds=0.5)
    assert gone(int(note.read_text()))


def test_a_worker_that_cannot_be_started_is_named(link: Link) -> None:
    with pytest.raises(WorkerFailed, match=r"pi-1: the worker cannot be started on the board: .*/no/such/python"):
        RemoteCommand(link, ("/no/such/python",), {}).ask(MESSAGE, timeout_seconds=5)


def test_a_worker_has_the_boards_environment_and_what_is_added(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    said = RemoteCommand(link, (sys.executable, "-c", code), {"OMP_NUM_THREADS": "3"}).ask(MESSAGE, timeout_seconds=30)
    found = json.loads(said.out)
    assert found["OMP_NUM_THREADS"] == "3"
    assert found["PATH"] == os.environ["PATH"]
    assert "PYTEST_CURRENT_TEST" in os.environ
    assert "PYTEST_CURRENT_TEST" not in found


def test_a_conversation_goes_line_by_line(link: Link) -> None:
    channel = python(link, TALK).converse()
    for word in ("one", "two"):
        channel.write(word)
        assert channel.line(30) == f"heard {word}\n"
    assert channel.end().status == -signal.SIGKILL
    assert channel.end().status == -signal.SIGKILL


def test_the_end_of_a_worker_is_heard_and_told(link: Link) -> None:
    channel = python(link, "import sys; print('bye', file=sys.stderr); sys.exit(3)").converse()
    assert channel.line(30) == ""
    ending = channel.end(patience_seconds=5)
    assert (ending.status, list(ending.last)) == (3, ["bye"])


def test_silence_in_a_conversation_is_an_error_and_no_end(link: Link) -> None:
    channel = python(link, TALK).converse()
    with pytest.raises(TimeoutError):
        channel.line(0.2)
    channel.write("still there?")
    assert channel.line(30) == "heard still there?\n"


def test_two_conversations_do_not_hear_each_other(link: Link) -> None:
    one, other = python(link, TALK).converse(), python(link, TALK).converse()
    one.write("one")
    other.write("other")
    assert (other.line(30), one.line(30)) == ("heard other\n", "heard one\n")


def test_a_worker_is_asked_while_a_conversation_goes_on(link: Link) -> None:
    channel = python(link, TALK).converse()
    assert python(link, "print('asked')").ask(MESSAGE, timeout_seconds=30).out == "asked\n"
    channel.write("and now?")
    assert channel.line(30) == "heard and now?\n"


def started(link: Link) -> int:
    channel = python(link, "import os, time; print(os.getpid(), flush=True); time.sleep(600)").converse()
    return int(channel.line(30))


def test_closing_the_connection_ends_what_runs_there(base: Path) -> None:
    with Link(HERE, explain, "pi-1") as link:
        link.hello(str(base))
        number = started(link)
    assert gone(number)
    assert below(base) == []


def agent_of(link: Link) -> int:
    return link._process.pid


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_an_agent_that_is_ended_takes_its_workers_along(how: signal.Signals, base: Path) -> None:
    with Link(HERE, explain, "pi-1") as link:
        link.hello(str(base))
        number = started(link)
        os.kill(agent_of(link), how)
        assert gone(number)
        with pytest.raises(ConnectionLost, match="the connection was lost"):
            link.request("health")
    with Link(HERE, explain, "pi-1") as link:
        link.hello(str(base))
        assert len(below(base)) == 1
    assert below(base) == []


def test_whoever_waits_for_an_answer_hears_of_the_end(link: Link) -> None:
    command = python(link, f"import os, time; os.kill({agent_of(link)}, {signal.SIGKILL:d}); time.sleep(600)")
    with pytest.raises(ConnectionLost, match="pi-1: the connection was lost"):
        command.ask(MESSAGE, timeout_seconds=60)
    with pytest.raises(ConnectionLost):
        command.converse()


def test_whoever_waits_for_a_line_hears_of_the_end(link: Link) -> None:
    channel = python(link, TALK).converse()
    os.kill(agent_of(link), signal.SIGKILL)
    with pytest.raises(ConnectionLost):
        channel.line(60)
    assert channel.end().status == -signal.SIGKILL


def test_an_agent_that_hears_nothing_any_more_leaves(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SILENCE_SECONDS", 1)
    monkeypatch.setattr(links, "PULSE_SECONDS", 600.0)
    with Link(HERE, explain, "pi-1") as link:
        link.hello(str(base))
        number = started(link)
        assert gone(number)
        assert gone(agent_of(link))
    assert below(base) == []


def test_a_board_that_is_silent_is_given_up(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SILENCE_SECONDS", 1)
    monkeypatch.setattr(links, "PULSE_SECONDS", 0.1)
    with Link(HERE, explain, "pi-1") as link:
        link.hello(str(base))
        os.kill(agent_of(link), signal.SIGSTOP)
        with pytest.raises(ConnectionLost, match="nothing came from the board for 1 s"):
            link.request("health", timeout_seconds=60)


def test_a_pulse_keeps_a_quiet_connection(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SILENCE_SECONDS", 1)
    monkeypatch.setattr(links, "PULSE_SECONDS", 0.1)
    with Link(HERE, explain, "pi-1") as link:
        link.hello(str(base))
        said = python(link, "import time; time.sleep(2.5); print('done')").ask(MESSAGE, timeout_seconds=60)
    assert said.out == "done\n"


def test_a_lease_is_one_connections_until_it_ends(base: Path) -> None:
    def leased(link: Link) -> bool:
        return bool(link.request("lease", lock=f"test-{base}"[-80:])["leased"])

    with Link(HERE, explain, "pi-2") as other:
        other.hello(str(base))
        with Link(HERE, explain, "pi-1") as one:
            one.hello(str(base))
            assert leased(one)
            assert not leased(other)
        assert leased(other)


def send(link: Link, content: bytes, digest: str) -> None:
    link.request("put", content, digest=digest)


def test_a_damaged_file_is_refused_and_not_kept(link: Link, base: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="pi-1: a file came to the board damaged"):
        send(link, b"else", "0" * 64)
    assert list((base / "objects").iterdir()) == []


def test_a_full_disk_is_said_to_be_full_and_no_half_file_stays(base: Path) -> None:
    # A limit on the size of files is the only full disk that any user can have.
    limited = ("/bin/sh", "-c", 'ulimit -f 4; exec "$@"', "sh", *HERE)
    content = os.urandom(64 * 1024)
    with Link(limited, explain, "pi-1") as link:
        link.hello(str(base))
        with pytest.raises(DeviceUnavailable, match=r"pi-1: the board says: .*File too large"):
            send(link, content, sha256(content).hexdigest())
        assert list((base / "objects").iterdir()) == []
        assert link.request("health")


def test_what_the_agent_is_not_asked_properly_is_an_error_and_no_end(link: Link) -> None:
    with pytest.raises(DeviceUnavailable, match="pi-1: the agent on the board failed: KeyError"):
        link.request("tree")
    with pytest.raises(DeviceUnavailable, match="the agent on the board failed: AttributeError"):
        link.request("sing")
    assert link.request("ping")["now"] > 0


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_nothing_of_a_connection_stays_open_here(base: Path) -> None:
    before = (open_files(), threading.active_count())
    for command in (HERE, ("/bin/false",)):
        with Link(command, explain, "pi-1") as link, suppress(ConnectionLost):
            link.hello(str(base))
    assert (open_files(), threading.active_count()) == before


def test_the_agent_is_read_by_old_pythons() -> None:
    import ast

    ast.parse(links.onboard(), feature_version=(3, 8))
    for name in links.ONBOARD:
        text = Path(links.__file__).with_name("onboard").joinpath(f"{name}.py").read_text(encoding="utf-8")
        ast.parse(text, feature_version=(3, 8))


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_the_agent_runs_under_other_pythons(version: str, base: Path) -> None:
    other = shutil.which(f"python{version}") or ""
    if not other or subprocess.run([other, "-c", ""], check=False, capture_output=True).returncode:
        pytest.skip(f"there is no python{version} here")
    with Link((other, "-I", "-c", BOOTSTRAP), explain, "pi-1") as link:
        assert link.hello(str(base))["python"][:2] == [int(part) for part in version.split(".")]
        assert python(link, "print('asked')").ask(MESSAGE, timeout_seconds=30).out == "asked\n"
