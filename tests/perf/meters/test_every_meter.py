from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf import meters
from edgesense.perf.meters._base import Gauge

Tree = Callable[..., Path]
NAMES = [info.name for info in pkgutil.iter_modules(meters.__path__) if not info.name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_each_meter_is_asked_says_what_it_is_and_has_a_test(name: str) -> None:
    assert name in meters.ORDER
    assert (importlib.import_module(f"{meters.__name__}.{name}").__doc__ or "").strip()
    assert (Path(__file__).parent / f"test_{name}.py").exists()


def test_a_meter_of_the_board_comes_before_one_of_the_cpu(tree: Tree) -> None:
    tree("sys/class/powercap/intel-rapl:0", name="package-0", energy_uj=0, max_energy_range_uj=10)
    assert meters.find(tree("sys")).name == "RAPL package-0"
    root = tree("sys/class/hwmon/hwmon0", name="ina219", power1_input=1)
    assert meters.find(root).name == "INA219 (hwmon0)"


def test_a_meter_that_is_there_and_cannot_be_read_gives_way_to_the_next(tree: Tree) -> None:
    tree("sys/class/powercap/intel-rapl:0", name="package-0", energy_uj=0, max_energy_range_uj=10)
    assert meters.find(tree("sys/class/hwmon/hwmon0", name="ina219", power1_input="")).name == "RAPL package-0"


def test_without_any_the_reason_of_each_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match=r"no power meter can be read here: no INA219.*no PMIC.*no battery.*no RAPL"):
        meters.find(tmp_path)


def test_what_is_between_two_moments_of_a_gauge_is_drawn_straight() -> None:
    moments = iter([(0.0, 2.0), (1.0, 4.0), (3.0, 4.0)])
    now = [0.0, 0.0]

    def tick() -> float:
        now[:] = next(moments)
        return now[0]

    gauge = Gauge("a gauge", "all", lambda: now[1], clock=tick)
    assert [gauge.joules() for _ in range(3)] == [0.0, 3.0, 11.0]


def test_a_gauge_is_asked_meanwhile_and_no_longer() -> None:
    asked: list[float] = []

    def watts() -> float:
        asked.append(time.perf_counter())
        return 1.0

    with meters.watched(Gauge("a gauge", "all", watts, every_seconds=0.001)):
        ended = time.perf_counter() + 5
        while len(asked) < 3 and time.perf_counter() < ended:
            time.sleep(0.001)
    count = len(asked)
    time.sleep(0.01)
    assert len(asked) == count >= 3


def test_a_gauge_that_fails_ends_no_process() -> None:
    def watts() -> float:
        raise NotMeasured("unplugged")

    gauge = Gauge("a gauge", "all", watts, every_seconds=0.001)
    with meters.watched(gauge):
        time.sleep(0.01)
    with pytest.raises(NotMeasured, match="unplugged"):
        gauge.joules()
