from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgesense.perf.devices.boards.onboard import agent as agents
from edgesense.perf.devices.boards.onboard import condition
from edgesense.perf.devices.boards.onboard.store import Store


class Spoken:
    """An agent in a thread of this process."""

    def __init__(self, base: Path) -> None:
        ours, self._to = os.pipe()
        self._from, theirs = os.pipe()
        self.thread = threading.Thread(target=agents.Agent(ours, theirs, 30).serve)
        self.thread.start()
        self._lines = os.fdopen(self._from)
        self.say(id=1, do="hello", directory=str(base), python=None)

    def say(self, payload: bytes = b"", **request: Any) -> Any:
        head = request | ({"bytes": len(payload)} if payload else {})
        for part in (json.dumps(head).encode() + b"\n", payload):
            # In two pieces, as a network may bring it.
            os.write(self._to, part[: len(part) // 2])
            os.write(self._to, part[len(part) // 2 :])
        return json.loads(self._lines.readline())

    def end(self) -> None:
        os.close(self._to)
        self.thread.join(30)
        self._lines.close()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Spoken]:
    spoken = Spoken(tmp_path / "board")
    yield spoken
    spoken.end()
    assert not spoken.thread.is_alive()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_called_by_its_name(number: int, agent: Spoken, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Store, "put", full)
    said = agent.say(b"content", id=2, do="put", digest="0" * 64)
    assert said == {"id": 2, "error": {"type": "DeviceUnavailable", "message": "the board's disk is full"}}


def test_a_large_file_comes_whole_and_the_next_request_after_it(agent: Spoken, tmp_path: Path) -> None:
    from hashlib import sha256

    content = os.urandom(50_000)
    digest = sha256(content).hexdigest()
    assert agent.say(content, id=2, do="put", digest=digest) == {"id": 2}
    assert agent.say(id=3, do="missing", files=[digest], trees=[]) == {"id": 3, "files": [], "trees": []}
    assert (tmp_path / "board" / "objects" / digest).read_bytes() == content


def test_an_agent_that_was_not_greeted_does_nothing() -> None:
    ours, to = os.pipe()
    from_agent, theirs = os.pipe()
    thread = threading.Thread(target=agents.Agent(ours, theirs, 30).serve)
    thread.start()
    os.write(to, b'{"id": 1, "do": "tidy", "seconds": 0}\n')
    with os.fdopen(from_agent) as lines:
        assert json.loads(lines.readline())["error"]["message"] == "the agent was not greeted"
        os.close(to)
        thread.join(30)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A board's own files, as far as they are read."""
    for core, governor in enumerate(("ondemand", "performance")):
        folder = tmp_path / f"cpu{core}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(f"{governor}\n")
        (folder / "scaling_cur_freq").write_text("1500000\n")
    (tmp_path / "cpufreq").mkdir()
    (tmp_path / "temp").write_text("48312\n")
    monkeypatch.setattr(condition, "CPUS", tmp_path)
    monkeypatch.setattr(condition, "TEMPERATURE", tmp_path / "temp")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_a_boards_condition_is_read_from_its_own_files(system: Path) -> None:
    assert condition.read() == {
        "governors": ["ondemand", "performance"],
        "hertz": [1_500_000_000, 1_500_000_000],
        "celsius": 48.312,
        "throttled": None,
    }


def test_the_firmware_is_asked_where_there_is_one(system: Path) -> None:
    (system / "bin").mkdir()
    firmware = system / "bin" / "vcgencmd"
    firmware.write_text('#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x50000\n')
    firmware.chmod(0o755)
    assert condition.read()["throttled"] == "throttled=0x50000"


def test_a_system_that_says_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(condition, "CPUS", tmp_path / "none")
    monkeypatch.setattr(condition, "TEMPERATURE", tmp_path / "none")
    monkeypatch.setenv("PATH", "")
    assert condition.read() == {"governors": [], "hertz": [], "celsius": None, "throttled": None}
