"""What the profilers share: a worker run under a tool, and a file that is put in place whole."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.errors import EdgeSenseError, MeasurementError

if TYPE_CHECKING:
    from edgesense.perf.cases import Attachment
    from edgesense.perf.processes import Command, Exchange
    from edgesense.perf.records import Job


REPEAT = f"{__name__}:repeat"
WORKER = ("-m", "edgesense.perf.worker")


def repeat(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Run a workload again and again, so that a sampling profiler sees mostly its calls.

    Args:
        workload: An open `Workload`.
        options: ``seconds`` to go on for.

    Returns:
        Facts ``calls``, ``busy``: seconds of the processor, to which one that stops the process adds none, and
        ``stages``: the name of each stage's function.
    """
    item = workload.example()
    began, busy, calls = time.perf_counter(), time.process_time(), 0
    while calls == 0 or time.perf_counter() - began < options["seconds"]:
        workload.run(item)
        calls += 1
    busy = time.process_time() - busy
    stages = {name: _function(stage) for name, stage in (getattr(workload, "stages", None) or {}).items()}
    return {"series": {}, "facts": {"calls": calls, "busy": busy, "stages": stages}}


def _function(stage: Any) -> str:
    return str(getattr(getattr(stage, "__func__", stage), "__name__", type(stage).__name__))


def clear(directory: Path, *names: str) -> None:
    """Take away what an earlier run left, so that nothing of it is taken for this one's."""
    for name in names:
        (directory / name).unlink(missing_ok=True)


def attached(title: str, kind: str, make: Callable[[], Path]) -> Attachment:
    """Return a file as an attachment, or why it could not be made, where others are there already."""
    from edgesense.perf.cases import Attachment

    try:
        return Attachment(title, make(), kind=kind)
    except (EdgeSenseError, OSError) as error:
        return Attachment(f"no {title}", None, str(error), kind=kind)


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
    return answer_of(name, _exchange(name, command, request, timeout_seconds))


def answer_of(name: str, said: Exchange) -> dict[str, Any]:
    """Return what a worker answered under a tool.

    Raises:
        MeasurementError: If the tool or the run under it failed.
    """
    from edgesense.perf import processes

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
