"""What to do next about a pipeline: reads it, measures where its work goes, tries what is cheap, names the rest.

Each piece of advice is one file in `pieces`, found by listing that package.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from edgesense.advice.case import Case
    from edgesense.advice.records import Advice, Group, Tick


class Piece(Protocol):
    """What a module of `pieces` offers."""

    NAME: str
    """The module's own name; what ``--only`` takes."""
    LOOKS_AT: str
    """What it looks at, in a few words."""
    GROUP: Group
    """The part of the checklist that its box stands in."""
    BOX: str
    """What its box of the checklist asks."""
    SECONDS: float
    """About how long it takes on an emulated board where it tries something; for the time that remains."""

    def consider(self, case: Case) -> Advice | None:
        """Look at a pipeline, try what is cheap, and say what to do; None where there is nothing to say.

        Raises:
            EdgeSenseError: It could not be tried; the text says why.
        """

    def tick(self, case: Case, said: Advice | None) -> Tick:
        """Tell whether the box is ticked, from what was read and measured.

        Args:
            case: The pipeline, after `consider`.
            said: What `consider` returned.
        """


def names() -> tuple[str, ...]:
    """Names of the pieces that are here."""
    from edgesense.advice import pieces

    return tuple(sorted(module.name for module in pkgutil.iter_modules(pieces.__path__)))


def get(name: str) -> Piece:
    """The piece of advice of that name.

    Raises:
        SettingsError: There is none; the nearest name is said.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"unknown advice {name!r}{hint}; known are {', '.join(names())}")
    return cast("Piece", importlib.import_module(f"{__name__}.pieces.{name}"))


def chosen(only: Sequence[str]) -> tuple[Piece, ...]:
    """The pieces that are asked for, all without names.

    Raises:
        SettingsError: As `get`.
    """
    return tuple(get(name) for name in only or names())
