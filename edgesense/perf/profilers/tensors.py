"""What a model's bytes are made of: tensors and operators beside the baseline's, from the files alone."""

from __future__ import annotations

import importlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense.perf import growth, units
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.profilers import _case
from edgesense.perf.records import Job
from edgesense.perf.units import KIBIBYTE

PROBE = f"{__name__}:probe"
MODEL = ".tflite"
BYTES = frozenset({"size_kb", "arena_kb", "ram_kb"})
NAMED = 4
"""Tensors of one change that a line of the failure's text names."""


@dataclass(frozen=True)
class Tensor:
    """A tensor whose values are in the file.

    Attributes:
        name: Its name, with the model's file before it where several ship.
        dtype: Its type.
        shape: Its dimensions, as text.
        size: Its bytes.
    """

    name: str
    dtype: str
    shape: str
    size: int


@dataclass(frozen=True)
class Shipped:
    """What ships, as bytes.

    Attributes:
        files: Bytes by file.
        tensors: Those of all models, by name.
        operators: Bytes that each kind of operator keeps in the file.
        counts: How often each kind of operator runs, its results' type beside it, as in "CONV_2D float32".
    """

    files: Mapping[str, int]
    tensors: Mapping[str, Tensor]
    operators: Mapping[str, int]
    counts: Mapping[str, int]


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - every probe has this form
    """Read what ships, without running it.

    Returns:
        Facts ``files`` (name -> bytes) and ``nodes``: for each model's file its operators in their order, each as
        [kind, result's dtype, [[name, dtype, shape, bytes] of each constant operand]].
    """
    inspect, graph = (importlib.import_module(f"edgesense.runtime.{name}") for name in ("inspect", "graph"))
    files, nodes = {}, {}
    for path in dict.fromkeys(workload.artifacts()):
        files[path.name] = path.stat().st_size
        if path.suffix == MODEL:
            nodes[path.name] = [
                [
                    node.kind,
                    node.dtype,
                    [[one.name, one.dtype, list(one.shape), one.stored_bytes] for one in node.constants],
                ]
                for node in graph.nodes(inspect.read(path))
            ]
    return {"series": {}, "facts": {"files": files, "nodes": nodes}}


@dataclass(frozen=True)
class Tensors:
    """Reads the models that ship, and those that shipped."""

    name: str = "tensors"
    always: bool = False
    cost: float = 2.0

    @property
    def explains(self) -> frozenset[str]:
        """Bytes first, and all that follows from another model."""
        return frozenset(
            {"size_kb", "arena_kb", "ram_kb", "macs_m", "rss_mb", "acc", "acc_drop", "instructions_m"}
            | {"latency_ms", "inference_ms", "cold_start_ms", "energy_mj", "battery_h"}
        )

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Write ``tensors.txt``; see `edgesense.perf.interfaces.Profiler`."""
        now = _read(case.job)
        # Files are read by today's code, whatever code the baseline runs with.
        before, case = _case.of_baseline(case, lambda job: _read(replace(job, home=None)))
        if before == now and "size_kb" not in case.limits:
            return []
        files = growth.compare(now.files, None if before is None else before.files)
        sizes = {name: one.size for name, one in now.tensors.items()}
        tensors = growth.compare(sizes, None if before is None else {k: v.size for k, v in before.tensors.items()})
        operators = growth.compare(now.operators, None if before is None else before.operators)
        summary = list(_summary(before, now)) if before is not None else []
        if before is None and not BYTES.isdisjoint(case.limits):
            summary = list(_largest(tensors))
        lines = [*_case.head(case, "bytes of what ships", here=False), *summary, ""]
        for what, parts in (("files", files), ("operators", operators), ("tensors", tensors)):
            lines += [f"{what}:", *growth.table(parts, KIBIBYTE, top=100), ""]
        path = _case.write(directory, "tensors.txt", lines)
        return [Attachment("bytes by tensor and operator", path, summary=tuple(summary), kind=self.name)]


def _read(job: Job) -> Shipped:
    told = _case.facts(job, PROBE)
    tensors: dict[str, Tensor] = {}
    operators: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    several = len(told["nodes"]) > 1
    for file, nodes in told["nodes"].items():
        for kind, dtype, constants in nodes:
            counts[f"{kind} {dtype}"] += 1
            for name, of, shape, size in constants:
                full = f"{file}: {name}" if several else name
                if full not in tensors:
                    operators[kind] += size
                    tensors[full] = Tensor(full, of, "x".join(map(str, shape)), size)
    return Shipped(told["files"], tensors, dict(operators), dict(counts))


def _summary(before: Shipped, now: Shipped) -> Iterator[str]:
    """Yield what is another, the kind of change that made the files grow most first."""
    changes: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name in dict.fromkeys([*now.tensors, *before.tensors]):
        was, one = before.tensors.get(name), now.tensors.get(name)
        if was == one:
            continue
        grown = (one.size if one else 0) - (was.size if was else 0)
        changes[_kind(was, one)].append((grown, short(name)))
    for kind, members in sorted(changes.items(), key=lambda item: -sum(grown for grown, _ in item[1])):
        total = sum(grown for grown, _ in members)
        if total <= 0 and len(changes) > 1:
            continue
        names = list(dict.fromkeys(name for _, name in sorted(members, reverse=True)))
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        count = units.plural(len(members), "tensor")
        yield f"{count} {kind} ({growth.signed([total], KIBIBYTE)[0]}): {', '.join(names[:NAMED])}{more}"
    if told := list(_operators(before.counts, now.counts)):
        yield f"operators: {', '.join(told)}"
    if not changes:
        yield from (
            f"{part.name} {growth.signed([part.growth], KIBIBYTE)[0]}, in no tensor"
            for part in growth.compare(now.files, before.files)
            if part.growth > 0
        )


def _operators(before: Mapping[str, int], now: Mapping[str, int]) -> Iterator[str]:
    """Yield which operators came, went or compute in another type, as ``6 CONV_2D int8 -> float32``."""
    moved = Counter(now)
    moved.subtract(before)
    came, went = ({name: abs(count) for name, count in moved.items() if count * sign > 0} for sign in (1, -1))
    for gained in sorted(came, key=lambda name: (-came[name], name)):
        kind, _, dtype = gained.partition(" ")
        for lost in [name for name in went if name.partition(" ")[0] == kind]:
            both = min(came[gained], went[lost])
            if both:
                came[gained] -= both
                went[lost] -= both
                yield f"{both} {kind} {lost.partition(' ')[2]} -> {dtype}"
        if came[gained]:
            yield f"{came[gained]} more {gained}"
    yield from (f"{count} fewer {name}" for name, count in went.items() if count)


def _kind(was: Tensor | None, one: Tensor | None) -> str:
    if was is None or one is None:
        return "gone" if one is None else "new"
    if was.dtype != one.dtype:
        return f"{was.dtype} -> {one.dtype}"
    return "of another shape" if was.shape != one.shape else "of another size"


def short(name: str) -> str:
    """Return a tensor's name as a layer's: of the last of several, without the model's and the operator's names."""
    file, mark, last = name.rpartition(": ")
    parts = last.rpartition(";")[2].split("/")
    inner = parts[1:-1] if len(parts) > 2 else parts[-1:]
    return f"{file}{mark}{'/'.join(inner)}"


def _largest(tensors: Sequence[growth.Part]) -> Iterator[str]:
    if tensors:
        told = ", ".join(
            f"{short(one.name)} {growth.signed([one.now], KIBIBYTE)[0].lstrip('+')}" for one in tensors[:NAMED]
        )
        yield f"largest tensors: {told}"


PROFILERS = (Tensors(),)
