from __future__ import annotations

from collections.abc import Callable

import pytest

from edgesense.errors import InvalidInput
from edgesense.perf.imports import benchmark_text
from edgesense.perf.imports.records import Run

Text = Callable[[str], str]
MILLISECOND, MEBIBYTE = 1e-3, 2.0**20


def one(text: str) -> Run:
    (run,) = benchmark_text.read(text)
    return run


def test_a_release_of_today_gives_percentiles_and_peak_memory(text: Text) -> None:
    run = one(text("recent.txt"))
    timing = run.inference
    assert timing.count == 325
    told = (timing.average, timing.fastest, timing.slowest, timing.median, timing.p5, timing.p95)
    assert told == pytest.approx([x * MILLISECOND for x in (3.0812, 3.0, 3.6, 3.06, 3.02, 3.2)])
    assert (run.first_seconds, run.init_seconds) == pytest.approx((4.4 * MILLISECOND, 5.2 * MILLISECOND))
    assert (run.peak_bytes, run.grown_bytes) == (12.5 * MEBIBYTE, 6.25 * MEBIBYTE)
    assert (run.tool, run.threads) == ("benchmark_model", 1)
    assert run.graph == "/data/local/tmp/edgesense/0123456789abcdef/model.tflite"


@pytest.mark.parametrize(
    ("name", "count", "average", "grown"),
    [
        ("plain.txt", 192, 5.2037, 2.5),
        ("delta.txt", 248, 4.0249, 5.5),
        ("nnapi.txt", 75, 12.2004, 7.5),
        ("oldest.txt", 50, 38.0012, None),
    ],
)
def test_the_timed_calls_are_told_from_the_warm_up_in_every_release(
    name: str, count: int, average: float, grown: float | None, text: Text
) -> None:
    run = one(text(name))
    assert run.inference.count == count
    assert run.inference.average == pytest.approx(average * MILLISECOND)
    assert run.inference.median is None
    assert run.grown_bytes == (None if grown is None else grown * MEBIBYTE)
    assert run.peak_bytes is None


def test_memory_that_an_older_release_calls_its_peak_is_what_it_grew_by(text: Text) -> None:
    assert "Peak memory footprint" in text("plain.txt")
    assert one(text("plain.txt")).peak_bytes is None


def test_the_oldest_last_line_has_its_numbers_in_another_order(text: Text) -> None:
    run = one(text("oldest.txt"))
    assert run.init_seconds == pytest.approx(4.2 * MILLISECOND)
    assert run.first_seconds is None
    assert run.threads == 2


def test_litert_prints_milliseconds_with_two_decimals_and_its_rounding_is_known(text: Text) -> None:
    run = one(text("litert.txt"))
    timing = run.inference
    assert (timing.count, timing.average) == (540, pytest.approx(1.85 * MILLISECOND))
    assert (timing.low, timing.high) == pytest.approx((1.695 * MILLISECOND, 2.605 * MILLISECOND))
    assert (run.peak_bytes, run.grown_bytes) == (75.25 * MEBIBYTE, 61.5 * MEBIBYTE)
    assert run.init_seconds == pytest.approx(24.5 * MILLISECOND)
    assert run.tool == "LiteRT benchmark"


def test_what_litert_benchmark_really_printed_is_read(text: Text) -> None:
    timing = one(text("litert-benchmark.txt")).inference
    assert (timing.count, timing.median, timing.p95) == pytest.approx((50, 0.12 * MILLISECOND, 0.14 * MILLISECOND))


def test_a_text_may_hold_several_runs(text: Text) -> None:
    runs = benchmark_text.read(text("plain.txt") + text("recent.txt") + text("delta.txt"))
    assert [run.inference.count for run in runs] == [192, 325, 248]


def test_what_was_said_before_the_first_run_belongs_to_no_run(text: Text) -> None:
    assert len(benchmark_text.read("$ adb shell ...\n" + text("recent.txt"))) == 1


def test_operators_that_were_profiled_are_read_and_that_it_cost_time_is_noted(text: Text) -> None:
    run = one(text("profiled.txt"))
    assert len([one for one in run.operators if not one.inner]) == 4
    assert run.notes == (benchmark_text.PROFILED,)
    assert run.inference.count == 248


def test_threads_that_were_left_to_the_runtime_are_not_known(text: Text) -> None:
    assert one(text("recent.txt").replace("Num threads: [1]", "Num threads: [-1]")).threads is None


def test_calls_that_took_equally_long_are_printed_in_their_own_way() -> None:
    timing = benchmark_text.stat("count=3 curr=5(all same)")
    assert timing is not None
    assert (timing.count, timing.average, timing.fastest, timing.slowest) == pytest.approx((3, 5e-6, 5e-6, 5e-6))
    assert benchmark_text.stat("count=1 curr=7").count == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("line", ["count=0", "count=many avg=1", "nothing"])
def test_a_line_without_calls_has_no_times(line: str) -> None:
    assert benchmark_text.stat(line) is None


def test_large_means_are_printed_with_a_power_of_ten() -> None:
    timing = benchmark_text.stat("count=5 first=1 curr=1 min=30249550 max=30249600 avg=3.02496e+07 std=9")
    assert timing is not None
    assert timing.average == pytest.approx(30.2496)


def test_a_run_that_came_to_no_result_is_refused_with_what_it_said_last(text: Text) -> None:
    with pytest.raises(InvalidInput, match=r"came to no result(.|\n)*Failed to apply GPU delegate"):
        benchmark_text.read(text("gpu-failed.txt"))


def test_a_run_that_was_cut_off_is_refused_even_beside_a_whole_one(text: Text) -> None:
    cut = text("recent.txt").partition("INFO: Inference timings")[0]
    with pytest.raises(InvalidInput, match="came to no result"):
        benchmark_text.read(text("recent.txt") + cut)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("avg=3081.2", "avg=9999999"),
        ("avg=3081.2", "avg=nan"),
        ("Inference (avg): 3081.2", "Inference (avg): fast"),
        ("via periodic monitoring: 12.5", "via periodic monitoring: -1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(before: str, after: str, text: Text) -> None:
    assert before in text("recent.txt")
    with pytest.raises(InvalidInput):
        benchmark_text.read(text("recent.txt").replace(before, after))


def test_a_text_of_something_else_is_not_taken_for_one() -> None:
    assert not benchmark_text.recognises("count=50 avg=3\nSOMETHING ELSE")
    assert benchmark_text.read("") == ()
