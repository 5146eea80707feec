import math
from dataclasses import replace

import pytest

from edgesense.perf import units
from edgesense.perf.records import Known, Reading
from edgesense.perf.verdicts import Finding, Outcome
from edgesense.report.page.lines import USED_UP, line, used
from edgesense.report.records import Distribution, Evidence, Result, Step

BARE = Result("t.py::test_a", "t.py::test_a", "host", None)
KIB = units.KIBIBYTE.to_base(1)


def reading(value, **more):
    return Reading(value, value, value, more.pop("known", Known.EXACT), **more)


def finding(limit="size_kb", bound=100 * KIB, value=80 * KIB, **more):
    return Finding(limit, bound, reading(value), Outcome.MET, Outcome.SAME, **more)


def test_a_number_is_shown_with_its_share_of_the_limit():
    shown = line(finding(), BARE)
    assert (shown.percent, shown.tone, shown.fails) == ("80 %", "good", False)
    assert shown.gauge is not None
    assert shown.gauge.value == pytest.approx(0.7 * 0.8)


def test_a_share_beyond_all_reason_is_not_written_out():
    assert line(finding(bound=1.0), BARE).percent == "> 999×"


def test_a_limit_that_fails_the_test_is_bad_and_one_that_may_not_is_open():
    over = replace(finding(bound=KIB), budget=Outcome.OVER)
    assert line(over, replace(BARE, failing=("size_kb",))).tone == "bad"
    assert line(over, BARE).tone == "open"


def test_of_the_least_that_is_wanted_more_is_used_the_smaller_the_number_is():
    assert used(finding("acc", 0.8, 0.4)) == pytest.approx(2)
    assert used(finding("acc", 0.8, 0.8)) == pytest.approx(1)
    assert used(finding("acc", 0.8, 0.0)) == USED_UP


@pytest.mark.parametrize("bound", [None, 0.0, math.inf, math.nan])
def test_without_a_limit_to_compare_with_nothing_is_used(bound):
    assert used(finding(bound=bound)) == 0
    assert line(finding(bound=bound), BARE).gauge is None


def test_a_limit_without_a_number_has_no_gauge():
    unmeasured = Finding("size_kb", KIB, None, Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE, why=("no file",))
    shown = line(unmeasured, BARE)
    assert (shown.gauge, shown.percent, shown.cells.value, shown.figures) == (None, "", "–", ())
    assert used(unmeasured) == 0


def test_a_limit_that_is_not_installed_here_is_shown_in_base_units():
    shown = line(finding("their_metric", 200.0, 100.0), BARE)
    assert (shown.cells.value, shown.cells.bound, shown.percent) == ("100", "≤ 200", "50 %")


def test_the_baseline_of_a_time_is_where_the_number_would_be_without_the_change():
    timed = finding("latency_ms", 0.05, 0.02, change=(1.0, 0.9, 1.1))
    gauge = line(timed, BARE).gauge
    assert gauge is not None
    assert gauge.before == pytest.approx(0.7 * 0.01 / 0.05)


def test_a_change_that_no_time_can_have_has_no_baseline():
    gauge = line(finding("latency_ms", 0.05, 0.02, change=(-1.0, -1.0, -1.0)), BARE).gauge
    assert gauge is not None
    assert gauge.before is None


def test_parts_are_shares_of_the_whole_the_largest_first():
    whole = replace(finding(), reading=reading(10 * KIB, parts={"small_part": KIB, "large": 9 * KIB}))
    assert [(one.name, one.text, one.share) for one in line(whole, BARE).parts] == [
        ("large", "9.00 KiB", pytest.approx(0.9)),
        ("small part", "1.00 KiB", pytest.approx(0.1)),
    ]


def test_a_single_part_is_no_division():
    assert line(replace(finding(), reading=reading(KIB, parts={"model": KIB})), BARE).parts == ()


def steps(*values):
    return tuple(Step(f"{index:040x}", "2026-01-01", value, Known.EXACT) for index, value in enumerate(values))


def test_two_commits_make_a_trend_and_one_does_not():
    assert line(finding(), replace(BARE, trend={"size_kb": steps(KIB)})).figures == ()
    (figure,) = line(finding(), replace(BARE, trend={"size_kb": steps(KIB, 2 * KIB)})).figures
    assert figure.title == "size_kb: accepted by 2 commits, then this run"


def spread(**sides):
    return replace(BARE, evidence=Evidence(distributions={"latency_ms": Distribution(**sides)}))


TIMED = finding("latency_ms", 0.05, 0.02, change=(0.01, 0.0, 0.02))


def test_calls_and_pairs_are_drawn_with_what_was_thrown_away():
    result = spread(alone=(0.01, 0.02), pairs=((0.01, 0.02), (0.02, 0.02)), discarded=1)
    calls, pairs = line(TIMED, result).figures
    assert calls.title == "latency_ms: single calls"
    assert pairs.title == "latency_ms: 2 pairs of fresh processes beside the baseline; 1 thrown away"
    assert pairs.said == "the gate found +1.0 % (+0.0 … +2.0)"


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_numbers_that_no_measurement_gives_are_not_drawn(value):
    result = replace(
        spread(alone=(0.01, value), pairs=((0.01, value),)), trend={"latency_ms": steps(0.01, value, 0.01)}
    )
    assert line(TIMED, result).figures == ()
    assert line(TIMED, result).spark == ""


def test_a_pair_without_a_baselines_time_is_left_out():
    assert line(TIMED, spread(pairs=((0.0, 0.02),))).figures == ()
