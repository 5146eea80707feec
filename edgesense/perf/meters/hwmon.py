"""INA219 and its relatives, a shunt in the board's supply, through Linux's hwmon.

Kernel documentation, `hwmon/ina2xx` and `hwmon/ina3221`: ``power1_input`` in microwatts; ``in1_input`` in millivolts
behind the shunt, and ``curr1_input`` in milliamperes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgesense.errors import NotMeasured
from edgesense.perf.meters._base import MICRO, MILLI, Gauge, Meter, number, word

FOLDER = "sys/class/hwmon"
CHIPS = ("ina219", "ina220", "ina226", "ina230", "ina231", "ina233", "ina237", "ina238", "ina260", "ina3221")


def find(root: Path) -> Meter:
    """Return the first chip's meter.

    Raises:
        NotMeasured: If there is no such chip, or it says neither power nor voltage and current.
    """
    chips = [path for path in sorted((root / FOLDER).glob("hwmon*")) if word(path / "name") in CHIPS]
    if not chips:
        raise NotMeasured(f"no INA219 or relative under {root / FOLDER}: wire one and load its driver, such as ina2xx")
    chip = chips[0]
    name = f"{word(chip / 'name').upper()} ({chip.name})"
    return Gauge(name, "all that its shunt feeds, at rest too", _watts(chip))


def _watts(chip: Path) -> Callable[[], float]:
    if (chip / "power1_input").exists():
        return lambda: number(chip / "power1_input") * MICRO
    channels = [
        (chip / f"in{path.name.removeprefix('curr').removesuffix('_input')}_input", path)
        for path in sorted(chip.glob("curr*_input"))
    ]
    both = [(voltage, current) for voltage, current in channels if voltage.exists()]
    if not both:
        raise NotMeasured(f"{chip} has neither power1_input nor in1_input with curr1_input")
    # An INA3221 has three channels, each a supply of its own.
    return lambda: sum(number(voltage) * MILLI * number(current) * MILLI for voltage, current in both)
