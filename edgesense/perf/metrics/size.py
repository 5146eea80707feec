"""What ships, in bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from edgesense.errors import NotMeasured, PipelineError
from edgesense.perf.metrics._base import Allowance, SampledMetric
from edgesense.perf.records import Known, Reading, Report
from edgesense.perf.units import KIBIBYTE


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - every probe has this form
    """Return size and digest of each file that ships.

    Raises:
        PipelineError: If one of them is not there.
    """
    files = {}
    for path in dict.fromkeys(workload.artifacts()):
        try:
            content = path.read_bytes()
        except OSError as error:
            msg = f"{path} is to ship and cannot be read: {error.strerror or error}"
            raise PipelineError(msg) from error
        # Two files of one name in different folders both ship.
        name = path.name if path.name not in files else str(path)
        files[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {"series": {}, "facts": {"artifacts": files}}


def _total(reports: Sequence[Report], known: Known) -> Reading:
    files = next((report.facts["artifacts"] for report in reports if "artifacts" in report.facts), None)
    if not files:
        msg = "the workload names no file that ships (its artifacts() is empty)"
        raise NotMeasured(msg)
    parts = {name: float(entry["bytes"]) for name, entry in files.items()}
    total = sum(parts.values())
    return Reading(total, total, total, known, n=len(parts), parts=parts)


METRICS = (SampledMetric("size_kb", KIBIBYTE, f"{__name__}:probe", _total, tolerance=Allowance(relative=0.01)),)
