"""What emulating a board needs of its profile."""

from __future__ import annotations

from dataclasses import dataclass

from edgesense.errors import SettingsError
from edgesense.perf import profiles
from edgesense.perf.devices.emulation.board import Board
from edgesense.perf.devices.emulation.identity import Identity

KIND = "emulated"


@dataclass(frozen=True)
class Profile:
    """One board.

    Attributes:
        name: The profile's name.
        core: The core's key in the fit of cycles per instruction.
        clock_hz: Lowest, typical and highest clock under load.
        board: What emulates it.
        said: All that is known of it.
    """

    name: str
    core: str
    clock_hz: tuple[float, float, float]
    board: Board
    said: profiles.Profile


def emulated() -> tuple[Profile, ...]:
    """Return the boards that can be emulated."""
    return tuple(_profile(one) for one in profiles.shipped().values() if one.kind == KIND)


def _profile(one: profiles.Profile) -> Profile:
    low, typical, high = (gigahertz * 1e9 for gigahertz in one.value("clock_ghz"))
    identity = Identity(
        part=one.value("part"),
        features=one.value("features"),
        l1=one.value("l1"),
        l2=one.value("l2"),
        l3=one.value("l3"),
        cores=int(one.value("cores")),
        khz=(round(low / 1e3), round(high / 1e3)),
    )
    if one.threads is None:
        raise SettingsError(f"the profile {one.name} does not say what its processes are told of threads")
    return Profile(
        name=one.name,
        core=one.value("core"),
        clock_hz=(low, typical, high),
        board=Board(one.value("qemu_cpu"), identity, one.threads),
        said=one,
    )
