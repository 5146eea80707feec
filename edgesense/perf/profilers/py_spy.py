"""Where the time goes: py-spy's flame graph, with the frames of native kernels."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from edgesense.perf.profilers import _base
from edgesense.perf.records import Attachment, Job


@dataclass(frozen=True)
class PySpy:
    """Samples a run that it starts itself, which needs no further rights (py-spy's README, "When do you need sudo").

    Attributes:
        program: The tool's path; found when None.
        seconds: Calls go on for about this long.
        timeout_seconds: Then the tool is ended.
    """

    name: str = "py-spy"
    program: str | None = None
    seconds: float = 3.0
    timeout_seconds: float = 120.0

    @property
    def explains(self) -> frozenset[str]:
        """All that is time or work."""
        return frozenset(
            {
                "latency_ms",
                "features_ms",
                "inference_ms",
                "latency_p90_ms",
                "latency_p99_ms",
                "cold_start_ms",
                "instructions_m",
                "energy_mj",
                "battery_h",
            }
        )

    def profile(self, job: Job, directory: Path, *, device: str) -> Attachment:
        """Write ``py-spy.svg``; see `edgesense.perf.interfaces.Profiler`."""
        program = self.program or _base.program(self.name)

        def make(draft: Path) -> None:
            # Without --native most samples only say `Interpreter.invoke`.
            spy = (program, "record", "--native", "--format", "flamegraph", "--output", str(draft))
            worker = (sys.executable, *_base.WORKER)
            options = {"seconds": self.seconds}
            _base.run_worker(
                self.name, (*spy, "--", *worker), job, _base.REPEAT, options, timeout_seconds=self.timeout_seconds
            )

        path = _base.put(directory, "py-spy.svg", make, "<svg")
        return Attachment(f"py-spy flame graph, --native, {_base.whose(device)}", path)


PROFILERS = (PySpy(),)
