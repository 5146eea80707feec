"""Which files of a project stand behind a measurement: the code that was imported, the artefacts that were read."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
SITES = frozenset({"site-packages", "dist-packages"})
LAYOUTS = (".", "src", "lib", "python")
"""Folders of a project that its packages lie in."""


def imported(project: Path) -> dict[str, Any]:
    """Return the identity of the code below `project` that this process has imported.

    What is installed into an environment that lies in the project is not the project's own. But where the project holds
    a package of the same name, an environment has a copy of it, and no other version of the project's would be run.

    Args:
        project: The directory; modules may have been found under this name or under the one that its links lead to.

    Returns:
        ``digest`` of the modules' paths from `project` and their contents, "" where none was imported from there, the
        paths as ``modules``, and as ``installed`` the project's packages that an environment's copy was imported of.
    """
    found = {}
    elsewhere = set()
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if not isinstance(name, str):
            continue
        if is_installed(Path(name)):
            if SITES & set(Path(name).parts):
                elsewhere.add(str(module.__name__).partition(".")[0])
            continue
        inside = below(Path(name), project)
        if inside is not None:
            found[inside.as_posix()] = digest(Path(name))
    copies = sorted(name for name in elsewhere if _is_package_of(project, name))
    if not found:
        return {"digest": "", "modules": [], "installed": copies}
    lines = "".join(f"{name} {one}\n" for name, one in sorted(found.items()))
    return {"digest": hashlib.sha256(lines.encode()).hexdigest(), "modules": sorted(found), "installed": copies}


def _is_package_of(project: Path, name: str) -> bool:
    places = (project / folder for folder in LAYOUTS)
    return any((place / name / "__init__.py").is_file() or (place / f"{name}.py").is_file() for place in places)


def files(workload: Any, place: Path, project: Path) -> dict[str, str]:
    """Return what a workload needs to be opened again: path from `project` -> SHA-256.

    A pipeline directory is all of its files but the hidden ones, since settings and labels count as much as the model;
    anything else is what ships. Files outside of `project` are left out.
    """
    visible = (path for path in place.rglob("*") if path.is_file() and not path.name.startswith("."))
    paths = visible if place.is_dir() else workload.artifacts()
    here = ((below(Path(path).absolute(), project), Path(path)) for path in paths)
    return dict(sorted((inside.as_posix(), digest(path)) for inside, path in here if inside is not None))


def below(path: Path, project: Path) -> Path | None:
    """Return a path from `project`, as it is written or as its links lead; None where it lies outside."""
    for start in (project, project.resolve()):
        if path.is_relative_to(start):
            return path.relative_to(start)
    return None


def is_installed(path: Path) -> bool:
    """Whether a module's file or a place it is imported from belongs to an environment, and not to a project."""
    return bool(SITES & set(path.parts)) or path.is_relative_to(Path(os.__file__).parent)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, "unreadable" where it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
    except OSError:
        return "unreadable"
    return found.hexdigest()
