"""Power meters, one kind a file: each looks for its own below a root directory and says why there is none.

A module here defines ``find(root: Path) -> Meter`` and raises `NotMeasured` with the reason. Only the standard library
is used: they are asked in the worker, on the device.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from edgesense.errors import NotMeasured
from edgesense.perf.meters._base import Meter, watched

__all__ = ["ORDER", "Meter", "find", "watched"]

ORDER = ("hwmon", "pmic", "battery", "powercap")
"""Meters of the whole device come before those of a part of it."""


def find(root: Path = Path("/")) -> Meter:
    """Return the first meter there is.

    Args:
        root: Where ``sys`` and ``proc`` are.

    Raises:
        NotMeasured: If there is none that can be read; the text has each one's reason.
    """
    reasons = []
    for name in ORDER:
        try:
            meter: Meter = importlib.import_module(f"{__name__}.{name}").find(root)
            meter.joules()
        except NotMeasured as error:
            reasons.append(str(error))
        else:
            return meter
    raise NotMeasured(f"no power meter can be read here: {'; '.join(reasons)}")
