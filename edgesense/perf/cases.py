"""What goes to a profiler and what comes back: a budget that is to be explained, and files that explain it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.perf.records import Baseline, Job, Measurement

if TYPE_CHECKING:
    from edgesense.perf.interfaces import ProfilingDevice


@dataclass(frozen=True)
class Case:
    """A budget that is to be explained.

    Attributes:
        job: What was measured.
        device: Where.
        limits: The limits that are to be explained, most often those that were missed.
        measurement: What was found; None where nobody has measured.
        accepted: The baseline's numbers; None where there is none.
        baseline: The baseline's pipeline as this computer can run it again; None where it cannot.
        against: What that is, in words.
        alone: Why it cannot be run, "" where it can.
        reached: The device itself, where tools can be run on it; None where they cannot.
        watched: Where a profile of it is made: this computer, or the device itself.
    """

    job: Job
    device: str
    limits: frozenset[str] = frozenset()
    measurement: Measurement | None = None
    accepted: Baseline | None = None
    baseline: Job | None = None
    against: str = ""
    alone: str = ""
    reached: ProfilingDevice | None = None
    watched: str = "host"


@dataclass(frozen=True)
class Attachment:
    """What a profiler left.

    Attributes:
        title: One line that says what it shows, and of what.
        path: The file, or None where there is none.
        reason: Why there is no file.
        summary: Lines that belong into the failure's own text, the most telling first.
        kind: What it is: changes, stages, tensors, operators, confusion, flamegraph, speedscope, functions, memory,
            instructions; "" for anything else.
    """

    title: str
    path: Path | None
    reason: str = ""
    summary: tuple[str, ...] = ()
    kind: str = ""
