from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf.meters import hwmon
from edgesense.perf.meters._base import Gauge

Tree = Callable[..., Path]


def watts(root: Path) -> float:
    meter = hwmon.find(root)
    assert isinstance(meter, Gauge)
    return meter.watts()


def test_a_chip_that_tells_power_is_read_in_microwatts(tree: Tree) -> None:
    tree("sys/class/hwmon/hwmon0", name="cpu_thermal", temp1_input=48312)
    root = tree("sys/class/hwmon/hwmon1", name="ina219", power1_input=2_980_000, in1_input=5_080, curr1_input=586)
    assert watts(root) == pytest.approx(2.98)
    assert hwmon.find(root).name == "INA219 (hwmon1)"


def test_a_chip_without_power_is_read_as_voltage_times_current(tree: Tree) -> None:
    assert watts(tree("sys/class/hwmon/hwmon2", name="ina226", in1_input=5_000, curr1_input=600)) == pytest.approx(3.0)


def test_the_channels_of_an_ina3221_are_added_up(tree: Tree) -> None:
    channels = {"in1_input": 5_000, "curr1_input": 400, "in2_input": 3_300, "curr2_input": 100, "in7_input": 9}
    assert watts(tree("sys/class/hwmon/hwmon0", name="ina3221", **channels)) == pytest.approx(2.33)


def test_a_chip_that_tells_no_power_is_refused(tree: Tree) -> None:
    with pytest.raises(NotMeasured, match="neither power1_input nor in1_input with curr1_input"):
        hwmon.find(tree("sys/class/hwmon/hwmon0", name="ina219", in1_input=5_000))


def test_other_chips_are_no_meters(tree: Tree) -> None:
    with pytest.raises(NotMeasured, match=r"no INA219 or relative under .*: wire one and load its driver"):
        hwmon.find(tree("sys/class/hwmon/hwmon0", name="amdgpu", power1_input=30_000_000))
