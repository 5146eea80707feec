"""The emulated part of one job: what is counted and predicted, whether the board agrees, where its instructions go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from edgesense.errors import NotMeasured
from edgesense.perf import energy, metrics, processes, progress, project, units
from edgesense.perf.devices.emulation import agreement, board, bundle, calibrations, hot, prediction, profiles, setup
from edgesense.perf.records import Job, Known, Missing, Reading, Report

COUNTED = "instructions_m"
PREDICTED = {"latency_ms": "", "features_ms": "features", "inference_ms": "inference"}
EMULATED = (COUNTED, *PREDICTED, *energy.LIMITS)
"""What is told by running the job under emulation."""

LABELLED = ("acc", "acc_drop")
WORKER = ("-B", "-s", "-P", "-m", "edgesense.perf.worker")


@dataclass(frozen=True)
class Run:
    """The emulated part of one job.

    Attributes:
        profile: Which board.
        made: What it is emulated with.
        job: What runs.
        directory: Of this run alone; what a step needs gets a folder of its own there.
    """

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
            return {}, {name: Missing(reason) for name in self.job.metrics if name in EMULATED}, Report()
        progress.tell(f"{COUNTED}, emulated")
        _, report = self._count("count", metric.probe)
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
        view, onboard = self._bring("agree")
        (view.brought / items.name).hardlink_to(items)
        shares = processes.at_once(onboard.threads)
        options = {"items": f"{board.GUEST}/{items.name}", "shares": shares}
        parts = [options | {"share": share} for share in range(shares)]
        messages = [processes.request(onboard, agreement.REPLAY, part) for part in parts]
        command = view.command(self.made.emulator, WORKER)
        reports = processes.ask_together(command, messages, timeout_seconds=self.job.timeout_seconds)
        return metrics.interleave([report.facts["answers"] for report in reports])

    def hot(self) -> list[hot.Place]:
        """Return where the instructions go."""
        view, report = self._count("hot", hot.PROBE, blocks=True)
        with Path(f"{view.root}{board.BLOCKS}").open(encoding="ascii") as blocks:
            return hot.places(blocks, report.facts["stages"], hot.mapped(report.facts["maps"]))

    def _count(self, name: str, probe: str, *, blocks: bool = False) -> tuple[board.View, Report]:
        """Run a probe under the counter, which is exact for one thread."""
        view, onboard = self._bring(name)
        command = view.command(self.made.emulator, WORKER, self.made.plugin, blocks=blocks)
        message = processes.request(onboard, probe, {"counter": board.COUNTER})
        return view, processes.ask(command, message, timeout_seconds=self.job.timeout_seconds)

    def _bring(self, name: str) -> tuple[board.View, Job]:
        """Return a root directory with the job in it, and the job as the board sees it."""
        scratch = self.directory / name
        scratch.mkdir()
        view = board.prepare(scratch, self.made.sysroot, self.profile.board)
        # The board's own number, whatever this computer's stand-ins use.
        return view, replace(bundle.bring(self.job, view), threads=self.profile.board.threads.runtime_threads)
