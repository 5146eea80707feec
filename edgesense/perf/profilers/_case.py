"""What the profilers share of a case: whose run it is, what it is compared with, and how both are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edgesense.errors import EdgeSenseError, WorkerFailed

if TYPE_CHECKING:
    from edgesense.perf.cases import Case
    from edgesense.perf.interfaces import Profiler
    from edgesense.perf.records import Job

T = TypeVar("T")

TIMES = frozenset({"latency_ms", "features_ms", "inference_ms", "latency_p90_ms", "latency_p99_ms"})
"""Limits that are the time of a call, or of a stage of it."""
ENERGY = frozenset({"energy_mj", "battery_h"})
"""Limits that are made of such a time."""


def whose(case: Case) -> str:
    """Return in words whose run a profile shows."""
    if case.watched != case.device:
        return f"run here, not on {case.device}"
    return "this computer" if case.device == "host" else f"on {case.device}"


def elsewhere(case: Case) -> str:
    """Return the end of a title that says whose run it is, "" where that is the one that broke."""
    return "" if case.device == "host" else f", {whose(case)}"


def told(profiler: Profiler, case: Case, lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines for a failure's text, with whose run they are of, where the profiler helps with what broke."""
    if profiler.explains.isdisjoint(case.limits):
        return ()
    here = "" if case.watched == case.device else f" ({whose(case)})"
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
