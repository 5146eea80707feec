"""Memory of a process that trains: what it holds, and giving back what a finished training no longer needs."""

from __future__ import annotations

import ctypes
import gc
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import NotMeasured

FIELDS = {
    "high_water_bytes": "VmHWM",
    "resident_bytes": "VmRSS",
    "anonymous_bytes": "RssAnon",
    "file_bytes": "RssFile",
    "data_bytes": "VmData",
}


@dataclass(frozen=True)
class Usage:
    """Memory of this process (Linux; proc(5), /proc/pid/status).

    Attributes:
        high_water_bytes: Most that was ever resident, mapped files included.
        resident_bytes: What is resident.
        anonymous_bytes: Of that, what no file holds: it cannot be taken back without swap.
        file_bytes: Of that, pages of mapped files: libraries and stores. The system may take clean ones back.
        data_bytes: Address space of private writable memory, resident or not: what RLIMIT_DATA limits.
    """

    high_water_bytes: int
    resident_bytes: int
    anonymous_bytes: int
    file_bytes: int
    data_bytes: int


def usage() -> Usage:
    """This process's memory now.

    Raises:
        NotMeasured: The system does not tell.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        told = dict(line.split(":", 1) for line in lines)
        return Usage(**{name: int(told[field].split()[0]) * 1024 for name, field in FIELDS.items()})
    except (OSError, KeyError) as error:
        raise NotMeasured(f"this system does not tell a process's memory in /proc/self/status: {error}") from error


def release() -> None:
    """Give back what no living object needs: Keras's graph, cycles of objects, and what the allocator keeps free.

    Models that are still referred to stay usable. TensorFlow itself keeps some of each compiled step until the process
    ends: see docs/training.md for how much.
    """
    import tf_keras

    tf_keras.backend.clear_session()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
