"""What a pipeline takes on a microcontroller: TFLite Micro's arena, RAM in all, and multiply-accumulates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from edgesense.errors import NotMeasured
from edgesense.perf.metrics._base import Allowance, SampledMetric, rhythm
from edgesense.perf.records import Known, Reading, Report
from edgesense.perf.units import KIBIBYTE, MILLION_MACS

PROBE = f"{__name__}:probe"
ARENA, RAM, MACS = "arena_kb", "ram_kb", "macs_m"
WITHOUT_PRODUCTS = "elements"
"""The kind of layer whose work is no multiply-accumulate."""


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - every probe has this form
    """Ask a workload for its footprint.

    Args:
        workload: An open `Workload`; one that has ``footprint()``, as a pipeline and a bare model do, can be told.
        options: Nothing.

    Returns:
        Facts ``footprint``, or ``unknown`` with the reason; ``hop_seconds`` where the workload says how often it runs.
    """
    if not hasattr(workload, "footprint"):
        reason = (
            "the workload has no footprint(): only a pipeline directory or a .tflite file runs on a microcontroller"
        )
        return {"series": {}, "facts": {"unknown": reason}}
    return {"series": {}, "facts": {"footprint": workload.footprint(), **rhythm(workload)}}


def footprint(reports: Sequence[Report]) -> Mapping[str, Any]:
    """Return what the processes' workload said of its footprint.

    Raises:
        NotMeasured: If it said nothing.
    """
    for report in reports:
        if "footprint" in report.facts:
            return dict(report.facts["footprint"])
    reasons = [report.facts["unknown"] for report in reports if "unknown" in report.facts]
    raise NotMeasured(reasons[0] if reasons else "no process told the workload's footprint")


def ram(said: Mapping[str, Any]) -> dict[str, float]:
    """Return bytes of RAM by share."""
    shares = {"arena": float(said["arena"]["total"])}
    if "features" in said:
        shares["features"] = float(said["features"]["ram_bytes"])
    return shares


def _parts(of: str, reports: Sequence[Report], known: Known) -> Reading:
    said = footprint(reports)
    if of == ARENA:
        parts = {name: float(size) for name, size in said["arena"].items() if name != "total"}
    elif of == RAM:
        parts = ram(said)
    else:
        parts = {kind: float(work) for kind, work in said["work"].items() if kind != WITHOUT_PRODUCTS}
    total = sum(parts.values())
    return Reading(total, total, total, known, parts=parts)


METRICS = (
    SampledMetric(
        ARENA,
        KIBIBYTE,
        PROBE,
        partial(_parts, ARENA),
        tolerance=Allowance(relative=0.01, depends_on=("micro",)),
    ),
    SampledMetric(
        RAM,
        KIBIBYTE,
        PROBE,
        partial(_parts, RAM),
        tolerance=Allowance(relative=0.01, depends_on=("micro",)),
    ),
    SampledMetric(MACS, MILLION_MACS, PROBE, partial(_parts, MACS), tolerance=Allowance(relative=0.005)),
)
