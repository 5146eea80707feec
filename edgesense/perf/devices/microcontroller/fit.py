"""Whether a pipeline fits a chip: RAM and flash against what there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgesense.perf import units
from edgesense.perf.devices.microcontroller.chip import Chip
from edgesense.perf.metrics import arena

KERNELS = "kernels at most"
"""The share of RAM that an S3's kernels may ask for beside the arena."""


@dataclass(frozen=True)
class Fit:
    """What a pipeline takes of a chip.

    Attributes:
        chip: Which.
        ram: Bytes of RAM by share.
        flash_bytes: Of the files that ship; None where they are not known.
    """

    chip: Chip
    ram: Mapping[str, float]
    flash_bytes: float | None

    @property
    def ram_bytes(self) -> float:
        """All shares together."""
        return math.fsum(self.ram.values())

    @property
    def too_much(self) -> str:
        """What does not fit, in words; "" where all does."""
        chip = self.chip
        if self.ram_bytes > chip.ram_bytes:
            shares = ", ".join(f"{name} {_kib(one)}" for name, one in self.ram.items())
            needed = f"{_kib(self.ram_bytes)} of RAM ({shares})"
            return f"it does not fit: {needed}, {chip.said.device} has {_kib(chip.ram_bytes)}"
        if self.flash_bytes is not None and self.flash_bytes > chip.flash_bytes:
            needed = f"{_kib(self.flash_bytes)} of flash"
            return f"it does not fit: {needed}, {chip.said.device} has {_kib(chip.flash_bytes)}"
        return ""

    def told(self) -> tuple[str, ...]:
        """Both comparisons in words, and what does not fit."""
        kernels = self.ram.get(KERNELS)
        line = f"RAM: {_kib(self.ram_bytes)} of {_kib(self.chip.ram_bytes)}"
        if kernels:
            line += f", of this at most {_kib(kernels)} for the kernels of {self.chip.said.device}"
        if self.flash_bytes is not None:
            line += (
                f"; flash: {_kib(self.flash_bytes)} of {_kib(self.chip.flash_bytes)}, the program itself not counted"
            )
        return (line, self.too_much) if self.too_much else (line,)


def of(said: Mapping[str, Any], flash_bytes: float | None, chip: Chip) -> Fit:
    """Return what a pipeline takes of a chip.

    Args:
        said: Its footprint.
        flash_bytes: Of the files that ship; None where they are not known.
        chip: Which.
    """
    scratch = float(said["scratch"]) if chip.scratch else 0.0
    return Fit(chip, arena.ram(said) | ({KERNELS: scratch} if scratch else {}), flash_bytes)


def _kib(size: float) -> str:
    return units.text(size, units.KIBIBYTE)
