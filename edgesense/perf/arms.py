"""What is measured beside a candidate: the baseline's pipeline, with the code of the commit that stored it.

Nothing of this is believed because git says so: the arm is asked what it has imported and opened, and only what is
equal to what the baseline was made of counts as its code and its files.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgesense.errors import EdgeSenseError, MeasurementError, NotMeasured
from edgesense.perf import history, layout, origins, trees
from edgesense.perf.interfaces import PairingDevice
from edgesense.perf.kept import Kept, Lost
from edgesense.perf.pairs import Arms
from edgesense.perf.records import Baseline, Job, Origin
from edgesense.perf.worker import loop

STORED = "its stored pipeline"
SESSIONS = Path("edgesense", "perf", "worker", "session.py")
DELEGATES = Path("edgesense", "delegation.py")
DEAD = "the baseline's pipeline does not run any more"


def find(
    device: PairingDevice,
    job: Job,
    baseline: Baseline | None,
    record: Path,
    directory: Path,
    *,
    against: str | None = None,
    series: Sequence[str] = ("calls",),
) -> Arms:
    """Return the two jobs to compare; their paths and environments are equally long.

    Args:
        device: Where they run.
        job: The candidate.
        baseline: What it is compared with; not needed for `against`.
        record: The baseline's file.
        directory: For links to both arms; it must stay while they run.
        against: A commit, branch or tag to compare with instead of the baseline.
        series: What will be timed.

    Raises:
        NotMeasured: If nothing can run beside the candidate, with the reason.
        EdgeSenseError: What the candidate itself refuses.
    """
    cores = len(os.sched_getaffinity(0))
    if 1 < job.threads >= cores:
        msg = f"the gate is blind with as many threads as cores: {job.threads} threads, {cores} cores"
        raise NotMeasured(msg)
    search = _Search(device, job, record, directory, series)
    if against is not None:
        return search.at(against)
    if baseline is None:
        msg = "no baseline"
        raise NotMeasured(msg)
    if baseline.origin is None:
        msg = "the baseline names no pipeline, an earlier release wrote it: store it anew, pytest --update-baselines"
        raise NotMeasured(msg)
    return search.stored(baseline.origin)


class _Search:
    """One search for the baseline arm of a candidate."""

    def __init__(self, device: PairingDevice, job: Job, record: Path, directory: Path, series: Sequence[str]) -> None:
        self._device = device
        self._job = job
        self._record = record
        self._directory = directory
        self._series = series
        self._project = layout.project_of(job)
        self._top = history.top(self._project)
        self._kept = Kept(self._project, self._top, record.parent.parent)
        self._candidate = layout.seated(job, directory / layout.CANDIDATE, self._project)

    def stored(self, origin: Origin) -> Arms:
        """Return the arms for a stored baseline."""
        if not origin.files and not loop.is_factory(origin.pipeline, self._job.root):
            msg = f"{origin.pipeline} lies outside of the project, so that the baseline's files are not kept"
            raise NotMeasured(msg)
        try:
            return self._with_its_code(origin)
        except Lost:
            raise
        except (MeasurementError, OSError) as error:
            return self._with_todays_code(origin, str(error))

    def at(self, ref: str) -> Arms:
        """Return the arms for the pipeline as a commit has it."""
        if self._top is None:
            msg = f"{ref} cannot be found: the project is in no git repository"
            raise NotMeasured(msg)
        try:
            commit = history.resolve(self._top, ref)
            tree = self._tree(self._top, commit)
            self._kept = replace(self._kept, tree=tree)
            arm = self._arm(tree, self._job.workload, self._files_at(tree, ref, commit))
        except (EdgeSenseError, OSError) as error:
            raise NotMeasured(str(error)) from error
        _refuse_old_worker(arm, ref)
        # Asked about the working tree: what it imports from there is not the commit's.
        said = self._asked(replace(arm, project=self._project), f"the pipeline of {ref} does not run any more")
        uncovered = f"some of its code is imported from the working tree, not from {ref}" if said.source else ""
        if said.installed:
            uncovered = _copied(said)
            if loop.is_factory(arm.workload, self._job.root):
                msg = f"a factory can only be compared with its code of {ref}: {uncovered}"
                raise NotMeasured(msg)
        name = f"commit {history.short(commit)}" if commit.startswith(ref) else f"{ref} ({history.short(commit)})"
        return Arms(arm, self._candidate, name, uncovered)

    def _with_its_code(self, origin: Origin) -> Arms:
        commit, top = self._commit()
        at = f"commit {history.short(commit)}"
        tree = self._tree(top, commit)
        self._kept = replace(self._kept, tree=tree)
        arm = self._arm(tree, origin.pipeline, self._kept.replaced(tree, origin.files))
        _refuse_old_worker(arm, at)
        said = self._asked(arm, f"its code of {at} does not run", own=False)
        if said.installed:
            raise NotMeasured(_copied(said))
        if said.source != origin.source:
            raise NotMeasured(_other_code(top, commit, said))
        _refuse_other_files(origin, said)
        return Arms(arm, self._candidate, at)

    def _with_todays_code(self, origin: Origin, why: str) -> Arms:
        try:
            replaced = self._kept.replaced(self._project, origin.files)
        except Lost as error:
            msg = f"{error} ({why})"
            raise NotMeasured(msg) from error
        arm = self._arm(self._project, origin.pipeline, replaced)
        said = self._asked(arm, DEAD)
        _refuse_other_files(origin, said)
        if said.source == origin.source and not said.installed:
            return Arms(arm, self._candidate, STORED)
        if loop.is_factory(origin.pipeline, self._job.root):
            msg = f"a factory can only be compared with its code of then: {why}"
            raise NotMeasured(msg)
        return Arms(arm, self._candidate, STORED, uncovered=why)

    def _commit(self) -> tuple[str, Path]:
        """Return the commit that stored the baseline, and the repository's top."""
        name, top = self._record.name, self._top
        if top is None:
            msg = "the project is in no git repository"
            raise NotMeasured(msg)
        commit = None if history.is_modified(top, self._record) else history.last_change(top, self._record)
        if commit is None:
            msg = f"{name} is not committed as it is now"
            raise NotMeasured(msg)
        if history.is_cut(top, commit):
            msg = f"the clone is shallow and ends at {history.short(commit)}: {history.WHOLE}"
            raise NotMeasured(msg)
        return commit, top

    def _tree(self, top: Path, commit: str) -> Path:
        return trees.exported(top, commit) / self._project.relative_to(top)

    def _arm(self, base: Path, workload: str, files: Mapping[str, Path]) -> Job:
        if files:
            base = layout.overlaid(base, files, Path(tempfile.mkdtemp(dir=self._directory)) / "files")
        return layout.seated(replace(self._job, workload=workload), self._directory / layout.BASELINE, base)

    def _files_at(self, tree: Path, ref: str, commit: str) -> dict[str, Path]:
        """Return where the files of a commit's pipeline are if not all are in its tree; refuse one that never was."""
        workload = self._job.workload
        factory = loop.is_factory(workload, self._job.root)
        place = None if factory else layout.place_of(self._job, workload)
        if place is None and not factory:
            msg = f"{workload} lies outside of the project, and so outside of {ref}"
            raise NotMeasured(msg)
        wanted = self._kept.at(tree, commit, workload, place, self._record)
        if place is not None and not wanted and not (tree / place).exists():
            msg = f"{ref} has no {workload}"
            raise NotMeasured(msg)
        return self._kept.replaced(tree, wanted)

    def _asked(self, arm: Job, problem: str, *, own: bool = True) -> Origin:
        """Return what an arm is made of.

        Args:
            arm: What is asked.
            problem: What it means that it does not answer.
            own: Whether that may be the candidate's own fault, which is then raised as it is.
        """
        try:
            return origins.ask(self._device, arm, self._series).origin or Origin(arm.workload)
        except (EdgeSenseError, OSError) as error:
            if own:
                origins.ask(self._device, self._candidate, self._series)
            msg = f"{problem}: {brief(error)}"
            raise NotMeasured(msg) from error


def brief(error: BaseException) -> str:
    """Return an error as one line: its first, and the last that its process printed."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[0] if len(lines) == 1 else f"{lines[0].removesuffix(':')} ({lines[-1]})"


def _refuse_old_worker(arm: Job, at: str) -> None:
    """Refuse an arm whose own measuring code is older than what it is asked for.

    Without sessions it would wait for the end of its input; a delegate that it does not know it would pass over.
    """
    if arm.home is None:
        return
    if not (Path(arm.home) / SESSIONS).exists():
        msg = f"the measuring code of {at} is too old to run beside another's"
        raise NotMeasured(msg)
    if arm.delegate is not None and not (Path(arm.home) / DELEGATES).exists():
        msg = f"the measuring code of {at} is too old to know delegates, and {arm.delegate} is asked for"
        raise NotMeasured(msg)


def _refuse_other_files(origin: Origin, said: Origin) -> None:
    others = sorted(name for name, sha256 in origin.files.items() if said.files.get(name) != sha256)
    if others:
        msg = f"the baseline's pipeline is not opened from its own {others[0]}"
        raise NotMeasured(msg)


def _copied(said: Origin) -> str:
    """Why no other version of the code would be run."""
    names = ", ".join(said.installed)
    return f"{names} is imported from an installed copy, which is today's in both arms: pip install --editable ."


def _other_code(top: Path, commit: str, said: Origin) -> str:
    at = f"commit {history.short(commit)}"
    if not said.source:
        return f"its code is not imported from the files of {at} (installed, or found by an import hook)"
    lacking = history.submodules(top, commit)
    if lacking:
        return f"the code of {at} is not all that the baseline was made with (submodules are left out: {lacking[0]})"
    return f"the code of {at} is not what the baseline was made with"
