"""Make a job's measurement on a device, one at a time."""

from __future__ import annotations

import tempfile
from pathlib import Path

from edgesense.perf.files import cache_directory
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Job, Measurement


def measure(device: Device, job: Job) -> Measurement:
    """Measure a job on a device while no other process of this user measures there.

    Raises:
        WorkerFailed: If a measuring process crashed, hung or was killed.
        EdgeSenseError: What the workload itself refused.
    """
    import filelock

    locks = cache_directory() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(locks / f"{device.name}.lock"), tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        return device.run(job, Path(scratch))
