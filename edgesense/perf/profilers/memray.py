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
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.metrics import memory
from edgesense.perf.profilers import _base, _case
from edgesense.perf.records import Job
from edgesense.perf.units import MEBIBYTE

IMPORTS = "<frozen importlib."
MEMORY, TABLE, GRAPH = "memory.txt", "memray-table.html", "memray.html"
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
        _base.clear(directory, MEMORY, TABLE, GRAPH)

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
                TABLE,
                lambda draft: self._make(tool, "table", record, draft, "--no-web"),
                "<html",
            )
            now = self._allocated(tool, case.job, record)
        compared = self._compared(tool, case, directory, now)
        whose = _case.elsewhere(case)
        return [
            compared,
            _base.attached(
                f"memray flame graph of the peak, --native{whose}",
                "flamegraph",
                lambda: _base.put(directory, GRAPH, draw, "<html"),
            ),
            Attachment(f"memray table of the peak{whose}", table, kind="memory"),
        ]

    def _compared(self, tool: Sequence[str], case: Case, directory: Path, now: Mapping[str, float]) -> Attachment:
        before, case = _case.of_baseline(case, lambda job: self._run(tool, job))
        parts = growth.compare(now, before)
        peak = sum(now.values())
        said = f"peak of allocations {MEBIBYTE.from_base(peak):.1f} MiB"
        if before is not None:
            said = f"{said} ({growth.signed([peak - sum(before.values())], MEBIBYTE)[0]})"
        lines = [*_case.head(case, "memory of each function at the peak"), said, "", *growth.table(parts, MEBIBYTE)]
        path = _case.write(directory, MEMORY, lines)
        summary = _case.told(self, case, (*growth.telling(parts, MEBIBYTE), said))
        return Attachment(f"functions by memory at the peak{_case.elsewhere(case)}", path, "", summary, "memory")

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
                return by_function(csv.DictReader(lines), stacks.roots_of(job))
        except (OSError, LookupError, ValueError, csv.Error) as error:
            msg = f"memray's list of allocations cannot be read: {error}"
            raise MeasurementError(msg) from error


def by_function(rows: Iterable[Mapping[str, str]], roots: Sequence[str]) -> dict[str, float]:
    """Return bytes by the function of each stack that is the project's own, else the innermost.

    Args:
        rows: ``size`` and ``stack_trace``: "function;file;line" joined by "|", the innermost first.
        roots: Directories whose names are left out of paths.
    """
    spent: Counter[str] = Counter()
    for row in rows:
        frames = [one.rsplit(";", 2) for one in row["stack_trace"].split("|") if one.count(";") > 1]
        stack = [stacks.frame(function, file, roots) for function, file, _ in reversed(frames)]
        spent[_blamed(stack)] += int(row["size"])
    return {name: float(size) for name, size in spent.items()}


def _blamed(stack: Sequence[stacks.Frame]) -> str:
    """Return whose memory a stack's is; what an import allocates is code, whoever asks for it."""
    function = stacks.blamed(stack)
    inner = stack[stack.index(function) + 1 :] if function is not None else stack
    if any(frame.file.startswith(IMPORTS) for frame in inner):
        return "imports"
    return str(function or (stack[-1] if stack else "?"))


def _found() -> tuple[str, ...]:
    if importlib.util.find_spec("memray") is None:
        msg = "memray is not installed: pip install 'pytest-edgesense[profile]'"
        raise MeasurementError(msg)
    return (sys.executable, "-m", "memray")


PROFILERS = (Memray(),)
