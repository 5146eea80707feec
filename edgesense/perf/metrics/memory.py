"""A fresh process that only loads and runs the pipeline: its memory's high-water mark and its first result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgesense.errors import NotMeasured
from edgesense.perf import statistics
from edgesense.perf.metrics._base import Allowance, SampledMetric, joined
from edgesense.perf.records import Known, Reading, Report
from edgesense.perf.units import MEBIBYTE, MILLISECOND

PROBE = f"{__name__}:probe"
SHARES = ("python_numpy", "runtime", "pipeline")
"""Python with NumPy; the runtime's library; all else: the pipeline's code, SciPy, model and buffers."""


def high_water_bytes() -> int:
    """Return this process's peak resident memory in bytes (Linux ``VmHWM``; proc(5)).

    Raises:
        NotMeasured: Where the system does not say.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    msg = "this system does not tell a process's peak memory (no VmHWM in /proc/self/status)"
    raise NotMeasured(msg)


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Run one inference and read the high-water mark.

    Args:
        workload: An open `Workload`.
        options: ``marks``: high-water marks that the worker's loop took on the way, in bytes;
            ``started``: when the process was started, on the system-wide monotonic clock, in seconds.

    Returns:
        Series ``rss`` (bytes), its shares, and ``cold_start`` (seconds).
    """
    workload.run(workload.example())
    first = time.clock_gettime(time.CLOCK_MONOTONIC) - options["started"] if "started" in options else None
    for _ in range(4):
        workload.run(workload.example())
    peak = high_water_bytes()
    marks = options.get("marks", {})
    interpreter, runtime = marks.get("interpreter", 0), marks.get("runtime", 0)
    shares = dict(zip(SHARES, (interpreter, runtime - interpreter, peak - runtime), strict=True))
    series = {"rss": {"unit": "B", "values": [peak]}}
    series |= {f"rss.{name}": {"unit": "B", "values": [value]} for name, value in shares.items()}
    if first is not None:
        series["cold_start"] = {"unit": "s", "values": [first]}
    return {"series": series, "facts": {}}


def _peak(reports: Sequence[Report], known: Known) -> Reading:
    values = joined(reports, "rss")
    # Shares are those of one process, the middle one, so that they add up to the number.
    middle = sorted(reports, key=lambda report: report.series["rss"].values)[(len(reports) - 1) // 2]
    (value,) = middle.series["rss"].values
    parts = {name: middle.series[f"rss.{name}"].values[0] for name in SHARES}
    return Reading(value, min(values), max(values), known, n=len(values), parts=parts)


def _cold(reports: Sequence[Report], known: Known) -> Reading:
    values = joined(reports, "cold_start")
    return Reading(statistics.median(values), min(values), max(values), known, n=len(values))


METRICS = (
    SampledMetric(
        "rss_mb",
        MEBIBYTE,
        PROBE,
        _peak,
        processes=3,
        tolerance=Allowance(
            relative=0.10,
            absolute=2 * 1024.0**2,
            depends_on=("architecture", "os", "python", "numpy", "scipy", "runtime"),
        ),
    ),
    SampledMetric("cold_start_ms", MILLISECOND, PROBE, _cold, processes=3, judged="interval"),
)
