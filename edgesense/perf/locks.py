"""One measurement at a time: locks by name that hold on this machine, whoever runs there.

Who sets EDGESENSE_CACHE chooses a place of their own, locks included.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sys
import time
from collections.abc import Iterator

from edgesense.perf import progress
from edgesense.perf.files import cache_directory

POLL_SECONDS = 0.05
MOST_CHARACTERS = 108
"""Of an abstract name; Linux's unix(7)."""


@contextlib.contextmanager
def hold(name: str) -> Iterator[None]:
    """Wait until nobody on this machine holds a lock of this name, and hold it.

    Args:
        name: Of a device or a board; a file's name.
    """
    with contextlib.ExitStack() as stack:
        waiting = False
        while not take(name, stack):
            if not waiting:
                progress.tell(f"waiting until {name} is free")
                waiting = True
            time.sleep(POLL_SECONDS)
        yield


def take(name: str, stack: contextlib.ExitStack) -> bool:
    """Hold a lock until a stack is closed, if nobody holds it; whether it is held now."""
    import filelock

    locks = cache_directory() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as mine:
        try:
            mine.enter_context(filelock.FileLock(locks / f"{name}.lock", timeout=0))
        except filelock.Timeout:
            return False
        if sys.platform == "linux":
            # The cache is one user's. An abstract name is the machine's: no file, nothing that could stay behind.
            holder = mine.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            try:
                holder.bind(f"\0edgesense-{_whose()}-{name}"[:MOST_CHARACTERS])
            except OSError:
                return False
        stack.push(mine.pop_all())
    return True


def _whose() -> str:
    """Return who shares a lock: the whole machine, or those who chose the same cache."""
    chosen = os.environ.get("EDGESENSE_CACHE")
    return "device" if not chosen else hashlib.sha256(chosen.encode()).hexdigest()[:12]
