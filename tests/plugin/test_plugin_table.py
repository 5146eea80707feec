"""The table at the end: what it says, and that it stays within the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.perf import metrics
from edgesense.perf.judge import judge
from edgesense.perf.records import Baseline, Known, Labelled, Measurement, Missing, Reading
from edgesense.report import table
from pytest_edgesense.rows import Row


def reading(value, known=Known.EXACT, low=None, high=None, **more):
    return Reading(value, value if low is None else low, value if high is None else high, known, **more)


def row(bounds, readings, before=None, *, device="pi", missing=None, strict=False, **more):
    measurement = Measurement(device, {}, {}, readings, missing or {})
    baseline = None if before is None else Baseline("t.py::test_a", device, {}, {}, before)
    verdict = judge("t.py::test_a", bounds, measurement, baseline, strict=strict)
    failing = tuple(finding.limit for finding in verdict.broken)
    return Row("t.py::test_a", "t.py::test_a", device, verdict, failing=failing, **more)


def text(rows, width=100):
    return ["".join(piece.text for piece in line) for line in table.render(rows, width)]


def line(rows, start, width=100):
    return next(one for one in text(rows, width) if one.strip().startswith(start))


def mark(rows, word):
    return next(piece.mark for one in table.render(rows, 100) for piece in one if piece.text == word)


KIB = 1024.0


def test_a_row_has_value_limit_known_baseline_change_and_verdict():
    one = row({"size_kb": 600 * KIB}, {"size_kb": reading(512 * KIB)}, {"size_kb": reading(510 * KIB)})
    assert line([one], "size_kb").split() == [
        "size_kb",
        "512",
        "KiB",
        "≤",
        "600",
        "KiB",
        "exact",
        "510",
        "KiB",
        "+0.39",
        "%",
        "met",
    ]


def test_an_interval_stands_behind_its_value():
    one = row({"latency_ms": 0.05}, {"latency_ms": reading(0.0342, Known.PREDICTED, 0.0281, 0.041)})
    assert "34.2 ms (28.1–41.0)" in line([one], "latency_ms")


def test_an_interval_whose_ends_print_alike_is_left_out():
    one = row({"latency_ms": 0.05}, {"latency_ms": reading(0.0342, Known.MEASURED, 0.03420001, 0.03420002)})
    assert "(" not in line([one], "latency_ms")


def test_a_limit_is_printed_as_it_was_written():
    one = row({"latency_ms": 0.05, "acc": 0.85}, {"latency_ms": reading(0.03), "acc": reading(0.9)})
    assert "≤ 50 ms" in line([one], "latency_ms")
    assert "≥ 0.85" in line([one], "acc ")


def test_a_value_just_over_its_limit_prints_differently():
    one = row({"size_kb": 512 * KIB}, {"size_kb": reading(512 * KIB + 1)})
    assert "512.001 KiB" in line([one], "size_kb")


def test_stages_and_shares_stand_below():
    one = row({}, {"instructions_m": reading(19.2e6, Known.COUNTED, parts={"features": 4.2e6, "inference": 15e6})})
    assert "features 4.20 M, inference 15.0 M" in text([one])[3]


def test_accuracy_has_its_clips():
    labelled = Labelled("a", "1" * 94 + "0" * 6)
    one = row({"acc": 0.9}, {"acc": reading(0.94, Known.STAND_IN, 0.87, 0.97, n=100, labelled=labelled)})
    assert text([one])[3].strip() == "100 clips"


def test_this_computer_says_that_it_is_no_board():
    one = row({"size_kb": KIB}, {"size_kb": reading(1)}, device="host")
    assert text([one])[1] == "t.py::test_a on host (this computer; says nothing about pi)"
    assert text([row({"size_kb": KIB}, {"size_kb": reading(1)})])[1] == "t.py::test_a on pi"


@pytest.mark.parametrize(
    ("value", "before", "word", "colour"),
    [
        (90, None, "met", "green"),
        (101, None, "OVER", "red"),
        (90, 80, "REGRESSED", "red"),
        (90, 95, "better", "green"),
        (101, 80, "OVER", "red"),
    ],
)
def test_the_worst_word_is_the_verdict(value, before, word, colour):
    old = None if before is None else {"size_kb": reading(before * KIB)}
    one = row({"size_kb": 100 * KIB}, {"size_kb": reading(value * KIB)}, old)
    assert line([one], "size_kb").endswith(word)
    assert mark([one], word) == colour


def test_what_is_inconclusive_is_in_capitals_only_where_it_fails():
    readings = {"latency_ms": reading(0.05, Known.PREDICTED, 0.04, 0.06)}
    assert mark([row({"latency_ms": 0.05}, readings)], "inconclusive") == "yellow"
    assert mark([row({"latency_ms": 0.05}, readings, strict=True)], "INCONCLUSIVE") == "red"


def test_a_missing_baseline_is_the_verdict_where_it_fails():
    one = row({"size_kb": 600 * KIB}, {"size_kb": reading(512 * KIB)}, strict=True)
    assert mark([one], "NO BASELINE") == "red"


def test_what_would_help_is_said_once_a_block():
    missing = {name: Missing("no qemu", "edgesense devices setup pi") for name in ("latency_ms", "instructions_m")}
    lines = text([row({"latency_ms": 0.05}, {}, missing=missing)])
    assert [one for one in lines if "next:" in one] == ["  next: edgesense devices setup pi"]


def test_a_regression_says_what_is_allowed():
    one = row({}, {"size_kb": reading(12 * KIB)}, {"size_kb": reading(10 * KIB)})
    assert "      10.00 -> 12.00 KiB  +20.00 % (limit +1 %)" in text([one])


def test_a_test_that_was_not_measured_says_why_in_one_line():
    one = Row("t", "t.py::test_a", "pi", None, failure="not measured on pi: the worker died:\n    last words")
    assert text([one])[2:4] == ["  not measured on pi: the worker died", ""]


def test_an_expected_failure_is_said_to_be_one():
    one = row({"size_kb": KIB}, {"size_kb": reading(2 * KIB)}, outcome="skipped")
    assert text([one])[1].endswith(" – expected to fail")


def test_columns_are_aligned():
    one = row({"size_kb": 600 * KIB, "acc": 0.85}, {"size_kb": reading(512 * KIB), "acc": reading(0.94)})
    head, _, first, second, _ = text([one])
    assert head.index("known") == first.index("exact") == second.index("exact")
    assert head.index("limit", 10) == first.index("≤") == second.index("≥")


FULL = {
    "latency_ms": reading(0.0342, Known.PREDICTED, 0.0281, 0.041),
    "size_kb": reading(512 * KIB),
    "acc": reading(0.94, Known.STAND_IN, 0.93, 0.95, n=2000, labelled=Labelled("a", "1" * 1880 + "0" * 120)),
    "rss_mb": reading(71.2 * KIB**2, Known.STAND_IN, 70.9 * KIB**2, 71.6 * KIB**2, n=3),
    "instructions_m": reading(19.2e6, Known.COUNTED),
}
BOUNDS = {"latency_ms": 0.05, "size_kb": 600 * KIB, "acc": 0.85, "rss_mb": 100 * KIB**2, "instructions_m": 25e6}


def test_a_full_row_fits_a_hundred_columns_in_one_line():
    lines = text([row(BOUNDS, FULL, FULL)])
    assert max(map(len, lines)) <= 100
    assert "baseline" in lines[0]


@given(width=st.integers(76, 120))
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(len, text([row(BOUNDS, FULL, FULL)], width))) <= width


def test_a_narrow_terminal_has_the_baseline_below():
    lines = text([row(BOUNDS, FULL, FULL)], 80)
    assert "baseline" not in lines[0]
    assert "      baseline 512 KiB +0.00 %" in lines


def test_limits_that_are_never_compared_are_told_once():
    assert table.uncompared([row(BOUNDS, FULL), row(BOUNDS, FULL)]) == [
        "latency_ms on pi: not compared: through instructions_m"
    ]


@given(st.sampled_from(sorted(FULL)), st.floats(0, 1), st.booleans())
def test_a_row_survives_its_way_to_the_controller(limit, bound, strict):
    one = row(
        {limit: metrics.find(limit).unit.to_base(bound)},
        FULL,
        FULL,
        strict=strict,
        changes=("a", "b"),
        gates=False,
        against=("c",),
    )
    assert Row.from_json(one.to_json()) == one


def test_a_test_that_did_not_pass_keeps_nothing_to_store():
    one = Row("t", "t", "pi", None, baseline="{}", changes=("a",))
    assert one.settled("passed").baseline == "{}"
    assert one.settled("failed", blamed=True).blamed
    assert (one.settled("failed").baseline, one.settled("failed").changes) == ("", ())
