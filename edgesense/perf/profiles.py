"""What is known of each board, with the source of every value: `profiles.toml`, and a project's own."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from edgesense.errors import SettingsError
from edgesense.perf.threads import ThreadEnvironment

FILE = Path(__file__).parent / "devices" / "profiles.toml"
RUNTIME_THREADS = "runtime_threads"
CELL = frozenset({"value", "source"})


@dataclass(frozen=True)
class Profile:
    """One board.

    Attributes:
        name: The profile's name.
        entry: All that is said of it. A value is plain, or a table of ``value`` and ``source``.
    """

    name: str
    entry: Mapping[str, Any]

    def get(self, key: str, otherwise: Any = None) -> Any:
        """Return a value, its source left out."""
        found = self.entry.get(key, otherwise)
        return found["value"] if isinstance(found, dict) and found.keys() == CELL else found

    def value(self, key: str) -> Any:
        """Return a value that has to be there.

        Raises:
            SettingsError: If it is not.
        """
        found = self.get(key)
        if found is None:
            raise SettingsError(f"the profile {self.name} does not say {key}")
        return found

    @property
    def kind(self) -> str:
        """The kind of device that answers for it without a declaration of its own; "" for none."""
        return str(self.get("kind", ""))

    @property
    def title(self) -> str:
        """For people."""
        return str(self.get("title", self.name))

    @property
    def device(self) -> str:
        """The device's name, as in ``--edge-device``."""
        return str(self.get("device", self.name))

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other words for the device."""
        return tuple(self.get("aliases", ()))

    @property
    def names(self) -> frozenset[str]:
        """Every word that means it."""
        return frozenset({self.name, self.device, *self.aliases})

    @property
    def refused(self) -> str:
        """Why there is no device of it; "" where there is, or could be one."""
        return str(self.get("refused", ""))

    def range(self, key: str) -> tuple[float, float, float] | None:
        """Return a value as (low, typical, high); None where the profile does not say it.

        Raises:
            SettingsError: If it is neither one positive number nor three in order.
        """
        said = self.get(key)
        if said is None:
            return None
        given = said if isinstance(said, list) else [said] * 3
        plain = all(isinstance(one, int | float) and not isinstance(one, bool) for one in given)
        if not plain or len(given) != 3 or not 0 < given[0] <= given[1] <= given[2] < math.inf:
            wanted = "one positive number, or [low, typical, high], is wanted"
            raise SettingsError(f"the profile {self.name} says {key} = {said!r}; {wanted}")
        low, typical, high = (float(one) for one in given)
        return low, typical, high

    @property
    def threads(self) -> ThreadEnvironment | None:
        """What the board's processes are told of threads; None where the profile does not say."""
        said = self.entry.get("thread_environment")
        if said is None:
            return None
        values = {name: cell["value"] for name, cell in said.items()}
        return ThreadEnvironment(values.pop(RUNTIME_THREADS), tuple(values.items()))


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Profile]:
    """Return the profiles that come with EdgeSense, by name."""
    entries = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: Profile(name, entry) for name, entry in entries.items()}


def named(word: str, own: Mapping[str, Mapping[str, Any]] | None = None) -> Profile | None:
    """Return the profile that a word means: its name, its device's or an alias; a project's own win. None for none."""
    entries = {key: Profile(key, entry) for key, entry in (own or {}).items()}
    return next((one for one in (*entries.values(), *shipped().values()) if word in one.names), None)


def find(name: str, own: Mapping[str, Mapping[str, Any]] | None = None) -> Profile:
    """Return a profile by its name.

    Args:
        name: The profile.
        own: Those that a project brings along; they win.

    Raises:
        SettingsError: If there is none; the nearest name is told.
    """
    known = {**shipped(), **{key: Profile(key, entry) for key, entry in (own or {}).items()}}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise SettingsError(f"unknown profile {name!r}: {hint}known are {', '.join(sorted(known))}")
    return known[name]
