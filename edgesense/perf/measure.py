"""Make a job's measurement on a device, one at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgesense.perf.files import cache_directory
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Job, Measurement


@contextmanager
def alone(device: str) -> Iterator[None]:
    """Wait until no other process of this user measures or profiles on a device, and keep others waiting."""
    import filelock

    locks = cache_directory() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(locks / f"{device}.lock"):
        yield


def measure(device: Device, job: Job) -> Measurement:
    """Measure a job on a device while no other process of this user measures there.

    Raises:
        WorkerFailed: If a measuring process crashed, hung or was killed.
        EdgeSenseError: What the workload itself refused.
    """
    with alone(device.name), tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        return device.run(job, Path(scratch))
