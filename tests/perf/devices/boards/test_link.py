from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.boards import link as links
from edgesense.perf.devices.boards.link import BOOTSTRAP, ConnectionLost, Link

Asked = Callable[[int], bool]
MESSAGE: dict[str, Any] = {"workload": "models/x", "options": {}}


def test_a_board_says_what_it_is(here: Any) -> None:
    with here.reach() as link:
        said = link.hello(str(here.base))
    assert said["python"] == list(sys.version_info[:3])
    assert said["system"] == "Linux"
    assert said["base"] == str(here.base)
    assert here.left() == []


def test_what_a_login_script_prints_is_passed_over(here: Any) -> None:
    noisy = ("/bin/sh", "-c", 'echo "Welcome to pi-1"; echo \'{"id": 7}\'; exec "$@"', "sh", *here.command)
    with here.reach(*noisy) as link:
        assert link.hello(str(here.base))["base"] == str(here.base)


def test_no_connection_is_explained_by_what_the_command_printed(here: Any) -> None:
    failing = ("/bin/sh", "-c", "echo no route to host >&2; exit 255")
    with here.reach(*failing) as link, pytest.raises(ConnectionLost) as error:
        link.hello(str(here.base))
    assert str(error.value) == "pi-1: pi-1 said: no route to host"
    assert error.value.name == "pi-1"


def test_a_connection_that_is_refused_is_not_called_lost(here: Any) -> None:
    refusing = ("/bin/sh", "-c", "echo refused >&2; exit 255")
    with here.reach(*refusing) as link, pytest.raises(DeviceUnavailable, match=r"^pi-1: pi-1 said: refused$") as error:
        link.hello(str(here.base))
    assert not isinstance(error.value, ConnectionLost)


def test_a_command_that_is_not_there_is_named(here: Any) -> None:
    with pytest.raises(DeviceUnavailable, match="pi-1: /no/such/ssh cannot be started: No such file"):
        here.reach("/no/such/ssh")


def test_closing_the_connection_ends_what_runs_there(here: Any, gone: Asked) -> None:
    with here.connect() as link:
        number = here.started(link)
    assert gone(number)
    assert here.left() == []


def test_an_agent_that_hears_nothing_any_more_leaves(here: Any, monkeypatch: pytest.MonkeyPatch, gone: Asked) -> None:
    monkeypatch.setattr(links, "SILENCE_SECONDS", 1)
    monkeypatch.setattr(links, "PULSE_SECONDS", 600.0)
    with here.connect() as link:
        number, agent, guardian = here.started(link), here.agent(link), here.guardian(link)
        assert gone(number)
        assert gone(agent)
        assert gone(guardian)
    assert here.left() == []


def test_a_board_that_is_silent_is_given_up(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SILENCE_SECONDS", 1)
    monkeypatch.setattr(links, "PULSE_SECONDS", 0.1)
    with here.connect() as link:
        agent = here.agent(link)
        os.kill(agent, signal.SIGSTOP)
        with pytest.raises(ConnectionLost, match="nothing came from the board for 1 s"):
            link.request("health", timeout_seconds=60)
    os.kill(agent, signal.SIGKILL)


def test_a_pulse_keeps_a_quiet_connection(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "SILENCE_SECONDS", 1)
    monkeypatch.setattr(links, "PULSE_SECONDS", 0.1)
    with here.connect() as link:
        said = here.python(link, "import time; time.sleep(2.5); print('done')").ask(MESSAGE, timeout_seconds=60)
    assert said.out == "done\n"


def test_a_lease_is_one_connections_until_it_ends(here: Any) -> None:
    def leased(link: Link) -> bool:
        return bool(link.request("lease", lock=f"test-{here.base}"[-80:])["leased"])

    with here.connect(name="pi-2") as other:
        with here.connect() as one:
            assert leased(one)
            assert not leased(other)
        assert leased(other)


def send(link: Link, content: bytes, digest: str) -> None:
    link.request("put", content, digest=digest)


def test_a_damaged_file_is_refused_and_not_kept(link: Link, here: Any) -> None:
    with pytest.raises(DeviceUnavailable, match="pi-1: a file came to the board damaged"):
        send(link, b"else", "0" * 64)
    assert list((here.base / "objects").iterdir()) == []


def test_a_full_disk_is_said_to_be_full_and_no_half_file_stays(here: Any) -> None:
    # A limit on the size of files is the only full disk that any user can have.
    limited = ("/bin/sh", "-c", 'ulimit -f 4; exec "$@"', "sh", *here.command)
    content = os.urandom(64 * 1024)
    with here.reach(*limited) as link:
        link.hello(str(here.base))
        with pytest.raises(DeviceUnavailable, match=r"pi-1: the board says: .*File too large"):
            send(link, content, sha256(content).hexdigest())
        assert list((here.base / "objects").iterdir()) == []
        assert link.request("health")


def test_what_the_agent_is_not_asked_properly_is_an_error_and_no_end(link: Link) -> None:
    with pytest.raises(DeviceUnavailable, match="pi-1: the agent on the board failed: KeyError"):
        link.request("tree")
    with pytest.raises(DeviceUnavailable, match="the agent on the board failed: AttributeError"):
        link.request("sing")
    assert link.request("ping")["now"] > 0


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_nothing_of_a_connection_stays_open_here(here: Any) -> None:
    before = (open_files(), threading.active_count())
    for command in (here.command, ("/bin/false",)):
        with here.reach(*command) as link, suppress(ConnectionLost):
            link.hello(str(here.base))
    assert (open_files(), threading.active_count()) == before


def test_the_agent_is_read_by_old_pythons() -> None:
    import ast

    ast.parse(links.onboard(), feature_version=(3, 8))
    for name in links.ONBOARD:
        text = Path(links.__file__).with_name("onboard").joinpath(f"{name}.py").read_text(encoding="utf-8")
        ast.parse(text, feature_version=(3, 8))


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_the_agent_runs_under_other_pythons(version: str, here: Any) -> None:
    other = shutil.which(f"python{version}") or ""
    if not other or subprocess.run([other, "-c", ""], check=False, capture_output=True).returncode:
        pytest.skip(f"there is no python{version} here")
    with here.reach(other, "-I", "-c", BOOTSTRAP) as link:
        assert link.hello(str(here.base))["python"][:2] == [int(part) for part in version.split(".")]
        assert here.python(link, "print('asked')").ask(MESSAGE, timeout_seconds=30).out == "asked\n"
