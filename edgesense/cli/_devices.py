"""The devices that the commands know: EdgeSense's own, and those that the project around this directory names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.perf import devices, profiles, project

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


def profile(word: str) -> profiles.Profile | None:
    """Return the profile that a word means: a project's own, a shipped one, or a device's; None for one without.

    Raises:
        BudgetError: If there is neither such a profile nor such a device; the nearest name is told.
        SettingsError: As `every`.
    """
    found = profiles.named(word, project.above(Path.cwd()).profiles)
    return devices.profile(find(word)) if found is None else found
