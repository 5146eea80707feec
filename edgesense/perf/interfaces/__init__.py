"""The seams: what a workload, a device, a metric, a profiler and a baseline store must offer."""

from __future__ import annotations

from edgesense.perf.interfaces.device import (
    PRODUCT,
    Device,
    LeasingDevice,
    PairingDevice,
    Profiled,
    ProfilingDevice,
    Ready,
    SettableDevice,
    Talk,
    Watching,
)
from edgesense.perf.interfaces.metric import Metric, Tolerance
from edgesense.perf.interfaces.profiler import Profiler
from edgesense.perf.interfaces.store import BaselineStore
from edgesense.perf.interfaces.workload import LabelledWorkload, StagedWorkload, Workload

__all__ = [
    "PRODUCT",
    "BaselineStore",
    "Device",
    "LabelledWorkload",
    "LeasingDevice",
    "Metric",
    "PairingDevice",
    "Profiled",
    "Profiler",
    "ProfilingDevice",
    "Ready",
    "SettableDevice",
    "StagedWorkload",
    "Talk",
    "Tolerance",
    "Watching",
    "Workload",
]
