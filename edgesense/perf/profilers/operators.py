"""Where a model's time goes: each node of the graph, as a phone's benchmark tool or the runtime here sees it."""

from __future__ import annotations

import hashlib
import importlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.errors import MeasurementError
from edgesense.perf import growth
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.profilers import _case
from edgesense.perf.records import Job
from edgesense.perf.units import MILLISECOND

if TYPE_CHECKING:
    from edgesense.perf.imports.records import Operator
    from edgesense.perf.interfaces import Device

    Find = Callable[[str, Job], Device | None]


PROBE = f"{__name__}:probe"
MODEL = ".tflite"
TELLING = 0.05


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - every probe has this form
    """Time each operator of the models that ship.

    Returns:
        Facts ``operators``: model's file -> [kind, place in the graph, seconds of one run] of each, in their order;
        ``sha256``: of each file.
    """
    times = importlib.import_module("edgesense.runtime.operator_times")
    models = [path for path in dict.fromkeys(workload.artifacts()) if path.suffix == MODEL]
    told = {path.name: [[one.kind, one.index, one.seconds] for one in times.measure(path)] for path in models}
    sha256 = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in models}
    return {"series": {}, "facts": {"operators": told, "sha256": sha256}}


def _find(name: str, job: Job) -> Device | None:
    from edgesense.perf import devices, project

    if any(name in device.names for device in devices.every()):
        return None
    named = devices.declared(project.above(job.root))
    return next((device for device in named if name in device.names), None)


@dataclass(frozen=True)
class Operators:
    """Profiles one more run: on the device whose budget broke where that can tell, else in the runtime here.

    Attributes:
        find: Device by name, in the project of a job.
    """

    name: str = "operators"
    always: bool = False
    cost: float = 4.0
    find: Find = _find

    @property
    def explains(self) -> frozenset[str]:
        """The time of the model."""
        return frozenset({"inference_ms", "latency_ms", "latency_p90_ms", "latency_p99_ms", "instructions_m"})

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Write ``operators.txt``; see `edgesense.perf.interfaces.Profiler`."""
        told = getattr(self.find(case.device, case.job), "operators", None)
        return self._here(case, directory) if told is None else self._there(told, case, directory)

    def _there(self, told: Any, case: Case, directory: Path) -> list[Attachment]:
        from edgesense.perf import measure
        from edgesense.perf.imports import operators

        device = case.device
        with measure.alone(device), tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
            found = told(case.job, Path(scratch))
        if not found:
            raise MeasurementError("the benchmark tool printed no profile of operators")
        path = _case.write(directory, "operators.txt", [table(found, device)])
        kinds = {kind: seconds for kind, (_, seconds) in operators.by_kind(found).items()}
        summary = growth.telling(growth.compare(kinds, None), MILLISECOND)
        title = f"operators by time, measured on {device} in a run of its own"
        return [Attachment(title, path, summary=summary, kind=self.name)]

    def _here(self, case: Case, directory: Path) -> list[Attachment]:
        now, files = _timed(case.job)
        if not any(now.values()):
            return []
        # The runtime's own profiler sees nothing of the code that calls it: today's asks for both.
        other, case = _case.of_baseline(case, lambda job: _timed(replace(job, home=None)))
        before, files_before = other or (None, {})
        # Where the very same model is timed twice, what differs is chance.
        same = files == files_before
        kinds = growth.compare(_by_kind(now), None if before is None else _by_kind(before))
        nodes = growth.compare(_by_node(now), None)
        lines = _case.head(case, "operators by time, LiteRT's own profiler on one thread")
        lines += ["kinds:", *growth.table(kinds, MILLISECOND, top=100), "", "one by one, now:"]
        lines += growth.table(nodes, MILLISECOND, top=200)
        path = _case.write(directory, "operators.txt", lines)
        summary = () if same else _case.told(self, case, growth.telling(kinds, MILLISECOND, least=TELLING))
        return [Attachment(f"operators by time{_case.elsewhere(case)}", path, "", summary, self.name)]


Times = Mapping[str, Sequence[tuple[str, int, float]]]


def _timed(job: Job) -> tuple[Times, Mapping[str, str]]:
    told = _case.facts(job, PROBE)
    return told["operators"], told["sha256"]


def _by_kind(times: Times) -> dict[str, float]:
    spent: dict[str, float] = {}
    for operators in times.values():
        for kind, _, seconds in operators:
            spent[kind] = spent.get(kind, 0.0) + seconds
    return spent


def _by_node(times: Times) -> dict[str, float]:
    several = len(times) > 1
    return {
        f"{f'{file}: ' if several else ''}{index} {kind}": seconds
        for file, operators in times.items()
        for kind, index, seconds in operators
    }


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
