from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.boards import farm, setup
from edgesense.perf.devices.boards.link import ConnectionLost
from edgesense.perf.devices.boards.openssh import Address, Way

ONE, OTHER = Address("pi-1"), Address("pi-2")
CLOSED = "kex_exchange_identification: Connection closed by remote host"
DENIED = "pi@pi-1: Permission denied (publickey)."
Network = Callable[..., "Calls"]

SSH = """#!/bin/sh
for last; do host=$before; before=$last; done
echo $host >> {calls}
if [ $host = pi-1 ] && [ $(grep -c pi-1 {calls}) -le {failing} ]; then echo "{said}" >&2; exit 255; fi
exec sh -c "$last"
"""


class Calls:
    """Which boards were called, in turn."""

    def __init__(self, noted: Path) -> None:
        self._noted = noted

    def __call__(self) -> list[str]:
        return self._noted.read_text().split()


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    """Have an `ssh` that leads here, after the first calls of pi-1 have failed."""

    def make(said: str = "", failing: int = 0) -> Calls:
        folder = tmp_path / "bin"
        folder.mkdir()
        script = folder / "ssh"
        script.write_text(SSH.format(calls=tmp_path / "calls", failing=failing, said=said))
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return Calls(tmp_path / "calls")

    return make


@pytest.fixture
def where(tmp_path: Path) -> farm.Where:
    return farm.Where(str(tmp_path / "board"), sys.executable, own_environment=True, shared=False)


def leased(where: farm.Where, *addresses: Address) -> tuple[str, tuple[str, ...]]:
    """Lease a board; return its name and what is told of the others."""
    with ExitStack() as stack:
        board, notes = farm.lease("lab-pi", addresses, Way(), where, stack)
        return board.link.name, notes


def test_a_connection_that_is_lost_while_it_is_made_is_made_once_more(network: Network, where: farm.Where) -> None:
    calls = network(CLOSED, failing=1)
    assert leased(where, ONE) == ("pi-1", ())
    assert calls() == ["pi-1", "pi-1"]


def test_a_connection_that_is_lost_twice_makes_a_board_unusable(network: Network, where: farm.Where) -> None:
    calls = network(CLOSED, failing=2)
    with pytest.raises(DeviceUnavailable, match=r"pi-1: the connection was lost .*closed by remote host"):
        leased(where, ONE)
    assert calls() == ["pi-1", "pi-1"]


def test_a_board_that_refuses_is_not_asked_again(network: Network, where: farm.Where) -> None:
    calls = network(DENIED, failing=1)
    with pytest.raises(DeviceUnavailable, match="pi-1: it accepts none of your keys"):
        leased(where, ONE)
    assert calls() == ["pi-1"]


def test_other_boards_come_before_a_second_try_and_are_told_of_the_first(network: Network, where: farm.Where) -> None:
    calls = network(CLOSED, failing=1)
    board, notes = leased(where, ONE, OTHER)
    assert board == "pi-2"
    assert [note.startswith("not used: pi-1: the connection was lost") for note in notes] == [True]
    assert calls() == ["pi-1", "pi-2"]


def test_setting_up_connects_again_too(network: Network, where: farm.Where) -> None:
    calls = network(CLOSED, failing=1)
    with ExitStack() as stack:
        assert farm.connect(Way(), ONE, where, setup.silent, stack).about["system"] == "Linux"
    assert calls() == ["pi-1", "pi-1"]


def test_setting_up_gives_a_board_up_that_is_lost_each_time(network: Network, where: farm.Where) -> None:
    calls = network(CLOSED, failing=9)
    with ExitStack() as stack, pytest.raises(ConnectionLost, match="closed by remote host"):
        farm.connect(Way(), ONE, where, setup.silent, stack)
    assert calls() == ["pi-1"] * farm.TRIES
