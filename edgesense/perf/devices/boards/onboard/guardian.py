"""The process that the board's SSH server started: it stands behind the agent, its child, and cleans up after it.

However the agent ends, whatever it or its workers started and left becomes this process's own child, since it has told
the kernel that it takes orphans in. It ends them, removes what the run had on the disk, and only then the connection.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from edgesense.perf.devices.boards.onboard import store

DIE_WITH_PARENT, NAME, TAKE_ORPHANS = 1, 15, 36
"""PR_SET_PDEATHSIG, PR_SET_NAME and PR_SET_CHILD_SUBREAPER of Linux's prctl.

The parent of the first is the thread that starts a child, so that one has to outlive it.
"""
ENDING_SECONDS = 10.0
"""A process that the kernel cannot end, for instance while a disk does not answer, is left after so long."""

LIBC = ctypes.CDLL(None)


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent is gone, however that one went."""
    _tell_kernel(DIE_WITH_PARENT, number)


def stand() -> Callable[[str], None]:
    """Go on as the agent in a child of this process, which stays behind as its guardian and never returns.

    Returns:
        What is to be told of the folder that the agent uses, before anything is written there.
    """
    ours, theirs = os.pipe()
    guardian = os.getpid()
    _tell_kernel(TAKE_ORPHANS, 1)
    agent = os.fork()
    if agent:
        os.close(theirs)
        _tell_kernel(NAME, b"edgesense-guard")
        _guard(agent, ours)
    os.close(ours)
    os.setsid()
    _tell_kernel(NAME, b"edgesense-agent")
    die_with_parent(signal.SIGTERM)
    if os.getppid() != guardian:
        sys.exit(1)

    def tell(directory: str) -> None:
        with contextlib.suppress(OSError):
            os.write(theirs, os.fsencode(directory) + b"\0")

    return tell


def _guard(agent: int, told: int) -> NoReturn:
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: os.kill(agent, signal.SIGTERM))
        while os.waitpid(-1, 0)[0] != agent:
            pass
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _end_orphans()
        os.set_blocking(told, False)
        with contextlib.suppress(OSError):
            for directory in os.read(told, 1 << 16).split(b"\0")[:-1]:
                store.clean(os.fsdecode(directory))
    finally:
        os._exit(0)


def _end_orphans() -> None:
    """End what became a child of this process, and what becomes one by that."""
    until = time.monotonic() + ENDING_SECONDS
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for number in _children():
            # Its number is no other's as long as its end was not taken notice of here.
            with contextlib.suppress(OSError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.005)


def _children() -> Iterator[int]:
    mine = str(os.getpid())
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name in parentheses may have any sign in it.
            if path.read_text(errors="replace").rpartition(")")[2].split()[1] == mine:
                yield int(path.parent.name)


def _tell_kernel(option: int, value: object) -> None:
    with contextlib.suppress(OSError, AttributeError):
        LIBC.prctl(option, value)
