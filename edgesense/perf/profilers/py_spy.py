"""Where the time goes: py-spy's flame graph with native frames, its samples for speedscope, and functions that grew."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense.errors import EdgeSenseError, MeasurementError
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.interfaces import PRODUCT, ProfilingDevice, Watching
from edgesense.perf.profilers import _base, _case
from edgesense.perf.records import Job

TELLING = 0.04
"""Some three seconds are 300 samples, of which 4 % are more than chance."""
FUNCTIONS, FLAMEGRAPH, SPEEDSCOPE = "functions.txt", "py-spy.svg", "py-spy.speedscope.json"


@dataclass(frozen=True)
class Seen:
    """What was sampled of one run.

    Attributes:
        functions: Seconds a call of each of the project's functions, what it calls in libraries included.
        kernels: Seconds a call of each function, compiled ones by their own names.
        stages: The name of each stage's function.
    """

    functions: Mapping[str, float]
    kernels: Mapping[str, float]
    stages: Mapping[str, str]


@dataclass(frozen=True)
class PySpy:
    """Samples runs that it starts itself, which needs no further rights (py-spy's README, "When do you need sudo").

    Attributes:
        program: The tool's path; found when None.
        seconds: Calls go on for about this long, once for each file and once for the baseline.
        timeout_seconds: Then the tool is ended.
    """

    name: str = "py-spy"
    always: bool = True
    cost: float = 20.0
    program: str | None = None
    seconds: float = 3.0
    timeout_seconds: float = 120.0

    @property
    def explains(self) -> frozenset[str]:
        """All that is time or work."""
        return _case.TIMES | _case.ENERGY | {"cold_start_ms", "instructions_m"}

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Write a flame graph, the same for speedscope, and ``functions.txt``; of the device's run where it can be."""
        if case.reached is None:
            return self._profile(case, directory)
        try:
            return self._profile(replace(case, watched=case.device), directory)
        except EdgeSenseError as error:
            why = Attachment(f"no {self.name} profile of a run on {case.device}", None, str(error))
            return [*self._profile(replace(case, reached=None), directory), why]

    def _profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        def draw(draft: Path) -> None:
            self._record(case.reached, case.job, "flamegraph", draft)

        ran: list[tuple[Mapping[str, Any], Job]] = []

        def sample(draft: Path) -> None:
            ran.append(self._record(case.reached, case.job, "speedscope", draft))

        _base.clear(directory, FUNCTIONS, FLAMEGRAPH, SPEEDSCOPE)
        scope = _base.put(directory, SPEEDSCOPE, sample, '"profiles"')
        whose = _case.elsewhere(case)
        functions = self._functions(case, directory, _seen(scope, *ran[0], {}))
        return [
            *functions,
            _base.attached(
                f"py-spy flame graph, --native{whose}",
                "flamegraph",
                lambda: _base.put(directory, FLAMEGRAPH, draw, "<svg"),
            ),
            Attachment(f"py-spy samples for speedscope{whose}", scope, kind="speedscope"),
        ]

    def _functions(self, case: Case, directory: Path, now: Seen) -> list[Attachment]:
        from edgesense.perf import growth
        from edgesense.perf.units import MILLISECOND

        if not now.functions:
            return []
        before, case = _case.of_baseline(case, lambda job: self._sampled(case.reached, job, now.stages))
        functions = growth.compare(now.functions, None if before is None else before.functions)
        kernels = growth.compare(now.kernels, None if before is None else before.kernels)
        lines = _case.head(case, f"time of each function a call, sampled for {self.seconds:g} s")
        lines += [
            "the project's functions, with what they call in libraries:",
            *growth.table(functions, MILLISECOND),
            "",
        ]
        lines += ["every function by itself:", *growth.table(kernels, MILLISECOND)]
        path = _case.write(directory, FUNCTIONS, lines)
        told = growth.telling(functions, MILLISECOND, per=" a call, sampled", least=TELLING)
        return [
            Attachment(f"functions by time{_case.elsewhere(case)}", path, "", _case.told(self, case, told), "functions")
        ]

    def _sampled(self, device: ProfilingDevice | None, job: Job, stages: Mapping[str, str]) -> Seen:
        with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
            path = Path(scratch) / SPEEDSCOPE
            return _seen(path, *self._record(device, job, "speedscope", path), stages)

    def _record(
        self, device: ProfilingDevice | None, job: Job, form: str, draft: Path
    ) -> tuple[Mapping[str, Any], Job]:
        """Sample one run into a file; return the run's facts, and the job as its frames name its files."""
        # Without --native most samples only say `Interpreter.invoke`.
        spy = ("record", "--native", "--full-filenames", "--format", form, "--output")
        options = {"seconds": self.seconds}
        if device is None:
            program = self.program or _base.program(self.name)
            tool = (program, *spy, str(draft), "--", sys.executable, *_base.WORKER)
            told = _base.run_worker(self.name, tool, job, _base.REPEAT, options, timeout_seconds=self.timeout_seconds)
        else:
            how = Watching((self.name, *spy, PRODUCT, "--"), _base.REPEAT, options, self.timeout_seconds)
            ran = device.profiled(job, how, draft)
            told, job = _base.answer_of(self.name, ran.said), ran.job
        facts: Mapping[str, Any] = told.get("facts", {})
        return facts, job


def _seen(path: Path, told: Mapping[str, Any], job: Job, stages: Mapping[str, str]) -> Seen:
    """Return what is in a file of samples.

    Args:
        path: The file.
        told: The run's facts; code of an earlier release tells its calls alone.
        job: What ran.
        stages: The name of each stage's function, where the run does not tell.
    """
    from edgesense.perf import stacks

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        samples = stacks.read(content, _base.repeat.__name__, stacks.roots_of(job))
    except (OSError, ValueError, LookupError, TypeError) as error:
        msg = f"py-spy's samples cannot be read: {error}"
        raise MeasurementError(msg) from error
    calls, busy, stages = told.get("calls", 1), told.get("busy"), told.get("stages", stages)
    # Each sample stops the process for about as long as it stands for: shares are right, and the processor's clock is.
    scale = busy / samples.total if busy and samples.total else 1.0
    both = (stacks.functions(samples, stages, calls), stacks.leaves(samples, calls))
    functions, kernels = ({name: scale * seconds for name, seconds in one.items()} for one in both)
    return Seen(functions, kernels, stages)


PROFILERS = (PySpy(),)
