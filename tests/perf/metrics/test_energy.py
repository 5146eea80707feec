from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf import metrics
from edgesense.perf.meters import Meter
from edgesense.perf.meters._base import Counter
from edgesense.perf.metrics import energy
from edgesense.perf.records import Known, Reading, Report, Series


class Bench:
    """A workload, a clock and a meter that know of each other: watts at rest, and more while a call runs."""

    def __init__(self, seconds: float = 0.1, idle: float = 2.0, active: float = 5.0) -> None:
        self.now, self.used, self.calls = 0.0, 0.0, 0
        self.seconds, self.idle, self.active = seconds, idle, active
        self.hop_seconds = 0.5

    def example(self) -> str:
        return "clip"

    def run(self, item: object) -> str:
        self.calls += 1
        self._pass(self.seconds, self.active)
        return "label"

    def rest(self, seconds: float) -> None:
        self._pass(seconds, self.idle)

    def _pass(self, seconds: float, watts: float) -> None:
        self.now += seconds
        self.used += seconds * watts

    def find(self, root: Path) -> Meter:
        return Counter("a scale", "everything", lambda: self.used)

    def probe(self, **options: Any) -> dict[str, Any]:
        return energy.probe(self, options, find=self.find, clock=lambda: self.now, rest=self.rest)


def report(said: dict[str, Any]) -> Report:
    series = {name: Series(one["unit"], tuple(one["values"])) for name, one in said["series"].items()}
    return Report(series=series, facts=said["facts"])


def reduce(limit: str, said: dict[str, Any]) -> Reading:
    return metrics.find(limit).reduce([report(said)], Known.MEASURED)


def test_the_energy_of_a_call_is_what_the_meter_saw_over_the_calls_of_a_block() -> None:
    found = reduce("energy_mj", Bench(seconds=0.1, idle=2.0, active=5.0).probe())
    assert found.known is Known.MEASURED
    assert found.value == pytest.approx(0.5)
    assert found.parts == pytest.approx({"at rest": 0.2, "work": 0.3})
    assert found.note == "40% of it is taken at rest too; meter: a scale, of everything"


def test_a_block_is_long_enough_for_the_meter_and_the_warm_up_is_not_counted() -> None:
    bench = Bench(seconds=0.3)
    found = reduce("energy_mj", bench.probe())
    assert found.n == energy.BLOCKS * 4
    assert bench.calls > found.n


def test_a_call_longer_than_a_block_is_a_block() -> None:
    assert reduce("energy_mj", Bench(seconds=10.0).probe()).n == energy.BLOCKS


def test_blocks_that_differ_are_the_interval() -> None:
    bench = Bench()
    said = bench.probe()
    said["series"]["energy"]["values"] = [0.5, 0.7, 0.4, 0.5, 0.5]
    found = reduce("energy_mj", said)
    assert (found.low, found.value, found.high) == (0.4, 0.5, 0.7)


def test_hours_are_those_of_the_devices_battery_with_one_inference_a_hop() -> None:
    found = reduce("battery_h", Bench(seconds=0.1, idle=2.0, active=5.0).probe(battery_wh=[26.0, 26.0, 26.0]))
    # At work a fifth of the time: 0.8 x 2 W + 0.2 x 5 W.
    assert found.value / 3600 == pytest.approx(10)
    assert "at work 20 % of the time" in found.note
    assert "meter: a scale" in found.note


def test_hours_without_a_battery_or_a_rhythm_are_missing_with_the_reason() -> None:
    bench = Bench()
    with pytest.raises(NotMeasured, match="name a profile with battery_wh"):
        reduce("battery_h", bench.probe())
    del bench.hop_seconds
    with pytest.raises(NotMeasured, match="give it an attribute hop_seconds"):
        reduce("battery_h", bench.probe(battery_wh=[1.0, 1.0, 1.0]))


def test_without_a_meter_nothing_is_measured_and_the_reasons_are_told(tmp_path: Path) -> None:
    bench = Bench()
    said = energy.probe(bench, {"meters": str(tmp_path)})
    assert (said["series"], bench.calls) == ({}, 0)
    with pytest.raises(NotMeasured, match=r"no power meter can be read here: .*no RAPL"):
        reduce("energy_mj", said)


def test_a_meter_that_does_not_move_is_no_measurement_of_zero() -> None:
    with pytest.raises(NotMeasured, match="a scale did not move in a block of 1 s"):
        reduce("energy_mj", Bench(idle=0.0, active=0.0).probe())


def test_a_meter_that_ends_meanwhile_leaves_the_collector_on() -> None:
    bench = Bench()
    answers = iter([0.0, 0.0, 0.0])

    def read() -> float:
        for value in answers:
            return value
        raise NotMeasured("unplugged")

    said = energy.probe(
        bench, {}, find=lambda _: Counter("a scale", "all", read), clock=lambda: bench.now, rest=bench.rest
    )
    assert said["facts"]["unmetered"] == "unplugged"
    assert gc.isenabled()


def test_hours_are_better_when_they_are_more() -> None:
    assert not metrics.find("battery_h").lower_is_better
    assert metrics.find("energy_mj").lower_is_better
