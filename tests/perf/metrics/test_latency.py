from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import NotMeasured
from edgesense.perf import metrics, statistics
from edgesense.perf.metrics import latency
from edgesense.perf.records import Known, Reading, Report, Series


class Clock:
    """A clock that stands still until someone works."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """A workload whose calls take the times it is given, in turn, on a clock of its own."""

    def __init__(self, *seconds: float, features: float = 0.0, inference: float = 0.0) -> None:
        self.clock = Clock()
        self.calls = 0
        self._seconds = seconds
        stages = {"features": features, "inference": inference} if features or inference else {}
        self.stages: Mapping[str, Callable[[object], object]] = {
            name: self._stage(name, spent) for name, spent in stages.items()
        }
        self.seen: list[tuple[str, object]] = []

    def example(self) -> str:
        return "clip"

    def run(self, item: object) -> str:
        self.clock.now += self._seconds[self.calls % len(self._seconds)]
        self.calls += 1
        return "label"

    def _stage(self, name: str, seconds: float) -> Callable[[object], object]:
        def work(item: object) -> str:
            self.clock.now += seconds
            self.seen.append((name, item))
            return f"{name}({item})"

        return work

    def probe(self, **options: Any) -> dict[str, Any]:
        return latency.probe(self, options, clock=self.clock)


def calls(said: Mapping[str, Any], name: str = "calls") -> list[float]:
    values: list[float] = said["series"][name]["values"]
    return values


def test_an_exact_number_of_calls_is_made_when_it_is_asked_for() -> None:
    assert len(calls(Worker(0.01).probe(calls=17))) == 17


def test_each_value_is_the_time_of_one_call() -> None:
    assert calls(Worker(0.010, 0.012).probe(calls=6)) == pytest.approx([0.010, 0.012] * 3, abs=1e-9)


def test_each_stage_is_timed_on_what_the_one_before_returned() -> None:
    worker = Worker(0.03, features=0.02, inference=0.01)
    said = worker.probe(calls=3)
    assert calls(said, "calls.features") == pytest.approx([0.02] * 3, abs=1e-9)
    assert calls(said, "calls.inference") == pytest.approx([0.01] * 3, abs=1e-9)
    assert worker.seen[:2] == [("features", "clip"), ("inference", "features(clip)")]


def test_the_warm_up_lasts_half_a_second_at_least_and_is_not_counted() -> None:
    worker = Worker(0.01)
    said = worker.probe(calls=5)
    assert said["facts"]["warm_up_calls"] == worker.calls - 5
    assert said["facts"]["warm_up_calls"] == pytest.approx(50, abs=1)


def test_the_warm_up_goes_on_while_calls_still_get_faster() -> None:
    falling = [0.2 * 0.9**number for number in range(40)]
    said = Worker(*falling, *[falling[-1]] * 5000).probe(calls=1)
    assert 50 <= said["facts"]["warm_up_calls"] <= 60


def test_the_warm_up_of_calls_that_never_settle_ends_after_five_seconds() -> None:
    rising = [0.01 * 1.01**number for number in range(400)]
    said = Worker(*rising).probe(calls=1)
    assert sum(rising[: said["facts"]["warm_up_calls"]]) == pytest.approx(5, abs=0.1)


def spent(said: Mapping[str, Any]) -> float:
    return sum(calls(said))


def test_without_a_bound_calls_go_on_for_the_time_that_was_asked_for() -> None:
    assert spent(Worker(0.01).probe(seconds=3.0, patience_seconds=20.0)) == pytest.approx(3.0, abs=0.02)


@pytest.mark.parametrize("bound", [0.001, 0.1], ids=["clearly over", "clearly within"])
def test_a_clear_answer_ends_the_calls_in_time(bound: float) -> None:
    said = Worker(0.009, 0.010, 0.011).probe(seconds=3.0, patience_seconds=20.0, bounds={"latency_ms": bound})
    assert spent(said) == pytest.approx(3.0, abs=0.05)


def test_a_bound_in_doubt_is_measured_for_longer_up_to_the_patience() -> None:
    # A tenth of the calls lies under the bound and the median over it, for ever.
    said = Worker(*[0.009] * 2, *[0.011] * 8).probe(seconds=3.0, patience_seconds=9.0, bounds={"latency_ms": 0.010})
    assert spent(said) == pytest.approx(9.0, abs=0.05)


def test_a_stage_in_doubt_is_measured_for_longer_too() -> None:
    worker = Worker(0.02, features=0.01, inference=0.01)
    still = worker.probe(seconds=2.0, patience_seconds=8.0, bounds={"features_ms": 0.02})
    assert spent(still) < 2.1
    turns = iter([0.009, 0.009, *[0.011] * 8] * 1000)

    def uneven(item: object) -> object:
        worker.clock.now += next(turns)
        return item

    worker.stages = {"features": uneven}
    began = worker.clock.now
    worker.probe(seconds=2.0, patience_seconds=8.0, bounds={"features_ms": 0.010})
    assert worker.clock.now - began > 8.0


def test_a_percentile_gets_at_least_twice_the_calls_its_rule_needs() -> None:
    said = Worker(0.01).probe(seconds=0.1, patience_seconds=0.2, bounds={"latency_p99_ms": 1.0})
    assert len(calls(said)) == 2 * statistics.fewest_calls(0.99)


def test_at_least_64_calls_are_made_however_slow_they_are() -> None:
    assert len(calls(Worker(10.0).probe(seconds=2.0, patience_seconds=3.0))) == latency.CALLS_AT_LEAST


def test_a_bound_of_another_metric_changes_nothing() -> None:
    said = Worker(0.01).probe(seconds=1.0, patience_seconds=9.0, bounds={"size_kb": 0.01, "cold_start_ms": 0.01})
    assert spent(said) == pytest.approx(1.0, abs=0.02)


def report(**series: list[float]) -> Report:
    return Report(series={name.replace("__", "."): Series("s", tuple(values)) for name, values in series.items()})


def reduce(limit: str, *reports: Report) -> Reading:
    return metrics.find(limit).reduce(reports, Known.MEASURED)


@given(st.lists(st.floats(1e-6, 10), min_size=1, max_size=200))
def test_the_latency_is_the_median_within_its_interval_over_its_floor(values: list[float]) -> None:
    reading = reduce("latency_ms", report(calls=values))
    assert reading.value == statistics.median(values)
    assert reading.floor is not None
    assert reading.floor <= reading.low <= reading.value <= reading.high
    assert reading.n == len(values)


def test_a_stages_time_is_that_of_its_own_calls() -> None:
    reports = report(calls=[5.0], calls__features=[1.0, 2.0, 3.0], calls__inference=[4.0])
    assert reduce("features_ms", reports).value == 2.0
    assert reduce("inference_ms", reports).value == 4.0


def test_calls_of_several_processes_are_pooled() -> None:
    assert reduce("latency_ms", report(calls=[1.0]), report(calls=[3.0])).value == 2.0


def test_a_workload_without_stages_has_no_stage_time_and_says_what_it_has() -> None:
    with pytest.raises(NotMeasured, match=r"gave no 'calls\.features'; it gave calls"):
        reduce("features_ms", report(calls=[1.0]))


def test_a_percentile_is_loadgens_upper_bound() -> None:
    values = [float(number) for number in range(1, 201)]
    reading = reduce("latency_p90_ms", report(calls=values))
    assert reading.value == reading.high == statistics.percentile_bound(values, 0.9)
    assert reading.value > 180


def test_a_percentile_of_too_few_calls_is_refused_with_how_many_it_needs() -> None:
    with pytest.raises(NotMeasured, match="p99 needs at least 662 calls for 99 % confidence; there are 661"):
        reduce("latency_p99_ms", report(calls=[1.0] * 661))
    assert reduce("latency_p99_ms", report(calls=[1.0] * 662)).value == 1.0
