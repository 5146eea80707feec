"""What the profilers share: a worker run under a tool, and a file that is put in place whole."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edgesense.errors import EdgeSenseError, MeasurementError, WorkerFailed

if TYPE_CHECKING:
    from edgesense.perf.interfaces import Profiler
    from edgesense.perf.processes import Command, Exchange
    from edgesense.perf.records import Attachment, Case, Job

T = TypeVar("T")

REPEAT = f"{__name__}:repeat"
WORKER = ("-m", "edgesense.perf.worker")


def repeat(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Run a workload again and again, so that a sampling profiler sees mostly its calls.

    Args:
        workload: An open `Workload`.
        options: ``seconds`` to go on for.

    Returns:
        Facts ``calls``, ``elapsed`` in seconds, and ``stages``: the name of each stage's function.
    """
    item = workload.example()
    began, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - began < options["seconds"]:
        workload.run(item)
        calls += 1
    elapsed = time.perf_counter() - began
    stages = {name: _function(stage) for name, stage in (getattr(workload, "stages", None) or {}).items()}
    return {"series": {}, "facts": {"calls": calls, "elapsed": elapsed, "stages": stages}}


def _function(stage: Any) -> str:
    return str(getattr(getattr(stage, "__func__", stage), "__name__", type(stage).__name__))


def whose(case: Case) -> str:
    """Return in words whose run a profile shows."""
    return "this computer" if case.device == "host" else f"run here, not on {case.device}"


def elsewhere(case: Case) -> str:
    """Return the end of a title that says whose run it is, "" where that is the one that broke."""
    return "" if case.device == "host" else f", {whose(case)}"


def told(profiler: Profiler, case: Case, lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines for a failure's text, with whose run they are of, where the profiler helps with what broke."""
    if profiler.explains.isdisjoint(case.limits):
        return ()
    here = "" if case.device == "host" else f" ({whose(case)})"
    return tuple(f"{line}{here}" for line in lines)


def beside(case: Case) -> str:
    """Return in words what a profile is compared with."""
    return f"beside {case.against}" if case.baseline is not None else "alone"


def head(case: Case, what: str, *, here: bool = True) -> list[str]:
    """Return the first lines of a table.

    Args:
        case: What is explained; why nothing could be compared is told too.
        what: What the table is.
        here: Whether it depends on where it was made, which is then told.
    """
    lines = [", ".join([what, *([whose(case)] if here else []), beside(case)])]
    if case.baseline is None and case.alone:
        lines.append(f"without a difference: {case.alone}")
    return [*lines, ""]


def clear(directory: Path, *names: str) -> None:
    """Take away what an earlier run left, so that nothing of it is taken for this one's."""
    for name in names:
        (directory / name).unlink(missing_ok=True)


def attached(title: str, kind: str, make: Callable[[], Path]) -> Attachment:
    """Return a file as an attachment, or why it could not be made, where others are there already."""
    from edgesense.perf.records import Attachment

    try:
        return Attachment(title, make(), kind=kind)
    except (EdgeSenseError, OSError) as error:
        return Attachment(f"no {title}", None, str(error), kind=kind)


def write(directory: Path, name: str, lines: Sequence[str]) -> Path:
    """Write a table of lines and return its path."""
    from edgesense.perf.files import write_atomically

    path = directory / name
    write_atomically(path, "\n".join([*lines, ""]))
    return path


def facts(job: Job, probe: str, options: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Return what a probe of a job says in a fresh process on this computer.

    Raises:
        EdgeSenseError: If it cannot be asked; in one line.
    """
    from edgesense.perf import arms, processes

    message = processes.request(job, probe, options or {})
    command = processes.native(job.threads, job.home)
    try:
        return processes.ask(command, message, timeout_seconds=job.timeout_seconds).facts
    except WorkerFailed as error:
        raise WorkerFailed(arms.brief(error)) from error


def of_baseline(case: Case, ask: Callable[[Job], T]) -> tuple[T | None, Case]:
    """Return what is asked of the baseline's pipeline, None where it cannot be, and the case that says so."""
    if case.baseline is None:
        return None, case
    try:
        return ask(case.baseline), case
    except (EdgeSenseError, OSError) as error:
        return None, replace(case, baseline=None, alone=f"{case.against}: {str(error).partition(chr(10))[0]}")


def program(name: str) -> str:
    """Return the path of a tool installed beside this interpreter, else on the path.

    Raises:
        MeasurementError: If it is not installed.
    """
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        msg = f"{name} is not installed: pip install 'pytest-edgesense[profile]'"
        raise MeasurementError(msg)
    return found


def run_worker(
    name: str, tool: tuple[str, ...], job: Job, probe: str, options: Mapping[str, Any], *, timeout_seconds: float
) -> dict[str, Any]:
    """Run a worker under a tool that starts it and hands its own standard input and output on; return its answer.

    Args:
        name: The tool's, for messages.
        tool: Its arguments, up to and with the worker's.
        job: What to run.
        probe: ``module:function``.
        options: The probe's.
        timeout_seconds: After this long both are ended.

    Raises:
        MeasurementError: If the tool or the run under it failed.
    """
    from edgesense.perf import processes

    command = processes.Command(tool, processes.native(job.threads, job.home).environment)
    request = json.dumps(processes.request(job, probe, options))
    said = _exchange(name, command, request, timeout_seconds)
    answer = next((line for line in said.out.splitlines() if line.startswith('{"protocol"')), None)
    told: dict[str, Any] = json.loads(answer) if answer is not None else {}
    error = told.get("error")
    if error:
        msg = f"the profiled run failed: {error['message']}"
        raise MeasurementError(msg)
    if said.status != 0:
        msg = f"{name} {processes.ended(said.status)}: {_gist(said.last)}"
        raise MeasurementError(msg)
    if answer is None:
        msg = f"the profiled run gave no answer: {_gist(said.last)}"
        raise MeasurementError(msg)
    return told


def run_tool(name: str, arguments: tuple[str, ...], *, timeout_seconds: float) -> None:
    """Run a tool that reads nothing.

    Raises:
        MeasurementError: If it failed.
    """
    from edgesense.perf import processes

    said = _exchange(name, processes.Command(arguments, processes.native(1).environment), "", timeout_seconds)
    if said.status != 0:
        msg = f"{name} {processes.ended(said.status)}: {_gist(said.last)}"
        raise MeasurementError(msg)


def _exchange(name: str, command: Command, text: str, timeout_seconds: float) -> Exchange:
    from edgesense.perf import processes

    try:
        return processes.exchange(command, text, timeout_seconds=timeout_seconds)
    except MeasurementError as error:
        msg = f"{name} {error}"
        raise MeasurementError(msg) from error


def _gist(lines: Sequence[str]) -> str:
    """Return a tool's own words without the frames of its stack, the telling ones where there are such."""
    told = [line.strip() for line in lines if line.strip() and not line.startswith((" ", "\t"))]
    said = [line for line in told if "error" in line.lower() or "denied" in line.lower()] or told[-3:]
    return "; ".join(said) or "it printed nothing"


def put(directory: Path, name: str, make: Callable[[Path], None], expected: str) -> Path:
    """Have a file made, look at it, and put it in place whole; an older one of that name is gone either way.

    Args:
        directory: Where it goes.
        name: The file's name.
        make: Writes the file at the path it is given.
        expected: Text that the file must hold.

    Returns:
        The file's path.

    Raises:
        MeasurementError: If it was not made or holds something else.
    """
    final = directory / name
    final.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=f".{name}.") as scratch:
        draft = Path(scratch) / name
        make(draft)
        if not draft.exists() or expected not in draft.read_text(encoding="utf-8", errors="replace"):
            msg = f"the profiler left no usable {name}"
            raise MeasurementError(msg)
        draft.replace(final)
    return final
