"""What travels to the board: EdgeSense itself, the pipeline's files, and the packages a project ships."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from edgesense.errors import PipelineError
from edgesense.perf.devices.emulation import lock
from edgesense.perf.devices.emulation.board import GUEST, View, bring_package
from edgesense.perf.records import Job

PIPELINE = "pipeline"
MODEL = "model.tflite"
NO_ANSWERS = frozenset({"advice", "cli", "models", "optimize", "perf", "training"})


def bring(job: Job, view: View) -> Job:
    """Copy what a job needs into a view, and return the job as the board sees it.

    Every name on the board is the same for every project, so that its length changes no count.

    Raises:
        PipelineError: If the pipeline is a factory and the project does not say what travels.
    """
    import edgesense

    bring_package(view, Path(edgesense.__file__).parent)
    onboard = replace(job, root=Path("/"), sys_path=(), ship=(), project=None)
    source = job.root / job.workload
    if ":" in job.workload and not source.exists():
        for name in shipped(job):
            bring_package(view, located(name, job), Path(name).parent)
        return onboard
    if source.is_dir():
        shutil.copytree(source, view.brought / "job" / PIPELINE)
        return replace(onboard, workload=f"{GUEST.lstrip('/')}/job/{PIPELINE}")
    if not source.is_file():
        raise PipelineError(f"there is no pipeline {source}")
    shutil.copy(source, view.brought / "job" / MODEL)
    return replace(onboard, workload=f"{GUEST.lstrip('/')}/job/{MODEL}")


def shipped(job: Job) -> tuple[str, ...]:
    """Return the packages, modules and folders that travel for a factory.

    Raises:
        PipelineError: If there are none, or the factory's own is not among them.
    """
    package = job.workload.partition(":")[0].partition(".")[0]
    if package != "edgesense" and (package,) not in {Path(name).parts[:1] for name in job.ship}:
        raise PipelineError(
            f"the factory {job.workload} cannot run on a board: the project does not say what travels; "
            f'put ship = ["{package}"] under [tool.edgesense] in pyproject.toml'
        )
    return job.ship


def located(name: str, job: Job) -> Path:
    """Return where what travels is on this computer: a package, a module, or a folder of data beside them.

    Args:
        name: As the project has it: "mypkg", or what lies deeper, "models/mine", and will lie as deep on a board.
        job: Whose root, and for the former whose path, it is looked for in.

    Raises:
        PipelineError: If it is not found.
    """
    parts = Path(name).parts
    if parts and ".." not in parts and not Path(name).is_absolute():
        for folder in (str(job.root), *(job.sys_path if len(parts) == 1 else ())):
            for candidate in (Path(folder, name), Path(folder, f"{name}.py")):
                if candidate.exists():
                    return candidate
    raise PipelineError(f"[tool.edgesense] ship names {name!r}, which is neither under {job.root} nor importable")


def digest(job: Job) -> str:
    """Return the identity of a job's files and of the code of EdgeSense that answers with them.

    Names and contents count, not times; what only measures or trains does not count.
    """
    import edgesense

    source = job.root / job.workload
    factory = ":" in job.workload and not source.exists()
    sources = [located(name, job) for name in shipped(job)] if factory else [source]
    content = hashlib.sha256()
    own = Path(edgesense.__file__).parent
    for top in (own, *sources):
        files = sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
        for path in files:
            below = path.relative_to(top).parts or (path.name,)
            if "__pycache__" not in below and (top is not own or below[0] not in NO_ANSWERS):
                content.update(f"{path.relative_to(top.parent)}\n{lock.sha256(path)}\n".encode())
    return content.hexdigest()
