"""Files written whole or not at all, and where this project keeps what it can make again."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

UNUSED_DAYS = 30


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write text or bytes so that a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp's 0600 would hide a committed file from others.
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def cache_directory() -> Path:
    """Return the directory for what can be made again: ``EDGESENSE_CACHE``, else the user's cache."""
    import platformdirs

    said = os.environ.get("EDGESENSE_CACHE")
    return Path(said) if said else platformdirs.user_cache_path("edgesense")


def forget_unused(paths: Iterable[Path], days: float = UNUSED_DAYS) -> None:
    """Remove the files and directories that were last touched so long ago."""
    before = time.time() - days * 24 * 3600
    for path in paths:
        # Another process may be removing it too.
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
