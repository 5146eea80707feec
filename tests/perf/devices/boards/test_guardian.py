from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgesense.perf.devices.boards.link import ConnectionLost

Asked = Callable[[int], bool]
WITH_A_CHILD_THAT_LEFT = f"""
import os, subprocess, time
sleeping = "import time; time.sleep(600)"
command = [{sys.executable!r}, "-c", sleeping]
child = subprocess.Popen(command, start_new_session=True, env={{}}, stdout=subprocess.DEVNULL)
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def numbers(here: Any, link: Any) -> list[int]:
    """Start a worker with a child that has a session and an environment of its own; return their numbers."""
    return [int(one) for one in here.python(link, WITH_A_CHILD_THAT_LEFT).converse().line(30).split()]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("which", ["agent", "guardian"])
def test_whichever_of_the_two_is_ended_nothing_stays(which: str, how: signal.Signals, here: Any, gone: Asked) -> None:
    with here.connect() as link:
        agent, guardian, number = here.agent(link), here.guardian(link), here.started(link)
        os.kill(getattr(here, which)(link), how)
        for one in (number, agent, guardian):
            assert gone(one)
        with pytest.raises(ConnectionLost, match="the connection was lost"):
            link.request("health")
    assert here.left() == []


def test_a_worker_that_is_ended_with_its_agent_did_not_fail(here: Any) -> None:
    with here.connect() as link:
        code = f"import os, time; os.kill({here.agent(link)}, {signal.SIGTERM:d}); time.sleep(600)"
        with pytest.raises(ConnectionLost, match="the connection was lost"):
            here.python(link, code).ask({"options": {}}, timeout_seconds=60)


def test_what_a_worker_started_is_ended_with_an_agent_that_is_killed_wherever_it_went(here: Any, gone: Asked) -> None:
    with here.connect() as link:
        worker, child = numbers(here, link)
        os.kill(here.agent(link), signal.SIGKILL)
        assert gone(worker)
        assert gone(child)
    assert here.left() == []


def test_what_a_worker_started_is_ended_when_the_connection_is_closed(here: Any, gone: Asked) -> None:
    with here.connect() as link:
        _, child = numbers(here, link)
    assert gone(child)


def test_a_connection_ends_only_when_nothing_is_left_there(here: Any, alive: Asked) -> None:
    with here.connect() as link:
        worker, child = numbers(here, link)
        os.kill(here.agent(link), signal.SIGKILL)
        with pytest.raises(ConnectionLost):
            link.request("health")
        assert not alive(worker)
        assert not alive(child)
        assert here.left() == []


def test_a_guardian_does_not_outlive_an_agent_that_ends(here: Any, gone: Asked) -> None:
    with here.connect() as link:
        agent, guardian = here.agent(link), here.guardian(link)
    assert gone(agent)
    assert gone(guardian)


def test_what_belongs_to_another_agent_stays(here: Any, alive: Asked, gone: Asked) -> None:
    with here.connect() as other:
        number = here.started(other)
        (mine,) = here.left()
        half = here.base / "objects" / f"abc.partial-{here.agent(other)}"
        half.write_bytes(b"half")
        with here.connect() as link:
            worker = here.started(link)
            os.kill(here.agent(link), signal.SIGKILL)
            assert gone(worker)
            assert gone(here.guardian(link))
        assert sorted(here.left()) == sorted([mine, half.name])
        assert alive(number)
        assert other.request("health")


def test_half_an_environment_goes_with_an_agent_that_is_killed(here: Any, tmp_path: Path, gone: Asked) -> None:
    noted = tmp_path / "pid"
    slow = tmp_path / "python"
    slow.write_text(f'#!/bin/sh\nmkdir -p "$4/lib"\necho $$ > {noted}\nexec sleep 600\n')
    slow.chmod(0o755)
    with here.connect() as link:
        link.post("environment", name="env", python=str(slow), wheels=[], imports=[])
        for _ in range(200):
            if noted.exists() and noted.read_text().strip():
                break
            time.sleep(0.05)
        assert len(here.left()) == 2
        os.kill(here.agent(link), signal.SIGKILL)
        assert gone(int(noted.read_text()))
        assert gone(here.guardian(link))
    assert here.left() == []
