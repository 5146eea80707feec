"""This computer: fresh local processes, its own clock and memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgesense import delegation
from edgesense.errors import NotMeasured
from edgesense.perf import metrics, processes, progress
from edgesense.perf.records import Job, Known, Measurement, Missing, Reading, Report
from edgesense.perf.sessions import Session
from edgesense.perf.units import MILLISECOND
from edgesense.perf.worker import loop
from edgesense.perf.worker.loop import fingerprint

EXACT = ("size_kb", "acc", "acc_drop")
MEASURED = (
    "latency_ms",
    "features_ms",
    "inference_ms",
    "latency_p90_ms",
    "latency_p99_ms",
    "cold_start_ms",
    "rss_mb",
    "energy_mj",
)
BUSY = 0.5


@dataclass(frozen=True)
class Host:
    """The computer pytest runs on."""

    name: str = "host"

    @property
    def names(self) -> frozenset[str]:
        """Only ``host``."""
        return frozenset({self.name})

    def answers(self) -> Mapping[str, Known]:
        """Return what a process can tell here, and what metrics say of themselves."""
        return answers() | {name: one.here for name, one in metrics.every().items() if one.here is not None}

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002 - part of the seam
        """Nothing comes along unasked."""
        return ()

    def fingerprint(self) -> Mapping[str, str]:
        """Return this computer's architecture, CPU, system and versions."""
        return fingerprint()

    def available(self) -> str | None:
        """It is always here."""
        return None

    def run(self, job: Job, directory: Path) -> Measurement:  # noqa: ARG002 - nothing is left behind here
        """Measure each of the job's metrics in processes of its own."""
        answers = self.answers()
        reports = collect(job, job.metrics)
        readings, missing = reduce(job.metrics, reports, answers)
        spoken = [report for group in reports.values() for report in group]
        return Measurement(
            device=self.name,
            fingerprint=spoken[0].fingerprint if spoken else self.fingerprint(),
            subject=spoken[0].subject if spoken else {},
            readings=readings,
            missing=missing,
            notes=(*delegated(spoken), *_busy(job.metrics)),
            origin=spoken[0].origin if spoken else None,
            environment=spoken[0].environment if spoken else {},
        )

    def session(self, job: Job, options: Mapping[str, Any]) -> Session:
        """Start a fresh process that opens a job's workload, to be timed beside another's."""
        message = processes.opening(job, options)
        return Session(processes.native(job.threads, job.home), message, timeout_seconds=job.timeout_seconds)


def answers() -> dict[str, Known]:
    """Return what a process can tell of a pipeline on any computer with a clock."""
    return dict.fromkeys(EXACT, Known.EXACT) | dict.fromkeys(MEASURED, Known.MEASURED)


def collect(job: Job, names: Iterable[str]) -> dict[str, list[Report]]:
    """Run the probes that `names` need on this computer; probe -> one report a process."""
    chosen = [metrics.find(name) for name in names]
    command = processes.native(job.threads, job.home)
    reports: dict[str, list[Report]] = {}
    for probe in dict.fromkeys(metric.probe for metric in chosen):
        asked = [metric for metric in chosen if metric.probe == probe]
        count = max(metric.processes for metric in asked)
        said = ", ".join(metric.name for metric in asked)
        shares = _shares(job) if count == 1 and all(metric.divisible for metric in asked) else 1
        if shares > 1:
            progress.tell(said)
            parts = [options(job) | {"share": share, "shares": shares} for share in range(shares)]
            messages = [processes.request(job, probe, part) for part in parts]
            reports[probe] = processes.ask_together(command, messages, timeout_seconds=job.timeout_seconds)
            continue
        message = processes.request(job, probe, options(job))
        reports[probe] = []
        for done in range(count):
            progress.tell(said, done, count)
            reports[probe].append(processes.ask(command, message, timeout_seconds=job.timeout_seconds))
    return reports


def _shares(job: Job) -> int:
    """Return how many processes may answer at once; one of a factory, which need not expect company."""
    if loop.is_factory(job.workload, job.root):
        return 1
    return processes.at_once(job.threads)


def options(job: Job) -> dict[str, Any]:
    """Return what every probe of a job is told."""
    return {
        "seconds": job.seconds,
        "patience_seconds": job.patience_seconds,
        "bounds": dict(job.bounds),
        "reference": "acc_drop" in job.metrics,
    }


def reduce(
    names: Iterable[str], reports: Mapping[str, Sequence[Report]], known: Mapping[str, Known]
) -> tuple[dict[str, Reading], dict[str, Missing]]:
    """Return the readings that reports give, and why the others are missing."""
    readings: dict[str, Any] = {}
    missing: dict[str, Missing] = {}
    for name in names:
        metric = metrics.find(name)
        try:
            readings[name] = metric.reduce(reports.get(metric.probe, ()), known[name])
        except NotMeasured as error:
            missing[name] = Missing(str(error))
    return readings, missing


def delegated(reports: Sequence[Report]) -> tuple[str, ...]:
    """Return in words what became of the delegates that were asked for."""
    return tuple(f"delegate {told}" for told in delegation.told(reports[0].subject, requested=True)) if reports else ()


def _busy(names: Iterable[str]) -> tuple[str, ...]:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load <= BUSY * cores or not any(metrics.find(name).unit is MILLISECOND for name in names):
        return ()
    return (f"this computer was busy (load {load:.1f} on {cores} cores): its times are uncertain",)


def devices() -> tuple[Host, ...]:
    """Return this computer."""
    return (Host(),)
