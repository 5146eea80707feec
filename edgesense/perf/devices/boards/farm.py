"""Which board is free: boards behind one name are leased one measurement at a time, across processes and computers."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from edgesense.errors import DeviceUnavailable
from edgesense.perf import locks
from edgesense.perf.devices.boards import setup
from edgesense.perf.devices.boards.link import ConnectionLost, Link
from edgesense.perf.devices.boards.openssh import Address, Way, explain
from edgesense.perf.devices.emulation import fetch

LOCK = "edgesense-board"
POLL_SECONDS = 0.1
BUSY_POLL_SECONDS = 1.0
TRIES = 2
"""A connection that is lost while it is made is made once more; one that is refused is not."""


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

    def lock(self, board: setup.Board) -> str:
        """Return the name that is held on a board while it measures."""
        # Where the folder is there: "~" is another one for each account.
        return LOCK if self.shared else f"{LOCK}:{board.about['base']}"[-90:]


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
    said: dict[Address, str] = {}
    lost: Counter[Address] = Counter()
    while usable := [address for address in addresses if lost[address] < TRIES]:
        for address in usable:
            with ExitStack() as mine:
                if not locks.take(_lock(address), mine):
                    continue
                try:
                    board = connect(way, address, where, setup.silent, mine, tries=1)
                    _alone(board, where)
                except DeviceUnavailable as error:
                    # Its turn comes again after the others', so that one that is off costs no time while they are free.
                    lost[address] += 1 if isinstance(error, ConnectionLost) else TRIES
                    said[address] = str(error)
                    continue
                stack.push(mine.pop_all())
                return board, tuple(f"not used: {why}" for one, why in said.items() if one != address)
        time.sleep(POLL_SECONDS)
    reasons = list(said.values())
    if len(reasons) == 1:
        raise DeviceUnavailable(reasons[0])
    raise DeviceUnavailable(f"none of the {len(reasons)} boards of {name} can be used: {'; '.join(reasons)}")


def connect(
    way: Way, address: Address, where: Where, progress: fetch.Progress, stack: ExitStack, *, tries: int = TRIES
) -> setup.Board:
    """Connect to a board until the stack is closed, and make it ready.

    Args:
        way: How it is reached.
        address: Which.
        where: What is used on it.
        progress: Told of each step.
        stack: Holds the connection.
        tries: How often it may be lost meanwhile.

    Raises:
        ConnectionLost: If it was lost each time.
        DeviceUnavailable: If the board cannot be used; the text says what to do.
    """
    with ExitStack() as mine:
        link = Link(way.command(address), lambda _, said: explain(address, said), str(address))
        mine.enter_context(link)
        try:
            board = setup.ready(link, where.directory, where.python, progress, own_environment=where.own_environment)
        except ConnectionLost:
            if tries == 1:
                raise
        else:
            stack.push(mine.pop_all())
            return board
    return connect(way, address, where, progress, stack, tries=tries - 1)


def _alone(board: setup.Board, where: Where) -> None:
    """Wait until nobody else has the board, from whatever computer or account."""
    while not board.link.request("lease", lock=where.lock(board))["leased"]:
        time.sleep(BUSY_POLL_SECONDS)


def _lock(address: Address) -> str:
    return "ssh-" + re.sub(r"[^\w.-]", "_", f"{address}-{address.port or 22}")
