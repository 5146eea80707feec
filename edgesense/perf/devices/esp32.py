"""Microcontrollers that are not here: the model really runs in TFLite Micro on this computer, time is predicted."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense import delegation
from edgesense.errors import NotMeasured, SettingsError
from edgesense.perf import energy, metrics, processes
from edgesense.perf.devices import host
from edgesense.perf.devices.emulation import agreement
from edgesense.perf.devices.microcontroller import chip as chips
from edgesense.perf.devices.microcontroller import fit as fits
from edgesense.perf.devices.microcontroller import prediction
from edgesense.perf.metrics import accuracy, arena
from edgesense.perf.records import Job, Known, Measurement, Missing, Reading, Report

PACKAGE = "tflite_micro"
REMEDY = "pip install 'pytest-edgesense[esp32]'"
RUNTIME = "micro"
SIZE = "size_kb"
LABELLED = ("acc", "acc_drop")
FOUND = {arena.ARENA: Known.STAND_IN, arena.RAM: Known.STAND_IN, arena.MACS: Known.EXACT}
PREDICTED = {"latency_ms": "", "features_ms": prediction.FEATURES, "inference_ms": prediction.INFERENCE}


@dataclass(frozen=True)
class Esp32:
    """A chip of the profiles, on a module with flash.

    Attributes:
        profile: Which chip.
    """

    profile: chips.Chip

    @property
    def name(self) -> str:
        """As in ``--edge-device``."""
        return self.profile.said.device

    @property
    def names(self) -> frozenset[str]:
        """The device's name, its aliases and its profile's name."""
        return self.profile.said.names

    @property
    def unready(self) -> frozenset[str]:
        """The limits that the package is needed for: all but the size of files."""
        return frozenset(self.answers()) - {SIZE}

    def answers(self) -> Mapping[str, Known]:
        """Return what TFLite Micro's interpreter tells here, and what published cycles predict."""
        here = {SIZE: Known.EXACT} | dict.fromkeys(LABELLED, Known.STAND_IN) | FOUND
        return here | dict.fromkeys((*PREDICTED, *energy.LIMITS), Known.PREDICTED)

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """Multiply-accumulates come with every time: it is made of them, and they are what is compared."""
        return (arena.MACS,) if any(name in PREDICTED or name in energy.LIMITS for name in metrics) else ()

    def fingerprint(self) -> Mapping[str, str]:
        """Return the chip, and this computer, which the stand-ins come from."""
        return dict(host.Host().fingerprint()) | {"chip": self.profile.name}

    def available(self) -> str | None:
        """Return the command that installs TFLite Micro, None when it is here."""
        return None if importlib.util.find_spec(PACKAGE) else REMEDY

    def run(self, job: Job, directory: Path) -> Measurement:  # noqa: ARG002 - nothing is left behind here
        """Load and run the model in TFLite Micro, and predict the chip's time.

        Raises:
            SettingsError: If a delegate or several threads are asked for.
            ModelError: If TFLite Micro refuses the model; its subclass names an operator that it lacks.
        """
        self._refuse(job)
        run = _Run(self.profile, job)
        if self.available():
            return self._without_micro(run)
        run.footprint()
        run.accuracy()
        run.size()
        run.times()
        fit = run.fit()
        notes = [*run.notes, *(fit.told() if fit else ())]
        if any(reading.known is Known.STAND_IN for reading in run.readings.values()):
            notes.append(f"accuracy and memory are TFLite Micro's on this computer, standing in for {self.name}")
        spoken = run.spoken[0]
        where = dict(spoken.fingerprint) | {"chip": self.profile.name, "micro": spoken.fingerprint.get("runtime", "")}
        return Measurement(
            device=self.name,
            fingerprint=where,
            subject=spoken.subject,
            readings={name: run.readings[name] for name in job.metrics if name in run.readings},
            missing={name: run.missing[name] for name in job.metrics if name in run.missing},
            notes=tuple(notes),
            environment=spoken.environment,
            origin=next((report.origin for report in run.spoken if report.origin is not None), None),
        )

    def _without_micro(self, run: _Run) -> Measurement:
        """Return what files alone tell."""
        absent = Missing("TFLite Micro is not installed here", REMEDY)
        report = run.size(run.job.runtime)
        return Measurement(
            device=self.name,
            fingerprint=dict(report.fingerprint) | {"chip": self.profile.name},
            subject=report.subject,
            readings={name: reading for name, reading in run.readings.items() if name in run.job.metrics},
            missing={name: absent for name in run.job.metrics if name != SIZE} | run.missing,
            environment=report.environment,
            origin=report.origin,
        )

    def _refuse(self, job: Job) -> None:
        if job.delegate is not None and delegation.parse(job.delegate).name != delegation.NONE:
            msg = f"{self.name} has no delegates, and {job.delegate} was asked for"
            raise SettingsError(msg)
        if job.threads != 1:
            msg = f"TFLite Micro runs on one thread, and {job.threads} were asked for on {self.name}"
            raise SettingsError(msg)


class _Run:
    """One job on one chip: what was found so far."""

    def __init__(self, chip: chips.Chip, job: Job) -> None:
        self.chip = chip
        self.job = job
        self.readings: dict[str, Reading] = {}
        self.missing: dict[str, Missing] = {}
        self.notes: list[str] = []
        self.spoken: list[Report] = []
        self._said: Mapping[str, Any] | None = None

    def footprint(self) -> None:
        """Ask for arena, memory and work; needed for everything else, since it says whether the model loads."""
        report = self._ask(arena.PROBE, {}, RUNTIME)
        self.spoken.append(report)
        found, missing = host.reduce(FOUND, {arena.PROBE: [report]}, FOUND)
        self.readings |= found
        self.missing |= missing
        if not missing:
            self._said = arena.footprint([report])
            # What the chip's kernels may ask for counts as taken: a limit that is met here is met there.
            needed = fits.of(self._said, None, self.chip)
            self.readings[arena.RAM] = replace(
                found[arena.RAM], value=needed.ram_bytes, high=needed.ram_bytes, parts=needed.ram
            )

    def accuracy(self) -> None:
        """Answer every labelled clip in TFLite Micro and in the host's runtime, and hold the answers side by side."""
        wanted = [name for name in LABELLED if name in self.job.metrics]
        if self._said is None:
            self.missing |= dict.fromkeys(wanted, self.missing[arena.MACS])
        if not wanted or self._said is None:
            return
        options = {"answers": True, "reference": False}
        # The reference is a float pipeline that never was to run on the chip.
        beside = {"answers": True, "reference": "acc_drop" in wanted}
        with ThreadPoolExecutor(2) as both:
            asked = both.submit(self._ask, accuracy.PROBE, options, RUNTIME)
            other = both.submit(self._ask, accuracy.PROBE, beside, self.job.runtime)
            micro, native = asked.result(), other.result()
        shared = {key: native.facts[key] for key in ("reference", "unsteady_reference") if key in native.facts}
        merged = replace(micro, facts={**micro.facts, **shared})
        found, missing = host.reduce(wanted, {accuracy.PROBE: [merged]}, dict.fromkeys(wanted, Known.STAND_IN))
        self.readings |= found
        self.missing |= missing
        if found:
            self._hold_beside(wanted, micro, native)

    def _hold_beside(self, wanted: Sequence[str], micro: Report, native: Report) -> None:
        agreed = agreement.compare(native.facts["answers"], micro.facts["answers"])
        there = native.fingerprint.get("runtime", "the host's runtime")
        said = f"{agreed.same} of {agreed.of} clips got the same answer from TFLite Micro and from {there}"
        self.notes.append(said)
        if not agreed.holds:
            for name in wanted:
                if self.readings.pop(name, None) is not None:
                    self.missing[name] = Missing(f"TFLite Micro may not stand in for {self.chip.said.device}: {said}")

    def size(self, runtime: str | None = RUNTIME) -> Report:
        """Add up the files that ship."""
        report = self._ask(metrics.find(SIZE).probe, {}, runtime)
        found, missing = host.reduce([SIZE], {metrics.find(SIZE).probe: [report]}, {SIZE: Known.EXACT})
        self.readings |= found
        self.missing |= missing
        self.spoken.append(report)
        return report

    def times(self) -> None:
        """Predict times, and energy from them, where the pipeline fits: published times are of internal memory."""
        wanted = {name: stage for name, stage in PREDICTED.items() if name in self.job.metrics}
        drawn = [name for name in energy.LIMITS if name in self.job.metrics]
        if not wanted and not drawn:
            return
        times: Mapping[str, Reading] = {}
        fit = self.fit()
        reason = self.missing[arena.MACS].reason if fit is None else fit.too_much
        if self._said is not None and not reason:
            try:
                times = prediction.predict(self._said, str(self.spoken[0].subject.get("dtype", "")), self.chip)
            except NotMeasured as error:
                reason = str(error)
        for name, stage in wanted.items():
            if stage in times:
                self.readings[name] = times[stage]
            else:
                there = ", ".join(one for one in times if one)
                self.missing[name] = Missing(reason or f"the workload has no stage {stage!r}; it has {there}")
        for name in drawn:
            try:
                if reason:
                    self.missing[name] = Missing(reason)
                else:
                    facts = self.spoken[0].facts
                    self.readings[name] = energy.predict(name, times[""], facts, self.chip.said, self.job.threads)
            except NotMeasured as error:
                self.missing[name] = Missing(str(error))

    def fit(self) -> fits.Fit | None:
        """Return what the pipeline takes of the chip; None where nobody told its footprint."""
        size = self.readings.get(SIZE)
        return None if self._said is None else fits.of(self._said, size.value if size else None, self.chip)

    def _ask(self, probe: str, options: Mapping[str, Any], runtime: str | None) -> Report:
        job = replace(self.job, runtime=runtime, delegate=None)
        command = processes.native(job.threads, job.home)
        return processes.ask(command, processes.request(job, probe, options), timeout_seconds=job.timeout_seconds)


def devices() -> tuple[Esp32, ...]:
    """Return every chip of the profiles."""
    return tuple(Esp32(one) for one in chips.known())
