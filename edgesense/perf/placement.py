"""Where an arm's files lie in memory: anew for each pair, so that a lucky place is not taken for a faster pipeline.

Processes that open one file share its pages, so that where a model lies stays as it is for as long as its file does,
and where it lies moves the time of a call. Two equal copies of a 2.2 MB model, written once, differed by up to 3 % in
pair after pair; written anew for each pair, by what two runs of one file differ.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgesense.perf import layout, origins
from edgesense.perf.interfaces import PairingDevice
from edgesense.perf.records import Job
from edgesense.perf.worker import loop, source


def files(device: PairingDevice, job: Job, series: Sequence[str]) -> tuple[str, ...]:
    """Return the files that a job's workload is opened from, as paths from its project; none where nobody knows.

    Args:
        device: Where it runs; a factory is asked there.
        job: Whose workload.
        series: What is going to be timed.

    Raises:
        WorkerFailed: If a factory's worker crashed, hung or was killed.
        EdgeSenseError: What a factory refused.
    """
    project = layout.project_of(job)
    if loop.is_factory(job.workload, job.root):
        said = origins.ask(device, _with_project(job, project), series)
        if said.origin is None or not said.origin.files:
            return ()
        # Its modules as well: one that looks for its files beside itself finds those that are written with it.
        return (*said.origin.files, *(name for name in said.code if name not in said.origin.files))
    place = Path(os.path.normpath(job.root.absolute() / job.workload))
    return tuple(str(path.relative_to(project)) for path in _below(place) if path.is_relative_to(project))


def anew(job: Job, names: Sequence[str], directory: Path, seat: str) -> Job:
    """Return a job that runs on fresh copies of its files.

    Args:
        job: What runs.
        names: The files, as `files` returned them; with none the job stays as it is.
        directory: Where copies and links are made; it must stay while the job runs.
        seat: The link's name there, equally long for both arms.
    """
    if not names:
        return job
    project = layout.project_of(job)
    place = layout.overlaid(project, {name: project / name for name in names}, directory / f"{seat}-files")
    return layout.seated(job, directory / seat, place)


def own(job: Job, names: Sequence[str]) -> tuple[str, ...]:
    """Return the files of a job that `anew` has laid out, as paths from its root: its worker may write them again."""
    project = layout.project_of(job)
    return tuple(os.path.relpath(project / name, job.root.absolute()) for name in names)


def content(job: Job) -> str:
    """Return the digest of what a job's workload is opened from; "" for a factory, of which nobody knows that."""
    place = job.root / job.workload
    if loop.is_factory(job.workload, job.root):
        return ""
    lines = [f"{path.relative_to(place.parent).as_posix()} {source.digest(path)}\n" for path in _below(place)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _below(place: Path) -> list[Path]:
    """Return a file, or the files of a directory, in order."""
    paths = sorted(place.rglob("*")) if place.is_dir() else [place]
    return [path for path in paths if path.is_file()]


def _with_project(job: Job, project: Path) -> Job:
    return job if job.project is not None else replace(job, project=project)
