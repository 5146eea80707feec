"""Devices by name: this computer, and every board of the profiles; one kind a file."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import entry_points
from types import ModuleType

from edgesense.errors import BudgetError, SettingsError
from edgesense.perf import profiles
from edgesense.perf.interfaces import Device
from edgesense.perf.project import FILE, Project


@lru_cache(maxsize=1)
def every() -> tuple[Device, ...]:
    """Return all devices: each module here may define ``devices() -> Sequence[Device]``."""
    return tuple(device for module in _kinds().values() if hasattr(module, "devices") for device in module.devices())


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, ModuleType]:
    """Return what is one kind a module: those here, and those that other distributions bring."""
    names = [info.name for info in pkgutil.iter_modules(__path__) if not info.ispkg]
    kinds = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return kinds | {entry.name: entry.load() for entry in entry_points(group="edgesense.devices")}


def declared(project: Project) -> tuple[Device, ...]:
    """Return the devices that a project names under ``[tool.edgesense.devices]``.

    A kind whose devices are named so has ``declare(name, entry, project) -> Device``.

    Raises:
        SettingsError: If one has no kind or an unknown one, the name of another device, or says what cannot be meant.
    """
    able = {name: module for name, module in _kinds().items() if hasattr(module, "declare")}
    taken = {word for device in every() for word in device.names}
    found = []
    for name, entry in project.devices.items():
        where = f"{FILE}: [tool.edgesense.devices.{name}]"
        if entry.get("kind") not in able:
            raise SettingsError(f"{where}: kind = {entry.get('kind')!r}: allowed: {', '.join(sorted(able))}")
        if name in taken:
            raise SettingsError(f"{where}: there is a device {name} already; choose another name")
        try:
            found.append(able[entry["kind"]].declare(name, entry, project))
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from error
    return tuple(found)


def profile(device: Device) -> profiles.Profile | None:
    """Return what is known of a device: the profile that it was declared with, or the one that names it."""
    own = getattr(device, "profile", None)
    return own if isinstance(own, profiles.Profile) else profiles.named(device.name)


def find(name: str, also: Iterable[Device] = ()) -> Device:
    """Return the device that `name` means: its name, an alias or its profile.

    Args:
        name: The word, as in ``--edge-device``.
        also: Devices that a project brings along; they win over the ones known here.

    Raises:
        BudgetError: If there is none; the nearest name is told, or why there can be none.
    """
    known = {word: device for device in (*every(), *also) for word in device.names}
    if name not in known:
        meant = profiles.named(name)
        if meant is not None and meant.refused:
            raise BudgetError(f"there is no device {name}: {meant.refused}")
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        msg = f"unknown device {name!r}: {hint}allowed: {', '.join(sorted(known))}"
        raise BudgetError(msg)
    return known[name]
