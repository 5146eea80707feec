"""The devices that the commands know: EdgeSense's own, and those that the project around this directory names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.perf import devices, project

if TYPE_CHECKING:
    from edgesense.perf.interfaces import Device


def every() -> tuple[Device, ...]:
    """Return all of them.

    Raises:
        SettingsError: If the project says what cannot be meant.
    """
    return (*devices.every(), *devices.declared(project.above(Path.cwd())))


def find(name: str) -> Device:
    """Return the device that a name means.

    Raises:
        BudgetError: If there is none; the nearest name is told.
        SettingsError: As `every`.
    """
    return devices.find(name, devices.declared(project.above(Path.cwd())))
