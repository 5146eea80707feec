"""Which searching processes of this work folder are alive: each holds a lock for as long as it lives."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Self


class Presence:
    """This process's lock, and a look at those of others.

    A process that is killed leaves its trial marked as running, and a heartbeat takes minutes to be missed. A lock is
    let go by the system at once, and unlike a process number it means the same to every container that sees the file.

    Attributes:
        name: What this process is called in its trials.
    """

    def __init__(self, folder: Path) -> None:
        import filelock

        self.name = uuid.uuid4().hex
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = filelock.FileLock(self._path(self.name))

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        self._path(self.name).unlink(missing_ok=True)

    def is_gone(self, name: str) -> bool:
        """Whether a process that had its lock here has ended; of one of another folder nothing is known: False."""
        import filelock

        path = self._path(name)
        if name == self.name or not path.exists():
            return False
        other = filelock.FileLock(path)
        try:
            other.acquire(timeout=0)
        except filelock.Timeout:
            return False
        other.release()
        return True

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"
