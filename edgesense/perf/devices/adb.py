"""Android phones over adb: TFLite's benchmark_model times the model on the phone, this computer knows what ships."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense.delegation import Delegated
from edgesense.errors import NotMeasured
from edgesense.perf import locks, metrics, processes, profiles
from edgesense.perf.devices.android import benchmark, graph, link, settings
from edgesense.perf.devices.android.benchmark import Tool
from edgesense.perf.devices.android.phone import Phone
from edgesense.perf.imports import summary
from edgesense.perf.imports.records import Operator, Run
from edgesense.perf.project import Project
from edgesense.perf.records import Job, Known, Measurement, Missing, Reading, Report

SIZE, INFERENCE, MEMORY = "size_kb", summary.INFERENCE, summary.MEMORY
ON_PHONE = (INFERENCE, MEMORY)
ABI, SOC, PLATFORM, MAKER, MODEL, RELEASE = PROPERTIES = (
    "ro.product.cpu.abi",
    "ro.soc.model",
    "ro.board.platform",
    "ro.product.manufacturer",
    "ro.product.model",
    "ro.build.version.release",
)
UNTOLD: Mapping[str, str] = {
    "latency_ms": "benchmark_model times the model alone, so a call from end to end is not known",
    "latency_p90_ms": "benchmark_model keeps no single call",
    "latency_p99_ms": "benchmark_model keeps no single call",
    "features_ms": "benchmark_model runs no front end",
    "cold_start_ms": "benchmark_model starts no Python and no front end",
    "acc": "benchmark_model runs the model on random input",
    "acc_drop": "benchmark_model runs the model on random input",
    "energy_mj": "benchmark_model reads no meter, and the time of a whole call is not known",
    "battery_h": "benchmark_model reads no meter, and the time of a whole call is not known",
}
COOL = "let the phone cool down, without its case and off the charger"


@dataclass(frozen=True)
class Adb:
    """A phone that a project names.

    Attributes:
        name: As in ``--edge-device``.
        settings: What the project says of it.
        root: Where relative names start from.
        profile: What is known of it beforehand.
    """

    name: str
    settings: settings.Settings
    root: Path
    profile: profiles.Profile

    @property
    def names(self) -> frozenset[str]:
        """Only its name: a profile may be that of several phones."""
        return frozenset({self.name})

    def answers(self) -> Mapping[str, Known]:
        """Return what benchmark_model tells, and what ships."""
        return {SIZE: Known.EXACT} | dict.fromkeys(ON_PHONE, Known.MEASURED)

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002 - part of the seam
        """Nothing comes along unasked."""
        return ()

    def fingerprint(self) -> Mapping[str, str]:
        """Return which phone it is; "absent" where there is none."""
        found = link.look(self.settings.serial)
        if isinstance(found, link.Absent):
            return {"phone": "absent"}
        return _fingerprint(Phone(found, self.name, link.SHORT_SECONDS))

    def available(self) -> str | None:
        """Return what helps where there is no phone to measure on."""
        found = link.look(self.settings.serial)
        return found.remedy if isinstance(found, link.Absent) else None

    def run(self, job: Job, directory: Path) -> Measurement:  # noqa: ARG002 - nothing is left behind here
        """Look at what ships, and time the model on the phone where that is asked for.

        Raises:
            DeviceUnavailable: If there is no such phone, or no benchmark_model.
            WorkerFailed: If the phone went away, or what ran there crashed or hung.
            MeasurementError: If the phone's storage is full.
            DelegateError: If a delegate could not be applied, or is required and took nothing.
        """
        report = self._opened(job)
        found = _Found(dict(report.subject))
        if SIZE in job.metrics:
            found.readings[SIZE] = metrics.find(SIZE).reduce([report], Known.EXACT)
        if any(name in job.metrics for name in ON_PHONE):
            with self._phone(job) as phone:
                found.fingerprint |= _fingerprint(phone)
                found.measure(self._tool(phone, job, report), self.settings.runs)
            found.notes += [phone.left] if phone.left else []
        else:
            found.fingerprint |= self.fingerprint()
        untold = [name for name in job.metrics if name not in self.answers()]
        for name in untold:
            found.missing[name] = Missing(UNTOLD.get(name, "benchmark_model does not tell it"))
        return Measurement(
            self.name,
            found.fingerprint,
            found.subject,
            found.readings,
            found.missing,
            tuple(found.notes),
            origin=report.origin,
        )

    def operators(self, job: Job, directory: Path) -> tuple[Operator, ...]:
        """Return what each node of the model costs on the phone, in the order they run in.

        Raises:
            MeasurementError: As `run`.
        """
        report = self._opened(job)
        with self._phone(job) as phone:
            return self._tool(phone, job, report).operators(directory)

    def _opened(self, job: Job) -> Report:
        """Open the workload here, where nothing of it is measured: what the phone's delegates do is not known here."""
        here = replace(job, delegate=None)
        message = processes.request(here, graph.PROBE, {})
        return processes.ask(processes.native(1, job.home), message, timeout_seconds=job.timeout_seconds)

    @contextmanager
    def _phone(self, job: Job) -> Iterator[Phone]:
        """Have the phone to oneself: another project may know it by another name."""
        found = link.find(self.settings.serial)
        with (
            locks.hold(f"adb-{re.sub('[^0-9A-Za-z._-]', '_', found.serial)}"),
            Phone(found, self.name, job.timeout_seconds, keep=self.settings.keep) as phone,
        ):
            yield phone

    def _tool(self, phone: Phone, job: Job, report: Report) -> Tool:
        return benchmark.prepare(phone, self.settings, job, Path(report.facts["graph"]), self.root)


class _Found:
    """What is known of a job so far."""

    def __init__(self, subject: dict[str, Any]) -> None:
        self.subject = subject
        self.fingerprint: dict[str, str] = {}
        self.readings: dict[str, Reading] = {}
        self.missing: dict[str, Missing] = {}
        self.notes: list[str] = []

    def measure(self, tool: Tool, runs: int) -> None:
        """Run a tool for what its job asks of the phone."""
        self.fingerprint["runtime"] = tool.identity
        self.subject |= {"runtime": tool.identity, "threads": tool.job.threads, "delegates": []}
        bounds = dict(tool.job.bounds)
        last: Run | None = None
        if INFERENCE in tool.job.metrics:
            self.notes.append(summary.ALONE)
            try:
                timed = benchmark.sample(tool, runs, bounds.get(INFERENCE))
            except NotMeasured as error:
                self.missing[INFERENCE] = Missing(str(error), COOL)
            else:
                self.readings[INFERENCE] = summary.inference(timed)
                last = timed[-1]
        if MEMORY in tool.job.metrics:
            try:
                watched = benchmark.watch(tool)
            except NotMeasured as error:
                self.missing[MEMORY] = Missing(str(error))
            else:
                last = watched[-1]
                self._remember(summary.memory(watched))
        if last is not None:
            self._delegate(tool, last)

    def _remember(self, memory: Reading | None) -> None:
        if memory is None:
            self.missing[MEMORY] = Missing("benchmark_model was asked for its peak memory and printed none")
        else:
            self.readings[MEMORY] = memory

    def _delegate(self, tool: Tool, run: Run) -> None:
        if tool.request is None:
            return
        taken = tool.taken(run)
        if taken is None:
            self.notes.append(f"delegate {tool.request.title}: benchmark_model does not say what it took")
            return
        self.notes.append(f"delegate {taken}")
        if taken.nothing or (taken.nodes is not None and taken.of is not None):
            nodes, of = taken.nodes or 0, taken.of or 0
            told = Delegated(
                tool.request.title,
                requested=True,
                loaded=not taken.nothing,
                nodes=nodes,
                of=of,
                partitions=taken.kernels,
                options=tool.request.options,
                reason=taken.reason,
            )
            self.subject["delegates"] = [told.to_dict()]


def _fingerprint(phone: Phone) -> dict[str, str]:
    said = phone.properties(*PROPERTIES)
    return {
        "phone": f"{said[MAKER]} {said[MODEL]}".strip(),
        "architecture": said[ABI],
        "cpu": said[SOC] or said[PLATFORM],
        "os": f"android {said[RELEASE].split('.')[0]}".strip(),
    }


def declare(name: str, entry: Mapping[str, Any], project: Project) -> Adb:
    """Return the phone that a project names.

    Raises:
        SettingsError: If it says what cannot be meant.
    """
    said = settings.read(entry)
    return Adb(name, said, project.root, profiles.find(said.profile, project.profiles))
