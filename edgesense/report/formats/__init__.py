"""What a run's results can be written as, one format a file.

A module here defines ``NAME``, ``ABOUT`` (a line that says who reads it), ``SUFFIX`` and
``render(run: RunRecord, *, root: Path) -> str``; where it needs what may not be installed, ``need()`` refuses with a
`SettingsError` before anything runs. Packages add theirs with the entry-point group ``edgesense.formats``,
naming such a module.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import lru_cache
from pathlib import Path
from typing import Protocol, cast

from edgesense.errors import SettingsError
from edgesense.report.records import RunRecord

GROUP = "edgesense.formats"


class Format(Protocol):
    """A way to write a run's results."""

    NAME: str
    ABOUT: str
    SUFFIX: str

    def render(self, run: RunRecord, *, root: Path) -> str:
        """Return the file's text.

        Args:
            run: What is written.
            root: The project's root, that paths in `run` start from; it need not be there any more.
        """


@lru_cache(maxsize=1)
def every() -> dict[str, Format]:
    """Return all formats by name, this package's and those of entry points."""
    from importlib.metadata import entry_points

    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    modules += [entry.load() for entry in entry_points(group=GROUP)]
    return {module.NAME: cast("Format", module) for module in modules if hasattr(module, "NAME")}


def usable(name: str) -> Format:
    """Return a format by its name, once it is sure that it can be written here.

    Raises:
        SettingsError: If there is none, or something that it needs is not installed.
    """
    form = find(name)
    need = getattr(form, "need", None)
    if need is not None:
        need()
    return form


def find(name: str) -> Format:
    """Return a format by its name.

    Raises:
        SettingsError: If there is none; the nearest is named.
    """
    known = every()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    msg = f"no format {name!r}: {hint}there are {', '.join(sorted(known))}"
    raise SettingsError(msg)
