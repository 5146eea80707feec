"""What predicting for a chip needs of its profile."""

from __future__ import annotations

from dataclasses import dataclass

from edgesense.perf import profiles

KIND = "esp32"
KIBIBYTE = 1024


@dataclass(frozen=True)
class Chip:
    """One chip, on a module with flash.

    Attributes:
        name: The profile's name.
        core: Its key among the published cycles.
        clock_hz: Lowest, typical and highest clock under load.
        ram_bytes: Internal memory that a program may have.
        flash_bytes: Of the module.
        scratch: Whether its kernels ask for working memory beside the arena of the reference kernels.
        said: All that its profile says, power and battery among it.
    """

    name: str
    core: str
    clock_hz: tuple[float, float, float]
    ram_bytes: int
    flash_bytes: int
    scratch: bool
    said: profiles.Profile


def known() -> tuple[Chip, ...]:
    """Return the chips of the profiles."""
    return tuple(_chip(one) for one in profiles.shipped().values() if one.kind == KIND)


def _chip(one: profiles.Profile) -> Chip:
    low, typical, high = (gigahertz * 1e9 for gigahertz in one.value("clock_ghz"))
    return Chip(
        name=one.name,
        core=one.value("core"),
        clock_hz=(low, typical, high),
        ram_bytes=int(one.value("ram_kb")) * KIBIBYTE,
        flash_bytes=int(one.value("flash_kb")) * KIBIBYTE,
        scratch=bool(one.value("kernel_scratch")),
        said=one,
    )
