from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf.meters import battery
from edgesense.perf.meters._base import Gauge

Tree = Callable[..., Path]
PHONE = {"type": "Battery", "status": "Discharging", "current_now": -386_000, "voltage_now": 4_116_000}


def watts(root: Path) -> float:
    meter = battery.find(root)
    assert isinstance(meter, Gauge)
    return meter.watts()


@pytest.mark.parametrize("current", [-386_000, 386_000])
def test_a_phones_current_counts_whichever_its_sign(current: int, tree: Tree) -> None:
    tree("sys/class/power_supply/usb", type="USB", online=0)
    root = tree("sys/class/power_supply/battery", **PHONE | {"current_now": current})
    assert watts(root) == pytest.approx(0.386 * 4.116)


def test_a_laptops_power_is_taken_as_it_is(tree: Tree) -> None:
    root = tree("sys/class/power_supply/BAT0", type="Battery", status="Discharging", power_now=7_205_000)
    assert watts(root) == pytest.approx(7.205)
    assert battery.find(root).name == "battery BAT0"


@pytest.mark.parametrize("status", ["Charging", "Full", "Not charging"])
def test_a_battery_that_does_not_feed_the_device_is_refused(status: str, tree: Tree) -> None:
    with pytest.raises(NotMeasured, match=f"battery is {status}: unplug the device"):
        battery.find(tree("sys/class/power_supply/battery", **PHONE | {"status": status}))


def test_the_battery_of_a_mouse_is_not_the_devices(tree: Tree) -> None:
    with pytest.raises(NotMeasured, match="no battery under"):
        battery.find(tree("sys/class/power_supply/hid-1", **PHONE | {"scope": "Device"}))


def test_a_battery_that_tells_no_flow_is_refused(tree: Tree) -> None:
    with pytest.raises(NotMeasured, match="neither power_now nor current_now with voltage_now"):
        battery.find(
            tree("sys/class/power_supply/battery", type="Battery", status="Discharging", voltage_now=4_000_000)
        )
