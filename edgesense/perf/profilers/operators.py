"""Where a model's time goes on a phone: each node of the graph, as the benchmark tool there sees it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.errors import MeasurementError
from edgesense.perf.profilers import _base
from edgesense.perf.records import Attachment, Job

if TYPE_CHECKING:
    from edgesense.perf.imports.records import Operator
    from edgesense.perf.interfaces import Device

    Find = Callable[[str, Job], Device | None]


def _find(name: str, job: Job) -> Device | None:
    from edgesense.perf import devices, project

    if any(name in device.names for device in devices.every()):
        return None
    named = devices.declared(project.above(job.root))
    return next((device for device in named if name in device.names), None)


@dataclass(frozen=True)
class Operators:
    """Profiles one more run on the device whose budget broke; says nothing where a device cannot tell.

    Attributes:
        find: Device by name, in the project of a job.
    """

    name: str = "operators"
    find: Find = _find

    @property
    def explains(self) -> frozenset[str]:
        """The time of the model alone."""
        return frozenset({"inference_ms"})

    def profile(self, job: Job, directory: Path, *, device: str) -> Attachment | None:
        """Write ``operators.txt``; see `edgesense.perf.interfaces.Profiler`."""
        from edgesense.perf import measure

        told = getattr(self.find(device, job), "operators", None)
        if told is None:
            return None
        with measure.alone(device), tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
            found = told(job, Path(scratch))
        if not found:
            raise MeasurementError("the benchmark tool printed no profile of operators")

        def make(draft: Path) -> None:
            draft.write_text(table(found, device), encoding="utf-8")

        path = _base.put(directory, "operators.txt", make, "ms")
        return Attachment(f"operators by time, measured on {device} in a run of its own", path)


def table(found: Sequence[Operator], device: str) -> str:
    """Return the kinds of operators by their time, then each node, the slowest first."""
    from edgesense.perf.imports import operators

    kinds = operators.by_kind(found)
    total = sum(seconds for _, seconds in kinds.values())
    lines = [f"{total * 1e3:.3f} ms of operators on {device}, with what profiling itself costs", ""]
    for kind, (count, seconds) in kinds.items():
        lines.append(f"{seconds * 1e3:9.3f} ms  {_share(seconds, total):>6}  {kind}  ({count})")
    lines += ["", "node by node; those of a delegate's kernel are parts of it:", ""]
    for one in sorted(found, key=lambda one: -one.seconds):
        inner = "within a delegate's kernel: " if one.inner else ""
        lines.append(f"{one.seconds * 1e3:9.3f} ms  {_share(one.seconds, total):>6}  {inner}{one.kind}  {one.name}")
    return "\n".join([*lines, ""])


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "-"


PROFILERS = (Operators(),)
