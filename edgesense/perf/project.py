"""What a project says of itself: ``[tool.edgesense]`` in its pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgesense.errors import SettingsError

FILE = "pyproject.toml"
SECTION = "[tool.edgesense]"
TABLES = ("devices", "profiles")


@dataclass(frozen=True)
class Project:
    """A project's own settings.

    Attributes:
        root: The directory that relative names start from.
        ship: Packages, modules and folders that travel to a device for a factory.
        devices: Name -> what is said of a device, unread; its ``kind`` knows what is allowed.
        profiles: Name -> a board's profile, unread.
    """

    root: Path
    ship: tuple[str, ...] = ()
    devices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read(root: Path) -> Project:
    """Return what a project's pyproject.toml says; nothing where there is none.

    Raises:
        SettingsError: If it cannot be read, or says what cannot be meant.
    """
    try:
        section = tomllib.loads((root / FILE).read_text(encoding="utf-8")).get("tool", {}).get("edgesense", {})
    except FileNotFoundError:
        return Project(root)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{FILE} cannot be read: {error}") from error
    names = section.get("ship", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SettingsError(f"{FILE}: ship = {names!r} in {SECTION}: a list of packages, modules and folders is wanted")
    for key in TABLES:
        table = section.get(key, {})
        if not isinstance(table, dict) or not all(isinstance(entry, dict) for entry in table.values()):
            wanted = f"[tool.edgesense.{key}.NAME]"
            raise SettingsError(f"{FILE}: {key} in {SECTION} is to be one table a name: {wanted}")
    return Project(root, tuple(names), section.get("devices", {}), section.get("profiles", {}))


def above(folder: Path) -> Project:
    """Return the project that a folder belongs to: the nearest folder upward that has a pyproject.toml.

    Raises:
        SettingsError: As `read`.
    """
    found = next((one for one in (folder, *folder.parents) if (one / FILE).is_file()), folder)
    return read(found)
