from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.perf import metrics
from edgesense.perf.imports import summary
from edgesense.perf.imports.records import Run, Taken, Timing
from edgesense.perf.judge import hold
from edgesense.perf.records import Known
from edgesense.perf.verdicts import Outcome


def run(average: float, spread: float = 0.5, *, median: float | None = None, peak: float | None = None) -> Run:
    timing = Timing(average, 50, average - spread, average + spread, median=median)
    return Run("benchmark_model", timing, peak_bytes=peak)


def test_of_eight_runs_the_smallest_and_the_largest_are_the_interval() -> None:
    reading = summary.inference([run(10.0 + index) for index in range(8)])
    assert (reading.value, reading.low, reading.high, reading.n) == (13.5, 10.0, 17.0, 8)
    assert reading.known is Known.MEASURED


def test_of_sixteen_runs_the_extremes_are_left_out() -> None:
    reading = summary.inference([run(10.0 + index) for index in range(16)])
    assert 10.0 < reading.low < reading.value < reading.high < 25.0


def test_of_fewer_runs_the_interval_is_where_calls_lay() -> None:
    reading = summary.inference([run(10.0), run(12.0, spread=3.0)])
    assert (reading.value, reading.low, reading.high) == (11.0, 9.0, 15.0)
    assert "the interval is where calls lay" in reading.note


def test_medians_are_taken_where_every_run_has_one_and_else_means() -> None:
    assert summary.inference([run(10.0, median=9.9), run(12.0, median=11.9)]).value == pytest.approx(10.9)
    assert summary.inference([run(10.0, median=9.9), run(12.0)]).value == pytest.approx(11.0)


def test_a_time_is_over_a_limit_only_where_even_fast_calls_are() -> None:
    reading = summary.inference([run(10.0, spread=2.0) for _ in range(8)])
    metric = metrics.find("inference_ms")
    outcomes = [hold(metric, reading, bound)[0] for bound in (7.9, 8.5, 9.9, 10.0)]
    assert outcomes == [Outcome.OVER, Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE, Outcome.MET]


def test_a_run_without_a_spread_says_so() -> None:
    assert summary.inference([Run("t", Timing(2.0))]).note.endswith("how far calls lay apart was not told")


@given(st.lists(st.floats(0.001, 1000.0), min_size=1, max_size=20))
def test_the_number_lies_in_its_interval_and_the_floor_is_not_above(averages: list[float]) -> None:
    reading = summary.inference([run(average, spread=average / 10) for average in averages])
    assert reading.floor is not None
    assert reading.floor <= reading.low <= reading.value <= reading.high


def test_memory_is_the_middle_of_what_was_watched_and_none_without() -> None:
    reading = summary.memory([run(1.0, peak=peak) for peak in (3.0, 1.0, 2.0, None)])
    assert reading is not None
    assert (reading.value, reading.low, reading.high, reading.n) == (2.0, 1.0, 3.0, 3)
    assert "without Python" in reading.note
    assert summary.memory([run(1.0)]) is None


def test_a_measurement_says_what_is_missing_and_what_delegates_took_once() -> None:
    one = Run("benchmark_model", Timing(2.0, 5, 1.0, 3.0), graph="m.tflite", taken=(Taken("gpu", whole=True),))
    found = summary.measurement([one, one], "phone")
    assert found.readings.keys() == {"inference_ms"}
    assert "--report_peak_memory_footprint" in found.missing["rss_mb"].remedy
    assert found.notes == (summary.ALONE, "gpu took the whole graph")
    assert found.subject == {"graph": "m.tflite", "runtime": "benchmark_model"}
