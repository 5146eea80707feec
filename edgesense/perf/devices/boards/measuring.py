"""Measuring on a board that one has alone: rounds that were slowed down do not count."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Self

from edgesense.errors import DatasetError, EdgeSenseError, NotMeasured, WorkerFailed
from edgesense.perf import energy, measure, metrics, processes, progress
from edgesense.perf.devices import host
from edgesense.perf.devices.boards import health, seats
from edgesense.perf.devices.boards.remote import RemoteCommand
from edgesense.perf.devices.boards.setup import Board
from edgesense.perf.interfaces import PRODUCT, Device, Profiled, Watching
from edgesense.perf.profiles import Profile
from edgesense.perf.records import Job, Json, Known, Measurement, Missing, Reading, Report
from edgesense.perf.sessions import Session
from edgesense.perf.threads import uniform
from edgesense.perf.units import MILLISECOND

MOST_LOST = 3
"""Rounds that are lost, over a third of all, before it is given up."""
MOST_DISCARDED = 1 / 3


class Throttled(EdgeSenseError):
    """Rounds were slowed down as often as they were tried."""


@dataclass
class Tally:
    """How many rounds were measured, and how many did not count.

    Attributes:
        kept: That count.
        discarded: Why each of the others does not.
    """

    kept: int = 0
    discarded: list[str] = field(default_factory=list)

    @property
    def too_many(self) -> bool:
        """Whether more than a third were lost."""
        return len(self.discarded) > MOST_DISCARDED * (self.kept + len(self.discarded))


@dataclass(frozen=True)
class Leased:
    """One board, had alone: a device for as long as the lease lasts.

    Attributes:
        lessor: The device that it belongs to.
        board: The board.
        profile: What is known of it, None for nothing.
        notes: What is worth saying of how it was chosen.
    """

    lessor: Device
    board: Board
    profile: Profile | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As in ``--edge-device``."""
        return self.lessor.name

    @property
    def names(self) -> frozenset[str]:
        """Every word that means it."""
        return self.lessor.names

    def answers(self) -> Mapping[str, Known]:
        """Return what a board's own clock, memory and answers can tell."""
        return self.lessor.answers()

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """Return what comes along unasked."""
        return self.lessor.implied(metrics)

    def fingerprint(self) -> Mapping[str, str]:
        """Return what is known without asking the board."""
        return self.lessor.fingerprint()

    def available(self) -> str | None:
        """It is here."""
        return None

    def run(self, job: Job, directory: Path) -> Measurement:  # noqa: ARG002 - nothing is left behind here
        """Measure each of the job's metrics in processes of their own on the board.

        Raises:
            WorkerFailed: If a worker crashed, hung or was killed.
            ConnectionLost: If the board is gone.
        """
        known, tally = self.answers(), Tally()
        first = self.condition()
        reports: dict[str, list[Report]] = {}
        missing: dict[str, Missing] = {}
        for name in job.metrics:
            metric = metrics.find(name)
            if metric.probe in reports:
                continue
            try:
                reports[metric.probe] = self._probe(job, metric.probe, tally)
            except (Throttled, DatasetError) as error:
                lost = Missing(_why(error))
                missing |= {one: lost for one in job.metrics if metrics.find(one).probe == metric.probe}
        answered = [name for name in job.metrics if name not in missing]
        readings, unanswered = host.reduce(answered, reports, known)
        self._predict(job, reports, readings, unanswered)
        spoken = [report for group in reports.values() for report in group]
        measurement = Measurement(
            device=self.name,
            fingerprint={**(spoken[0].fingerprint if spoken else {}), **self.fingerprint()},
            subject=spoken[0].subject if spoken else {},
            readings=readings,
            missing={**missing, **unanswered},
            notes=(f"measured on {self.board.link.name}", *self.notes, *health.notes(first), *_discarded(tally)),
            origin=spoken[0].origin if spoken else None,
            environment=spoken[0].environment if spoken else {},
        )
        return measure.with_origin(self, job, measurement)

    def session(self, job: Job, options: Mapping[str, Json]) -> Steady:
        """Start a fresh worker that opens a job's workload on files of its own, to be timed beside another's."""
        onboard, told = seats.take(self.board, job, options, fresh=True)
        message = processes.opening(onboard, told)
        return Steady(self, Session(self._worker(onboard), message, timeout_seconds=job.timeout_seconds))

    def profiled(self, job: Job, how: Watching, produced: Path) -> Profiled:
        """Run a job under a tool of the environment there; see `edgesense.perf.interfaces.ProfilingDevice`."""
        onboard, told = seats.take(self.board, job, how.options, fresh=False)
        name = f"product-{secrets.token_hex(4)}"
        program, *arguments = (name if one == PRODUCT else one for one in how.tool)
        beside = str(PurePosixPath(self.board.python).with_name(program))
        worker = self._worker(onboard, under=(beside, *arguments))
        said = worker.ask(processes.request(onboard, how.probe, told), timeout_seconds=how.timeout_seconds)
        if said.status == 0:
            produced.write_bytes(base64.b64decode(self.board.link.request("fetch", name=name)["content"]))
        return Profiled(said, onboard)

    def condition(self) -> health.Health:
        """Ask the board how it is."""
        return health.Health.read(self.board.link.request("health"))

    def _predict(
        self,
        job: Job,
        reports: Mapping[str, Sequence[Report]],
        readings: dict[str, Reading],
        missing: dict[str, Missing],
    ) -> None:
        """Answer for the energy of a board that has no meter, by what is known of its power."""
        time = readings.get("latency_ms")
        if self.profile is None or time is None:
            return
        for name in [name for name in energy.LIMITS if name in missing]:
            facts = reports[metrics.find(name).probe][0].facts
            try:
                readings[name] = energy.predict(name, time, facts, self.profile, job.threads)
            except NotMeasured as error:
                missing[name] = Missing(f"{missing[name].reason}; {error}")
            else:
                del missing[name]

    def _probe(self, job: Job, probe: str, tally: Tally) -> list[Report]:
        chosen = [metrics.find(name) for name in job.metrics if metrics.find(name).probe == probe]
        progress.tell(f"{', '.join(metric.name for metric in chosen)} on {self.board.link.name}")
        timed = any(metric.unit is MILLISECOND for metric in chosen)
        count = max(metric.processes for metric in chosen)
        battery = self.profile.range("battery_wh") if self.profile else None
        options = host.options(job) | ({} if battery is None else {"battery_wh": battery})
        onboard, told = seats.take(self.board, job, options, fresh=False)
        worker, message = self._worker(onboard), processes.request(onboard, probe, told)

        def ask() -> Report:
            return processes.ask(worker, message, timeout_seconds=job.timeout_seconds)

        return self._rounds(ask, count, tally) if timed else [ask() for _ in range(count)]

    def _rounds(self, ask: Callable[[], Report], count: int, tally: Tally) -> list[Report]:
        """Ask until there are enough answers that count, and no more than a third of all was lost."""
        reports: list[Report] = []
        while len(reports) < count or tally.too_many:
            before = self.condition()
            report = ask()
            slowed = health.slowed(before, self.condition())
            if slowed is None:
                tally.kept += 1
                reports.append(report)
                continue
            tally.discarded.append(slowed)
            if tally.too_many and len(tally.discarded) >= MOST_LOST:
                raise Throttled(f"throttled: {slowed}, {_share(tally)}")
        return reports

    def _worker(self, job: Job, *, under: Sequence[str] = ()) -> RemoteCommand:
        told = self.profile.threads if self.profile else None
        if told is None or told.runtime_threads != job.threads:
            told = uniform(job.threads)
        environment = processes.additions(told, str(job.home))
        return RemoteCommand(self.board.link, (*under, self.board.python, *processes.WORKER), environment)


class Steady:
    """A session on a board; what it says while the board is slowed down is an error, so that its pair is discarded."""

    def __init__(self, board: Leased, session: Session) -> None:
        """Watch a session."""
        self._board = board
        self._session = session
        self._before: health.Health | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def opened(self) -> dict[str, Json]:
        """Wait until the workload is open; return what was said."""
        return self._session.opened()

    def do(self, what: str, **details: Json) -> dict[str, Json]:
        """Have one thing done and return the answer.

        Raises:
            WorkerFailed: If the worker crashed, hung or was killed, or the board was slowed down meanwhile.
            ConnectionLost: If the board is gone.
        """
        if what == "warm":
            self._before = self._board.condition()
        said = self._session.do(what, **details)
        if what == "block" and self._before is not None and self._before.throttled is not None:
            slowed = health.slowed(self._before, self._board.condition())
            if slowed is not None:
                raise WorkerFailed(f"throttled: {slowed}")
        return said


def _why(error: EdgeSenseError) -> str:
    if isinstance(error, DatasetError):
        return f"the labelled set cannot be opened on the board: {error}"
    return str(error)


def _share(tally: Tally) -> str:
    return f"{len(tally.discarded)} of {tally.kept + len(tally.discarded)} rounds"


def _discarded(tally: Tally) -> tuple[str, ...]:
    return (f"discarded {_share(tally)}: {tally.discarded[0]}",) if tally.discarded else ()
