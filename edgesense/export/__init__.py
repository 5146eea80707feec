"""A pipeline as a project for where no Python runs: one format a file, found by listing this package."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


class Format(Protocol):
    """What each module of this package offers; its name is the format's, as in ``edgesense export NAME``."""

    TITLE: str
    """What is written, in a few words."""
    NEXT: str
    """What to do with it, with the directory as ``{output}``."""

    def write(self, source: Path, output: Path) -> tuple[Path, ...]:
        """Write a pipeline into a directory that is not there yet, all of it or nothing.

        Args:
            source: The pipeline's directory.
            output: Where to.

        Returns:
            The files, in the order in which they are worth reading.

        Raises:
            EdgeSenseError: The pipeline cannot be written in this format; the text says why and what would do.
        """


def names() -> tuple[str, ...]:
    """Every format there is a module for."""
    return tuple(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def find(name: str) -> Format:
    """A format by name.

    Raises:
        SettingsError: There is none; the nearest is named.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"there is no export format {name!r}, only {', '.join(names())}{hint}")
    return cast("Format", importlib.import_module(f"{__name__}.{name}"))
