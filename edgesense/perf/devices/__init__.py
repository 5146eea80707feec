"""Devices by name: this computer, and every board of the profiles; one kind a file."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import entry_points

from edgesense.errors import BudgetError
from edgesense.perf.interfaces import Device


@lru_cache(maxsize=1)
def every() -> tuple[Device, ...]:
    """Return all devices: each module here may define ``devices() -> Sequence[Device]``."""
    modules = [
        importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__) if not info.ispkg
    ]
    modules += [entry.load() for entry in entry_points(group="edgesense.devices")]
    return tuple(device for module in modules if hasattr(module, "devices") for device in module.devices())


def find(name: str, also: Iterable[Device] = ()) -> Device:
    """Return the device that `name` means: its name, an alias or its profile.

    Args:
        name: The word, as in ``--edge-device``.
        also: Devices that a project brings along; they win over the ones known here.

    Raises:
        BudgetError: If there is none; the nearest name is told.
    """
    known = {word: device for device in (*every(), *also) for word in device.names}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        msg = f"unknown device {name!r}: {hint}allowed: {', '.join(sorted(known))}"
        raise BudgetError(msg)
    return known[name]
