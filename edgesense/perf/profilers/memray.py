"""Where the memory goes: memray's flame graph of the peak, with native frames, readable without a network."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import MeasurementError
from edgesense.perf.metrics import memory
from edgesense.perf.profilers import _base
from edgesense.perf.records import Attachment, Job


@dataclass(frozen=True)
class Memray:
    """Records every allocation of the run that `rss_mb` measures, started by itself.

    It explains memory and does not judge it: a mapped model counts as allocated, resident or not.

    Attributes:
        command: How the tool is started; found when empty.
        timeout_seconds: Then the tool is ended, once for recording and once for drawing.
    """

    name: str = "memray"
    command: tuple[str, ...] = ()
    timeout_seconds: float = 120.0

    @property
    def explains(self) -> frozenset[str]:
        """All that is memory."""
        return frozenset({"rss_mb", "arena_kb"})

    def profile(self, job: Job, directory: Path, *, device: str) -> Attachment:
        """Write ``memray.html``; see `edgesense.perf.interfaces.Profiler`."""
        tool = self.command or _found()

        def make(draft: Path) -> None:
            record = str(draft.with_suffix(".bin"))
            run = (*tool, "run", "--quiet", "--native", "--output", record, *_base.WORKER)
            _base.run_worker(self.name, run, job, memory.PROBE, {}, timeout_seconds=self.timeout_seconds)
            draw = (*tool, "flamegraph", "--no-web", "--output", str(draft), record)
            _base.run_tool(self.name, draw, timeout_seconds=self.timeout_seconds)

        path = _base.put(directory, "memray.html", make, "<html")
        return Attachment(f"memray flame graph of the peak, --native, {_base.whose(device)}", path)


def _found() -> tuple[str, ...]:
    if importlib.util.find_spec("memray") is None:
        msg = "memray is not installed: pip install 'pytest-edgesense[profile]'"
        raise MeasurementError(msg)
    return (sys.executable, "-m", "memray")


PROFILERS = (Memray(),)
