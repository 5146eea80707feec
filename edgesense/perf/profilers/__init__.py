"""Tools that explain a broken budget, one a file; each runs later, in a process of its own.

A module here defines ``PROFILERS``, a tuple of `edgesense.perf.interfaces.Profiler`. Packages add theirs with the
entry-point group ``edgesense.profilers``, naming such a module.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A profiled worker imports this package and must not show the imports of the rest in its graph.
    from edgesense.perf.interfaces import Profiler
    from edgesense.perf.records import Attachment, Job

HOST = "host"


@lru_cache(maxsize=1)
def every() -> tuple[Profiler, ...]:
    """Return all profilers, this package's and those of entry points."""
    from importlib.metadata import entry_points

    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    modules += [entry.load() for entry in entry_points(group="edgesense.profilers")]
    return tuple(profiler for module in modules for profiler in getattr(module, "PROFILERS", ()))


def explain(job: Job, limits: Collection[str], directory: Path, *, device: str = HOST) -> list[Attachment]:
    """Profile later runs of a job's workload, the profiler that helps most first.

    A profiler that cannot run leaves a reason in place of a file; nothing is raised.

    Args:
        job: What was measured.
        limits: The limits that were missed.
        directory: Where the files go; made if it is not there.
        device: Whose budget broke.
    """
    from edgesense.perf import measure
    from edgesense.perf.records import Attachment

    attachments: list[Attachment] = []
    for profiler in sorted(every(), key=lambda profiler: profiler.explains.isdisjoint(limits)):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            # It loads this computer as a measurement does, and would spoil one beside it.
            with measure.alone(HOST):
                said = profiler.profile(job, directory, device=device)
            attachments += [said] if said is not None else []
        except Exception as error:  # noqa: BLE001 - an explanation must never change a verdict, whoever wrote the profiler
            attachments.append(Attachment(f"no {profiler.name} profile", None, str(error) or type(error).__name__))
    return attachments
