"""Which board is free: boards behind one name are leased one measurement at a time, across processes and computers."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from edgesense.errors import DeviceUnavailable
from edgesense.perf import locks
from edgesense.perf.devices.boards import setup
from edgesense.perf.devices.boards.link import Link
from edgesense.perf.devices.boards.openssh import Address, Way, explain
from edgesense.perf.devices.emulation import fetch

LOCK = "edgesense-board"
POLL_SECONDS = 0.1
BUSY_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Where:
    """What is used on a board.

    Attributes:
        directory: Where everything is kept; "~" is the account's home.
        python: The Python that is used, None for the board's `python3`.
        own_environment: Whether that one has NumPy and a runtime, and is used as it is.
        shared: Whether the board is one measuring place, whatever the account; else each directory is one.
    """

    directory: str
    python: str | None = None
    own_environment: bool = False
    shared: bool = True

    @property
    def lock(self) -> str:
        """What is held on the board while it measures."""
        return LOCK if self.shared else f"{LOCK}:{self.directory}"[-90:]


def lease(
    name: str, addresses: Sequence[Address], way: Way, where: Where, stack: ExitStack
) -> tuple[setup.Board, tuple[str, ...]]:
    """Wait for a free board and have it alone until the stack is closed.

    Args:
        name: The device's, for messages.
        addresses: The boards.
        way: How they are reached.
        where: What is used on them.
        stack: Holds the locks and the connection.

    Returns:
        The board, and in words why others were not used.

    Raises:
        DeviceUnavailable: If no board can be used, with each one's reason.
    """
    failed: dict[Address, str] = {}
    while len(failed) < len(addresses):
        for address in addresses:
            if address in failed:
                continue
            with ExitStack() as mine:
                if not locks.take(_lock(address), mine):
                    continue
                try:
                    board = connect(way, address, where, setup.silent, mine)
                    _alone(board, where)
                except DeviceUnavailable as error:
                    failed[address] = str(error)
                    continue
                stack.push(mine.pop_all())
                return board, tuple(f"not used: {why}" for why in failed.values())
        time.sleep(POLL_SECONDS)
    reasons = list(failed.values())
    if len(reasons) == 1:
        raise DeviceUnavailable(reasons[0])
    raise DeviceUnavailable(f"none of the {len(reasons)} boards of {name} can be used: {'; '.join(reasons)}")


def connect(way: Way, address: Address, where: Where, progress: fetch.Progress, stack: ExitStack) -> setup.Board:
    """Connect to a board until the stack is closed, and make it ready.

    Raises:
        DeviceUnavailable: If it cannot be used; the text says what to do.
    """
    link = Link(way.command(address), lambda _, said: explain(address, said), str(address))
    stack.enter_context(link)
    return setup.ready(link, where.directory, where.python, progress, own_environment=where.own_environment)


def _alone(board: setup.Board, where: Where) -> None:
    """Wait until nobody else has the board, from whatever computer or account."""
    while not board.link.request("lease", lock=where.lock)["leased"]:
        time.sleep(BUSY_POLL_SECONDS)


def _lock(address: Address) -> str:
    return "ssh-" + re.sub(r"[^\w.-]", "_", f"{address}-{address.port or 22}")
