"""Where the memory goes: memray's flame graph of the peak with native frames, its table, and what allocates more."""

from __future__ import annotations

import csv
import importlib.util
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import MeasurementError
from edgesense.perf import growth, stacks
from edgesense.perf.metrics import memory
from edgesense.perf.profilers import _base
from edgesense.perf.records import Attachment, Case, Job
from edgesense.perf.units import MEBIBYTE

LARGEST_FIELD = 2**24
"""Characters; the csv module's own limit is too small for deep stacks."""


@dataclass(frozen=True)
class Memray:
    """Records every allocation of the run that `rss_mb` measures, started by itself.

    It explains memory and does not judge it: a mapped model counts as allocated, resident or not.

    Attributes:
        command: How the tool is started; found when empty.
        timeout_seconds: Then the tool is ended, each time that it is started.
    """

    name: str = "memray"
    always: bool = True
    cost: float = 40.0
    command: tuple[str, ...] = ()
    timeout_seconds: float = 120.0

    @property
    def explains(self) -> frozenset[str]:
        """All that is memory."""
        return frozenset({"rss_mb", "arena_kb", "ram_kb"})

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Write a flame graph, a table and ``memory.txt``; see `edgesense.perf.interfaces.Profiler`."""
        tool = self.command or _found()

        def draw(draft: Path) -> None:
            record = str(draft.with_suffix(".bin"))
            self._record(tool, case.job, record, "--native")
            self._make(tool, "flamegraph", record, draft, "--no-web")

        # The table and the difference do without native frames, which take most of the time to name.
        with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
            record = str(Path(scratch) / "record.bin")
            self._record(tool, case.job, record)
            table = _base.put(
                directory,
                "memray-table.html",
                lambda draft: self._make(tool, "table", record, draft, "--no-web"),
                "<html",
            )
            now = self._allocated(tool, case.job, record)
        compared = self._compared(tool, case, directory, now)
        graph = _base.put(directory, "memray.html", draw, "<html")
        whose = _base.whose(case)
        return [
            compared,
            Attachment(f"memray flame graph of the peak, --native, {whose}", graph, kind="flamegraph"),
            Attachment(f"memray table of the peak, {whose}", table, kind="memory"),
        ]

    def _compared(self, tool: Sequence[str], case: Case, directory: Path, now: Mapping[str, float]) -> Attachment:
        before, case = _base.of_baseline(case, lambda job: self._run(tool, job))
        parts = growth.compare(now, before)
        here = "" if case.device == "host" else f" ({_base.whose(case)})"
        peak = sum(now.values())
        said = f"peak of allocations {MEBIBYTE.from_base(peak):.1f} MiB"
        if before is not None:
            said = f"{said} ({growth.signed([peak - sum(before.values())], MEBIBYTE)[0]})"
        summary = [f"{line}{here}" for line in (*growth.telling(parts, MEBIBYTE), said)]
        lines = [*_base.head(case, "memory of each function at the peak"), said, "", *growth.table(parts, MEBIBYTE)]
        path = _base.write(directory, "memory.txt", lines)
        title = f"allocations by function at the peak, {_base.beside(case)}, {_base.whose(case)}"
        return Attachment(title, path, summary=tuple(summary), kind="memory")

    def _run(self, tool: Sequence[str], job: Job) -> Mapping[str, float]:
        with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
            record = str(Path(scratch) / "record.bin")
            self._record(tool, job, record)
            return self._allocated(tool, job, record)

    def _record(self, tool: Sequence[str], job: Job, record: str, *more: str) -> None:
        run = (*tool, "run", "--quiet", *more, "--output", record, *_base.WORKER)
        _base.run_worker(self.name, run, job, memory.PROBE, {}, timeout_seconds=self.timeout_seconds)

    def _make(self, tool: Sequence[str], what: str, record: str, draft: Path, *more: str) -> None:
        arguments = (*tool, what, *more, "--output", str(draft), record)
        _base.run_tool(self.name, arguments, timeout_seconds=self.timeout_seconds)

    def _allocated(self, tool: Sequence[str], job: Job, record: str) -> Mapping[str, float]:
        """Return the bytes of each Python function at the peak."""
        table = Path(record).with_suffix(".csv")
        _base.run_tool(
            self.name,
            (*tool, "transform", "csv", "--output", str(table), record),
            timeout_seconds=self.timeout_seconds,
        )
        try:
            with table.open(encoding="utf-8", newline="") as lines:
                csv.field_size_limit(LARGEST_FIELD)
                return by_function(csv.DictReader(lines), _roots(job))
        except (OSError, LookupError, ValueError, csv.Error) as error:
            msg = f"memray's list of allocations cannot be read: {error}"
            raise MeasurementError(msg) from error


def _roots(job: Job) -> list[str]:
    return [str(one) for one in (job.project, job.root, *job.sys_path, job.home) if one]


def by_function(rows: Iterable[Mapping[str, str]], roots: Sequence[str]) -> dict[str, float]:
    """Return bytes by the innermost Python function of each stack.

    Args:
        rows: ``size`` and ``stack_trace``: "function;file;line" joined by "|", the innermost first.
        roots: Directories whose names are left out of paths.
    """
    spent: Counter[str] = Counter()
    for row in rows:
        function, file, _ = row["stack_trace"].partition("|")[0].rsplit(";", 2) if row["stack_trace"] else ("?", "", "")
        # Frozen modules are Python's own import system: what it allocates is code.
        place = stacks.shortened(file, roots)
        spent[f"{function} ({place})" if place else function] += int(row["size"])
    return {name: float(size) for name, size in spent.items()}


def _found() -> tuple[str, ...]:
    if importlib.util.find_spec("memray") is None:
        msg = "memray is not installed: pip install 'pytest-edgesense[profile]'"
        raise MeasurementError(msg)
    return (sys.executable, "-m", "memray")


PROFILERS = (Memray(),)
