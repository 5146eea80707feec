"""Read `profiles.toml`: what is known of each board, with the source of every value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from edgesense.perf.devices.emulation.board import Board
from edgesense.perf.devices.emulation.identity import Identity
from edgesense.perf.threads import ThreadEnvironment

RUNTIME_THREADS = "runtime_threads"
FILE = Path(__file__).parent.with_name("profiles.toml")


@dataclass(frozen=True)
class Profile:
    """One board.

    Attributes:
        name: The profile's name.
        device: The device's name, as in ``--edge-device``.
        aliases: Other words for it.
        title: For people.
        cpu: The core's name.
        core: The core's key in the fit of cycles per instruction.
        clock_hz: Lowest, typical and highest clock under load.
        board: What emulates it.
    """

    name: str
    device: str
    aliases: tuple[str, ...]
    title: str
    cpu: str
    core: str
    clock_hz: tuple[float, float, float]
    board: Board


@lru_cache(maxsize=1)
def raw() -> Mapping[str, Mapping[str, Any]]:
    """Return the whole file, sources included."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def emulated() -> tuple[Profile, ...]:
    """Return the boards that can be emulated."""
    return tuple(_profile(name, entry) for name, entry in raw().items() if entry["kind"] == "emulated")


def _profile(name: str, entry: Mapping[str, Any]) -> Profile:
    def cell(key: str) -> Any:
        return entry[key]["value"]

    low, typical, high = (gigahertz * 1e9 for gigahertz in cell("clock_ghz"))
    identity = Identity(
        part=cell("part"),
        features=cell("features"),
        l1=cell("l1"),
        l2=cell("l2"),
        l3=cell("l3"),
        cores=int(entry["cores"]),
        khz=(round(low / 1e3), round(high / 1e3)),
    )
    return Profile(
        name=name,
        device=entry["device"],
        aliases=tuple(entry["aliases"]),
        title=entry["title"],
        cpu=entry["cpu"],
        core=entry["core"],
        clock_hz=(low, typical, high),
        board=Board(cell("qemu_cpu"), identity, _threads(entry["thread_environment"])),
    )


def _threads(entry: Mapping[str, Any]) -> ThreadEnvironment:
    values = {name: cell["value"] for name, cell in entry.items()}
    return ThreadEnvironment(values.pop(RUNTIME_THREADS), tuple(values.items()))
