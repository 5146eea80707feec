"""Boards that are not here: instructions counted under qemu-user, time predicted, the rest from this computer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgesense import delegation
from edgesense.errors import DeviceUnavailable, SettingsError
from edgesense.perf.devices import host
from edgesense.perf.devices.emulation import fetch, hot, profiles, setup, sysroot
from edgesense.perf.devices.emulation.run import COUNTED, EMULATED, LABELLED, Run
from edgesense.perf.records import Job, Known, Measurement, Missing

ON_HOST = {
    "size_kb": Known.EXACT,
    "acc": Known.STAND_IN,
    "acc_drop": Known.STAND_IN,
    "rss_mb": Known.STAND_IN,
}


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
        return ON_HOST | dict.fromkeys(EMULATED, Known.PREDICTED) | {COUNTED: Known.COUNTED}

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """Counts come with every time, since the time is made of them and they are what is compared."""
        return (COUNTED,) if any(name in EMULATED for name in metrics if name != COUNTED) else ()

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
            missing |= {name: absent for name in job.metrics if name in EMULATED}
            if any(name in readings for name in LABELLED):
                notes.append(f"agreement with the emulated board not checked: {absent.reason}")
        else:
            run = Run(self.profile, made, job, directory)
            if any(name in EMULATED for name in job.metrics):
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
        return Run(self.profile, setup.ready(), job, directory).hot()

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
        return {
            "board": self.profile.name,
            "board_cpu": self.profile.board.fingerprint,
            "sysroot": found.digest if found else "none",
        }


def devices() -> tuple[Emulated, ...]:
    """Return every emulated board of the profiles."""
    return tuple(Emulated(profile) for profile in profiles.emulated())
