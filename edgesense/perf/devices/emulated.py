"""Boards that are not here: instructions counted under qemu-user, time predicted, the rest from this computer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense import delegation
from edgesense.errors import DeviceUnavailable, NotMeasured, SettingsError
from edgesense.perf import energy, metrics, processes, progress, project, units
from edgesense.perf.devices import host
from edgesense.perf.devices.emulation import (
    agreement,
    board,
    bundle,
    calibrations,
    fetch,
    hot,
    prediction,
    profiles,
    setup,
    sysroot,
)
from edgesense.perf.records import Job, Known, Measurement, Missing, Reading, Report

ON_HOST = {
    "size_kb": Known.EXACT,
    "acc": Known.STAND_IN,
    "acc_drop": Known.STAND_IN,
    "rss_mb": Known.STAND_IN,
}
COUNTED = "instructions_m"
PREDICTED = {"latency_ms": "", "features_ms": "features", "inference_ms": "inference"}
LABELLED = ("acc", "acc_drop")
MOST_BOARDS = 8


@dataclass(frozen=True)
class Emulated:
    """A board of the profiles, run by qemu-user.

    Attributes:
        profile: Which board.
    """

    profile: profiles.Profile

    @property
    def name(self) -> str:
        """As in ``--edge-device``."""
        return self.profile.said.device

    @property
    def names(self) -> frozenset[str]:
        """The device's name, its aliases and its profile's name."""
        return self.profile.said.names

    def answers(self) -> Mapping[str, Known]:
        """Return what can be counted, predicted, or known from this computer's run."""
        return ON_HOST | {COUNTED: Known.COUNTED} | dict.fromkeys((*PREDICTED, *energy.LIMITS), Known.PREDICTED)

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """Counts come with every time, since the time is made of them and they are what is compared."""
        return (COUNTED,) if any(name in PREDICTED or name in energy.LIMITS for name in metrics) else ()

    def fingerprint(self) -> Mapping[str, str]:
        """Return the board and its sysroot, and this computer, which the stand-ins come from."""
        return dict(host.Host().fingerprint()) | self._board()

    def available(self) -> str | None:
        """Return the command that sets the emulation up, None when it is."""
        try:
            setup.ready()
        except DeviceUnavailable:
            return self.remedy
        return None

    @property
    def remedy(self) -> str:
        """The one command that adds what is missing."""
        return f"edgesense devices setup {self.name}"

    def set_up(self, progress: fetch.Progress) -> setup.Ready:
        """Make this board usable here; what is there already stays.

        Raises:
            DeviceUnavailable: If a part cannot be had; the text says what to do.
        """
        return setup.setup({self.name: self.profile.board}, progress)

    def run(self, job: Job, directory: Path) -> Measurement:
        """Measure what this computer can stand in for, and count the rest under emulation.

        Raises:
            SettingsError: If a delegate is asked for that the board does not have.
        """
        self._refuse_delegate(job)
        here = [name for name in job.metrics if name in ON_HOST]
        reports = host.collect(job, here)
        readings, missing = host.reduce(here, reports, ON_HOST)
        spoken = [report for group in reports.values() for report in group]
        notes = list(host.delegated(spoken))
        where = self._board()
        environment: Mapping[str, str] = {}
        try:
            made = setup.ready()
        except DeviceUnavailable as error:
            absent = Missing(str(error).splitlines()[0], self.remedy)
            missing |= {name: absent for name in job.metrics if name not in ON_HOST}
            if any(name in readings for name in LABELLED):
                notes.append(f"agreement with the emulated board not checked: {absent.reason}")
        else:
            run = _Run(self.profile, made, job, directory)
            if any(name not in ON_HOST for name in job.metrics):
                counted, uncounted, report = run.count()
                readings |= counted
                missing |= uncounted
                spoken.append(report)
                environment = report.environment
                if "runtime" in report.fingerprint:
                    where["board_runtime"] = report.fingerprint["runtime"]
            if any(name in readings for name in LABELLED):
                notes.append(run.check(readings, missing, spoken[0]))
            notes += [f"sysroot changed: {change}" for change in made.sysroot.changes()]
        if any(reading.known is Known.STAND_IN for reading in readings.values()):
            notes.append(f"accuracy and memory are this computer's, standing in for {self.name}")
        return Measurement(
            device=self.name,
            fingerprint=(dict(spoken[0].fingerprint) if spoken else dict(host.Host().fingerprint())) | where,
            subject=spoken[0].subject if spoken else {},
            readings=readings,
            missing=missing,
            notes=tuple(notes),
            # The board sees its files under other names; this computer's run knows them as the project does.
            environment=environment,
            origin=next((report.origin for report in spoken if report.origin is not None), None),
        )

    def hot(self, job: Job, directory: Path) -> list[hot.Place]:
        """Return where one inference's instructions go on the board, by stage and function.

        Raises:
            DeviceUnavailable: If the emulation is not set up.
            SettingsError: If a delegate is asked for that the board does not have.
        """
        self._refuse_delegate(job)
        return _Run(self.profile, setup.ready(), job, directory).hot()

    def _refuse_delegate(self, job: Job) -> None:
        if job.delegate is None or delegation.parse(job.delegate).name in delegation.OF_THE_RUNTIME:
            return
        there = " and ".join(sorted(delegation.OF_THE_RUNTIME))
        msg = (
            f"the emulated board {self.name} has no accelerator, and what this computer's libraries take says nothing "
            f"of it: the delegate {job.delegate} is refused there; {there} are what it can be asked for"
        )
        raise SettingsError(msg)

    def _board(self) -> dict[str, str]:
        found = sysroot.find()
        return {"board": self.profile.name, "sysroot": found.digest if found else "none"}


@dataclass(frozen=True)
class _Run:
    """The emulated part of one job."""

    profile: profiles.Profile
    made: setup.Ready
    job: Job
    directory: Path

    def count(self) -> tuple[dict[str, Reading], dict[str, Missing], Report]:
        """Return the counted and predicted readings that the job asks for, and the board's report."""
        metric = metrics.find(COUNTED)
        wanted_threads = self.profile.board.threads.runtime_threads
        if self.job.threads != wanted_threads:
            threads = units.plural(wanted_threads, "thread")
            reason = f"instructions are counted, and times predicted, for {threads}; {self.job.threads} were asked for"
            return {}, {name: Missing(reason) for name in self.job.metrics if name not in ON_HOST}, Report()
        progress.tell(f"{COUNTED}, emulated")
        report = self._ask("count", metric.probe, {"counter": board.COUNTER}, counting=True)
        readings: dict[str, Reading] = {}
        missing: dict[str, Missing] = {}
        count = metric.reduce([report], Known.COUNTED)
        if COUNTED in self.job.metrics:
            readings[COUNTED] = count
        wanted = {name: stage for name, stage in PREDICTED.items() if name in self.job.metrics}
        dtype = str(report.subject.get("dtype", ""))
        own = calibrations.load(project.above(self.job.root).root, self.profile.name, self.made.sysroot.digest)
        times = prediction.predict(count, dtype=dtype, profile=self.profile, own=own)
        for name, stage in wanted.items():
            if stage in times:
                readings[name] = times[stage]
            else:
                there = ", ".join(count.parts) or "none"
                missing[name] = Missing(f"the workload has no stage {stage!r}; it has {there}")
        for name in energy.LIMITS:
            if name in self.job.metrics:
                try:
                    readings[name] = energy.predict(name, times[""], report.facts, self.profile.said, self.job.threads)
                except NotMeasured as error:
                    missing[name] = Missing(str(error))
        return readings, missing, report

    def check(self, readings: dict[str, Reading], missing: dict[str, Missing], here: Report) -> str:
        """Withdraw accuracy that the emulated board does not agree with; return what was found, in words.

        Args:
            readings: Those of this computer; accuracy is taken out if the board disagrees.
            missing: Then the reason comes in here.
            here: A report of this computer.
        """
        audio = next(one.labelled.audio for name in LABELLED if (one := readings.get(name)) and one.labelled)
        try:
            found = self._agreement(audio, here)
        except NotMeasured as error:
            reason, holds = str(error), False
        else:
            reason, holds = str(found), found.holds
        if holds:
            return reason
        for name in LABELLED:
            if readings.pop(name, None) is not None:
                missing[name] = Missing(f"this computer may not stand in for {self.profile.said.device}: {reason}")
        return reason

    def _agreement(self, audio: str, here: Report) -> agreement.Agreement:
        key = {
            "board": self.profile.name,
            "audio": audio,
            "subject": dict(here.subject),
            "host": dict(here.fingerprint),
            "runtime": self.job.runtime,
            "sysroot": self.made.sysroot.digest,
            "workload": bundle.digest(self.job),
        }
        found = agreement.cached(key)
        if found is None:
            progress.tell(f"whether the emulated board agrees on {agreement.CLIPS} clips")
            items = self.directory / "items.npz"
            message = processes.request(self.job, agreement.SAMPLE, {"clips": agreement.CLIPS, "items": str(items)})
            native = processes.native(self.job.threads)
            asked = processes.ask(native, message, timeout_seconds=self.job.timeout_seconds)
            found = agreement.compare(asked.facts["answers"], self._replay(items))
            agreement.remember(key, found)
        return found

    def _replay(self, items: Path) -> list[str]:
        """Answer the items on as many emulated boards as this computer has cores; nothing is timed or counted."""
        shares = min(MOST_BOARDS, os.cpu_count() or 1)

        def answer(share: int) -> list[str]:
            options = {"items": f"{board.GUEST}/{items.name}", "share": share, "shares": shares}
            report = self._ask(f"agree-{share}", agreement.REPLAY, options, items=items)
            return list(report.facts["answers"])

        with ThreadPoolExecutor(shares) as boards:
            return metrics.interleave(list(boards.map(answer, range(shares))))

    def hot(self) -> list[hot.Place]:
        """Return where the instructions go."""
        view, report = self._ask_in("hot", hot.PROBE, {"counter": board.COUNTER}, counting=True, blocks=True)
        with Path(f"{view.root}{board.BLOCKS}").open(encoding="ascii") as blocks:
            return hot.places(blocks, report.facts["stages"], hot.mapped(report.facts["maps"]))

    def _ask(
        self, name: str, probe: str, options: Mapping[str, Any], *, counting: bool = False, items: Path | None = None
    ) -> Report:
        return self._ask_in(name, probe, options, counting=counting, items=items)[1]

    def _ask_in(
        self,
        name: str,
        probe: str,
        options: Mapping[str, Any],
        *,
        counting: bool = False,
        blocks: bool = False,
        items: Path | None = None,
    ) -> tuple[board.View, Report]:
        scratch = self.directory / name
        scratch.mkdir()
        view = board.prepare(scratch, self.made.sysroot, self.profile.board)
        # The board's own number, whatever this computer's stand-ins use: the counter is exact for one thread.
        onboard = replace(bundle.bring(self.job, view), threads=self.profile.board.threads.runtime_threads)
        if items is not None:
            (view.brought / items.name).hardlink_to(items)
        plugin = self.made.plugin if counting else None
        worker = ("-B", "-s", "-P", "-m", "edgesense.perf.worker")
        command = view.command(self.made.emulator, worker, plugin, blocks=blocks)
        message = processes.request(onboard, probe, options)
        return view, processes.ask(command, message, timeout_seconds=self.job.timeout_seconds)


def devices() -> tuple[Emulated, ...]:
    """Return every emulated board of the profiles."""
    return tuple(Emulated(profile) for profile in profiles.emulated())
