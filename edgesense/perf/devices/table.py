"""Devices that answer from a table: public fakes for tests of what uses a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from edgesense.errors import PipelineError
from edgesense.perf.records import Job, Json, Known, Measurement, Missing, Reading

Script = Callable[[Job, int], float | Mapping[str, float]]
"""A job and how many sessions it had before -> seconds of each call, or series (``calls`` among them) -> seconds.

It raises what a worker would."""


@dataclass(frozen=True)
class Table:
    """Answers each metric with the reading it was given.

    Attributes:
        readings: Limit -> reading, in base units.
        name: As in ``--edge-device``.
        where: The fingerprint.
        subject: What is said to have been measured.
        limits: The limits it can answer; by default those it has readings of.
    """

    readings: Mapping[str, Reading]
    name: str = "table"
    where: Mapping[str, str] = field(default_factory=dict)
    subject: Mapping[str, Json] = field(default_factory=dict)
    limits: Mapping[str, Known] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Only its name."""
        return frozenset({self.name})

    def answers(self) -> Mapping[str, Known]:
        """Return what it was told to be able to answer."""
        return {name: reading.known for name, reading in self.readings.items()} | dict(self.limits)

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002 - part of the seam
        """Nothing comes along unasked."""
        return ()

    def fingerprint(self) -> Mapping[str, str]:
        """Return what it was given."""
        return self.where

    def available(self) -> str | None:
        """It is always here."""
        return None

    def run(self, job: Job, directory: Path) -> Measurement:  # noqa: ARG002 - nothing is left behind here
        """Look the job's metrics up."""
        readings = {name: self.readings[name] for name in job.metrics if name in self.readings}
        missing = {name: Missing("the table has no reading of it") for name in job.metrics if name not in readings}
        return Measurement(self.name, self.where, self.subject, readings, missing)


def told(seconds: Mapping[str, Sequence[float | Exception]]) -> Script:
    """Return the script of a table: a job's root or workload -> seconds of each call, one entry a session.

    Two arms of one workload are told apart by their roots. After the last entry it begins again; an exception is
    raised when the session is opened.
    """

    def script(job: Job, before: int) -> float:
        entries = seconds.get(str(job.root)) or seconds[job.workload]
        entry = entries[before % len(entries)]
        if isinstance(entry, Exception):
            raise entry
        return entry

    return script


@dataclass(frozen=True)
class PairingTable(Table):
    """A table on which two pipelines can also be measured side by side, each call as long as a script says.

    Attributes:
        script: How long the calls of a session are.
        seconds_per_operation: Of the extra work that a known slowdown is made of.
        moves: How long a job's workload takes to be opened again; None where it stays where it is.
        log: Each thing that was done: the job, and ``open``, ``opened``, ``warm``, ``block`` ... or ``close``.
    """

    script: Script = lambda _, __: 0.001
    seconds_per_operation: float = 1e-6
    moves: Callable[[Job], float | None] = lambda _: None
    log: list[tuple[Job, str]] = field(default_factory=list, compare=False)

    def session(self, job: Job, options: Mapping[str, Json]) -> Played:
        """Start a session that only says how long it took."""
        before = sum(1 for one, what in self.log if (one, what) == (job, "open"))
        self.log.append((job, "open"))
        return Played(self, job, options, before)


@dataclass(frozen=True)
class Played:
    """A session of a `PairingTable`.

    Attributes:
        table: What it is a session of.
        job: Whose workload is open.
        options: As `edgesense.perf.worker.session` has them.
        before: How many sessions the job had before.
    """

    table: PairingTable
    job: Job
    options: Mapping[str, Json]
    before: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.table.log.append((self.job, "close"))

    def opened(self) -> dict[str, Any]:
        """Write the input where there is none yet: here it is the name of the job's directory."""
        self._seconds("calls")
        self.table.log.append((self.job, "opened"))
        item = Path(self.options.get("item", ""))
        if item.name and not item.exists():
            item.write_text(str(self.job.root), encoding="utf-8")
        said = {"open": True, "item": item.read_text(encoding="utf-8") if item.name else ""}
        return said if self.table.moves(self.job) is None else {**said, "moves": True}

    def do(self, what: str, **details: Any) -> dict[str, Any]:
        """Return at once what the script says."""
        self.table.log.append((self.job, what))
        if what == "warm":
            return {"seconds_per_call": self._seconds("calls"), "warm_up_calls": 1}
        if what == "move" and (seconds := self.table.moves(self.job)) is not None:
            return {"seconds": seconds}
        if what == "block":
            return {"series": {name: [self._seconds(name)] * details["calls"] for name in self.options["series"]}}
        if what == "work":
            return {"seconds": details["operations"] * self.table.seconds_per_operation}
        if what == "end":
            return {"subject": dict(self.table.subject), "fingerprint": dict(self.table.where)}
        msg = f"a session knows no {what!r}"
        raise PipelineError(msg)

    def _seconds(self, series: str) -> float:
        said = self.table.script(self.job, self.before)
        extra = self.options.get("slowed_by", 0) * self.table.seconds_per_operation if series == "calls" else 0.0
        return (said[series] if isinstance(said, Mapping) else said) + extra
