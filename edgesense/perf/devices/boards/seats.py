"""A job's files laid out on a board as its project is laid out here; each file travels once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense.errors import PipelineError
from edgesense.perf import layout
from edgesense.perf.devices.boards.setup import Board, send
from edgesense.perf.devices.emulation import bundle
from edgesense.perf.records import Job
from edgesense.perf.worker import loop, source

LEFT_OUT = frozenset({"advice", "cli", "devices", "export", "models", "optimize", "report", "training"})
"""Folders of EdgeSense that nothing on a board imports."""
NEVER = frozenset({"__pycache__"})
ELSEWHERE = "elsewhere"
"""Where a pipeline is put that lies outside of its project."""


@dataclass(frozen=True)
class Package:
    """A package, a module or a folder of data that travels.

    Attributes:
        top: Where it is here.
        place: The folder that it lies in, from the project; None where it lies outside or in an environment.
        files: Name from the folder that `top` lies in -> file.
    """

    top: Path
    place: str | None
    files: Mapping[str, Path]

    @classmethod
    def at(cls, top: Path, project: Path, left_out: frozenset[str] = NEVER) -> Package:
        """Find a package's files; byte code stays here."""
        files = {}
        for folder, folders, names in os.walk(top, followlinks=True):
            folders[:] = sorted(name for name in folders if name not in left_out)
            for path in (Path(folder, name) for name in sorted(names)):
                if path.suffix not in {".pyc", ".pyo"}:
                    files[path.relative_to(top.parent).as_posix()] = path
        return cls(top, _inside(top.parent, project), files or {top.name: top})


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's files.

    Attributes:
        workload: Its name as the board is told of it, from the project or as the job has it.
        files: Name from the project -> file.
    """

    workload: str
    files: Mapping[str, Path]


def take(board: Board, job: Job, options: Mapping[str, Any], *, fresh: bool) -> tuple[Job, dict[str, Any]]:
    """Lay a job out on a board.

    Args:
        board: Where.
        job: What runs.
        options: A probe's or a session's; a file of this computer that they name is called otherwise there.
        fresh: Whether the pipeline's files are copied anew, so that where they lie in memory is left to chance.

    Returns:
        The job and the options as the board sees them.

    Raises:
        PipelineError: If the pipeline is not there, or a factory's project does not say what travels.
    """
    project = layout.project_of(job)
    home = Path(job.home) if job.home else Path(__file__).parents[4]
    own = Package.at(home / "edgesense", project, LEFT_OUT | NEVER)
    packages, pipeline = [own], Pipeline(job.workload, {})
    if loop.is_factory(job.workload, job.root):
        packages += [Package.at(bundle.located(name, job), project) for name in bundle.shipped(job)]
    else:
        pipeline = find(job, project)
    digests = send(board.link, [*(path for one in packages for path in one.files.values()), *pipeline.files.values()])
    inside, beside = {}, {}
    for one in packages:
        named = {name: digests[path] for name, path in one.files.items()}
        tree = board.link.request("tree", name=f"code-{_digest(named)}", files=named)["place"]
        where = f"{tree}/{one.top.name}"
        if one.place is None:
            beside[one.top.name] = where
        else:
            inside[str(Path(one.place, one.top.name))] = where
    files = {name: digests[path] for name, path in pipeline.files.items()}
    seat = board.link.request("seat", files=files, copied=fresh, inside=inside, beside=beside)
    there = Path(seat["project"])
    imported = (_inside(Path(entry), project) for entry in job.sys_path)
    onboard = replace(
        job,
        workload=pipeline.workload,
        root=there / (_inside(job.root, project) or ""),
        sys_path=(*(str(there / entry) for entry in imported if entry is not None), seat["beside"]),
        home=seat["beside"] if own.place is None else str(there / own.place),
        project=None if job.project is None else there,
        ship=(),
    )
    return onboard, {name: _named_there(value, seat["scratch"]) for name, value in options.items()}


def find(job: Job, project: Path) -> Pipeline:
    """Return the files of a job's pipeline, and of the one its accuracy is compared with.

    Raises:
        PipelineError: If there are none.
    """
    top = Path(os.path.normpath(job.root.absolute() / job.workload))
    if not top.exists():
        raise PipelineError(f"there is no pipeline {top}")
    base, prefix, workload = project, "", job.workload
    if _inside(top, project) is None:
        base, prefix = top.parent, f"{ELSEWHERE}/"
        depth = Path(_inside(job.root, project) or ".").parts
        workload = str(Path(*[".."] * len(depth), ELSEWHERE, top.name))
    elif Path(job.workload).is_absolute():
        workload = os.path.relpath(top, job.root.absolute())
    tops = [top, *([found] if "acc_drop" in job.metrics and (found := _reference(top)) else [])]
    files = {}
    for one in tops:
        for path in (path for path in one.rglob("*") if path.is_file()) if one.is_dir() else (one,):
            if not path.name.startswith(".") and path.is_relative_to(base):
                files[f"{prefix}{path.relative_to(base).as_posix()}"] = path
    return Pipeline(workload, files)


def _reference(pipeline: Path) -> Path | None:
    """Return the directory that a pipeline names as the one its accuracy is compared with."""
    try:
        named = json.loads((pipeline / "pipeline.json").read_text(encoding="utf-8")).get("reference")
    except (OSError, ValueError, AttributeError):
        return None
    reference = Path(os.path.normpath(pipeline / named)) if isinstance(named, str) else None
    return reference if reference is not None and reference.is_dir() else None


def _inside(path: Path, project: Path) -> str | None:
    """Return a path from the project, None where it lies outside or in an environment."""
    if source.is_installed(path):
        return None
    inside = source.below(path.absolute(), project)
    return None if inside is None else inside.as_posix()


def _named_there(value: Any, scratch: str) -> Any:
    """Return an option as the board is told of it: a path of this computer is another one there, the same each time."""
    if not (isinstance(value, str) and Path(value).is_absolute()):
        return value
    return f"{scratch}/{hashlib.sha256(value.encode()).hexdigest()[:8]}-{Path(value).name}"


def _digest(files: Mapping[str, str]) -> str:
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
