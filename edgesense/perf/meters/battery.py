"""A device's own battery, as Android phones and laptops have one: what flows out of it.

Kernel documentation, `ABI/testing/sysfs-class-power`: ``power_now`` in microwatts, or ``current_now`` in microamperes
(negative or positive while discharging, by driver) and ``voltage_now`` in microvolts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgesense.errors import NotMeasured
from edgesense.perf.meters._base import MICRO, Gauge, Meter, number, word

FOLDER = "sys/class/power_supply"
DISCHARGING = "Discharging"


def find(root: Path) -> Meter:
    """Return the meter of the first battery.

    Raises:
        NotMeasured: If there is none, it is not what feeds the device, or it does not say what flows.
    """
    supplies = sorted((root / FOLDER).glob("*"))
    batteries = [one for one in supplies if word(one / "type") == "Battery" and word(one / "scope") != "Device"]
    if not batteries:
        raise NotMeasured(f"no battery under {root / FOLDER}")
    battery = batteries[0]
    status = word(battery / "status")
    if status != DISCHARGING:
        raise NotMeasured(f"the battery {battery.name} is {status or 'of unknown status'}: unplug the device")
    return Gauge(f"battery {battery.name}", "the whole device with screen and radio, at rest too", _watts(battery))


def _watts(battery: Path) -> Callable[[], float]:
    if (battery / "power_now").exists():
        return lambda: abs(number(battery / "power_now")) * MICRO
    if (battery / "current_now").exists() and (battery / "voltage_now").exists():
        return lambda: abs(number(battery / "current_now")) * MICRO * number(battery / "voltage_now") * MICRO
    raise NotMeasured(f"the battery {battery.name} says neither power_now nor current_now with voltage_now")
