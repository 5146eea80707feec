"""Passes from a trained tf-keras model to a TFLite file, one a file; `convert` runs them out of the way."""

from __future__ import annotations

import difflib
import pkgutil
from typing import TYPE_CHECKING

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOT_PASSES = frozenset({"child", "convert"})


def names() -> tuple[str, ...]:
    """Names of the passes that are here."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if name not in _NOT_PASSES))


def check(wanted: Iterable[str]) -> None:
    """Refuse a pass that is not here.

    Raises:
        SettingsError: There is no such pass; the nearest name is said.
    """
    for name in wanted:
        if name not in names():
            near = difflib.get_close_matches(name, names(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"unknown pass {name!r}, known are {', '.join(names())}{hint}")
