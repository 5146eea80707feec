from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import BaselineError
from edgesense.perf import metrics, units
from edgesense.perf.judge import hold, judge
from edgesense.perf.metrics._base import SampledMetric
from edgesense.perf.records import Baseline, Known, Labelled, Measurement, Missing, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict

WHERE = {
    "architecture": "x86_64",
    "os": "debian 12",
    "python": "3.11",
    "numpy": "1.26.4",
    "scipy": "1.17",
    "runtime": "litert 2.3",
    "board": "pi",
    "sysroot": "abc",
    "cpu": "any",
}


def exact(value: float, **more: Any) -> Reading:
    return Reading(value, value, value, more.pop("known", Known.EXACT), **more)


def spread(low: float, value: float, high: float, known: Known = Known.MEASURED, floor: float | None = None) -> Reading:
    return Reading(value, low, high, known, n=100, floor=floor)


def measured(readings: Mapping[str, Reading], where: Mapping[str, str] = WHERE, **more: Any) -> Measurement:
    return Measurement("host", where, {}, readings, **more)


def stored(readings: Mapping[str, Reading], where: Mapping[str, str] = WHERE, **more: Any) -> Baseline:
    return Baseline("t", "host", where, {}, readings, **more)


def one(limit: str, reading: Reading, bound: float | None = None, before: Reading | None = None) -> Finding:
    """Judge one limit; the bound is in the limit's own unit."""
    bounds = {} if bound is None else {limit: metrics.find(limit).unit.to_base(bound)}
    (finding,) = judge(
        "t", bounds, measured({limit: reading}), None if before is None else stored({limit: before})
    ).findings
    return finding


VALUE_LIMITS = [
    ("size_kb", 600.0, 1),
    ("acc", 0.85, -1),
    ("acc_drop", 0.014, 1),
    ("rss_mb", 100.0, 1),
    ("instructions_m", 15.0, 1),
]


@pytest.mark.parametrize(("limit", "bound", "worse"), VALUE_LIMITS, ids=str)
def test_a_number_exactly_at_its_limit_is_within_it_and_the_next_one_is_not(
    limit: str, bound: float, worse: int
) -> None:
    base = metrics.find(limit).unit.to_base(bound)
    assert one(limit, exact(base), bound).budget is Outcome.MET
    assert one(limit, exact(math.nextafter(base, worse * math.inf)), bound).budget is Outcome.OVER


@pytest.mark.parametrize("limit", ["latency_ms", "features_ms", "inference_ms", "latency_p90_ms", "cold_start_ms"])
def test_a_time_is_within_its_limit_when_the_upper_end_of_its_interval_is(limit: str) -> None:
    bound = 0.05
    assert one(limit, spread(0.04, 0.045, bound), 50).budget is Outcome.MET
    assert one(limit, spread(0.04, 0.045, math.nextafter(bound, 1)), 50).budget is Outcome.INCONCLUSIVE


def test_a_time_is_over_its_limit_only_when_even_its_floor_is() -> None:
    assert one("latency_ms", spread(0.052, 0.053, 0.054, floor=0.05), 50).budget is Outcome.INCONCLUSIVE
    assert one("latency_ms", spread(0.052, 0.053, 0.054, floor=math.nextafter(0.05, 1)), 50).budget is Outcome.OVER


def test_a_predicted_time_whose_interval_straddles_the_limit_cannot_be_told_and_says_how_to_narrow_it() -> None:
    finding = one("latency_ms", spread(0.040, 0.050, 0.062, Known.PREDICTED), 50)
    assert finding.budget is Outcome.INCONCLUSIVE
    assert "limit 50.0 ms lies within 40.0–62.0 ms" in finding.why[0]
    assert "real board" in finding.remedy


@pytest.mark.parametrize(
    ("low", "high", "outcome"), [(0.04, 0.05, Outcome.MET), (0.0501, 0.06, Outcome.OVER)], ids=["within", "over"]
)
def test_a_predicted_time_is_told_when_its_whole_interval_is_on_one_side(
    low: float, high: float, outcome: Outcome
) -> None:
    assert one("latency_ms", spread(low, (low + high) / 2, high, Known.PREDICTED), 50).budget is outcome


@pytest.mark.parametrize("limit", ["size_kb", "instructions_m"])
def test_a_predicted_number_is_judged_by_its_interval_even_where_a_counted_one_is_not(limit: str) -> None:
    base = metrics.find(limit).unit.to_base(10)
    assert one(limit, spread(0.9 * base, base, 1.1 * base, Known.PREDICTED), 10).budget is Outcome.INCONCLUSIVE
    assert one(limit, spread(0.9 * base, base, 1.1 * base, Known.COUNTED), 10).budget is Outcome.MET


HOURS = SampledMetric("battery_h", units.Unit("h", "h", 1.0), "m:p", lambda *_: exact(0), lower_is_better=False)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [(100, 120, Outcome.MET), (99, 120, Outcome.INCONCLUSIVE), (80, 100, Outcome.INCONCLUSIVE), (80, 99, Outcome.OVER)],
)
def test_where_more_is_better_the_lower_end_of_the_interval_must_reach_the_limit(
    low: float, high: float, outcome: Outcome
) -> None:
    assert hold(HOURS, spread(low, (low + high) / 2, high, Known.PREDICTED), 100)[0] is outcome


def test_a_missed_limit_says_the_number_and_the_limit_apart() -> None:
    finding = one("size_kb", exact(600 * 1024 + 1), 600)
    assert finding.why[0] == "600.001 KiB is over its limit 600.000 KiB"
    assert one("acc", exact(0.84996), 0.85).why[0] == "0.84996 is under its limit 0.85000"


def test_an_uncertain_time_says_its_interval_and_its_floor() -> None:
    finding = one("latency_ms", spread(0.0499, 0.0513, 0.052, floor=0.046), 50)
    assert finding.why[0] == "limit 50.0 ms lies within 49.9–52.0 ms (value 51.3 ms, floor 46.0 ms): cannot be told"
    assert "quieter" in finding.remedy


def test_what_could_not_be_measured_is_inconclusive_with_its_reason_and_remedy() -> None:
    missing = {"latency_ms": Missing("no qemu", "sudo apt-get install qemu-user")}
    (finding,) = judge("t", {"latency_ms": 0.05}, measured({}, missing=missing), None).findings
    assert finding.budget is Outcome.INCONCLUSIVE
    assert (finding.why, finding.remedy) == (("no qemu",), "sudo apt-get install qemu-user")


def test_what_a_device_forgot_to_answer_is_inconclusive_too() -> None:
    (finding,) = judge("t", {"size_kb": 1.0}, measured({}), None).findings
    assert (finding.budget, finding.regression) == (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE)
    assert "said nothing" in finding.why[0]


def test_limits_come_first_and_what_came_along_is_compared_without_one() -> None:
    readings = {"instructions_m": exact(1e6, known=Known.COUNTED), "size_kb": exact(1024.0)}
    findings = judge("t", {"size_kb": 2048.0}, measured(readings), None).findings
    assert [finding.limit for finding in findings] == ["size_kb", "instructions_m"]
    assert findings[1].budget is None


GROWTH = [
    ("size_kb", 102_400.0, 103_424.0, {}),
    ("instructions_m", 10_000_000.0, 10_050_000.0, {"known": Known.COUNTED}),
    ("rss_mb", 100 * 1024.0**2, 110 * 1024.0**2, {"known": Known.MEASURED}),
    ("rss_mb", 10 * 1024.0**2, 12 * 1024.0**2, {"known": Known.MEASURED}),
]
GROWTH_IDS = ["1 %", "0.5 %", "10 %", "2 MiB"]


@pytest.mark.parametrize(("limit", "before", "now", "more"), GROWTH, ids=GROWTH_IDS)
def test_growth_of_exactly_the_tolerance_is_the_same_and_a_little_more_is_a_regression(
    limit: str, before: float, now: float, more: dict[str, Any]
) -> None:
    assert one(limit, exact(now, **more), before=exact(before, **more)).regression is Outcome.SAME
    assert one(limit, exact(now * 1.00001, **more), before=exact(before, **more)).regression is Outcome.REGRESSED


@pytest.mark.parametrize(("limit", "now", "before", "more"), GROWTH[:2], ids=GROWTH_IDS[:2])
def test_shrinking_by_more_than_the_tolerance_is_better(
    limit: str, before: float, now: float, more: dict[str, Any]
) -> None:
    finding = one(limit, exact(now * 0.98, **more), before=exact(before, **more))
    assert finding.regression is Outcome.BETTER
    assert finding.before == before


def test_a_regression_says_both_numbers_the_change_and_what_is_allowed() -> None:
    finding = one("size_kb", exact(110_000.0), before=exact(100_000.0))
    assert finding.why == ("97.66 -> 107.4 KiB  +10.00 % (limit +1 %)",)
    assert "--update-baselines" in finding.remedy


def stages(features: float, inference: float) -> Reading:
    parts = {"features": features, "inference": inference}
    return exact(features + inference, known=Known.COUNTED, parts=parts)


def test_a_stage_that_grows_is_a_regression_even_where_the_total_hides_it() -> None:
    before, now = stages(19e6, 173e6), stages(19e6 * 1.0051, 173e6)
    finding = one("instructions_m", now, before=before)
    assert (now.value / before.value - 1) < 0.005
    assert finding.regression is Outcome.REGRESSED
    assert "in features  +0.51 %" in finding.why[0]


def test_a_stage_that_grows_as_another_shrinks_is_a_regression() -> None:
    assert one("instructions_m", stages(21e6, 170e6), before=stages(20e6, 172e6)).regression is Outcome.REGRESSED


def test_stages_within_their_tolerance_are_the_same() -> None:
    assert one("instructions_m", stages(20.1e6, 170e6), before=stages(20e6, 170e6)).regression is Outcome.SAME


def test_only_counted_stages_are_compared_a_files_growth_in_the_sum_is_enough() -> None:
    before = exact(100_000.0, parts={"model": 99_900.0, "card": 100.0})
    now = exact(100_100.0, parts={"model": 99_900.0, "card": 200.0})
    assert one("size_kb", now, before=before).regression is Outcome.SAME


def answers(wrong: int, n: int = 2000, start: int = 0, audio: str = "a") -> Reading:
    """Return an accuracy reading with `wrong` wrong clips from `start` on."""
    correct = "".join("0" if start <= clip < start + wrong else "1" for clip in range(n))
    return exact(correct.count("1") / n, n=n, labelled=Labelled(audio, correct))


def test_accuracy_that_falls_by_exactly_half_a_point_is_the_same_and_by_a_clip_more_is_not() -> None:
    before = answers(100)
    assert one("acc", answers(110), before=before).regression is Outcome.SAME
    assert one("acc", answers(111), before=before).regression is Outcome.REGRESSED


def test_lost_clips_are_listed_with_mcnemars_p() -> None:
    finding = one("acc", answers(111), before=answers(100))
    assert finding.why[0].startswith("0.9500 -> 0.9445  -0.55 pp (limit -0.5 pp)")
    assert "clips lost: 100 101 102" in finding.why[1]
    assert "gained: none; McNemar p 0.00098" in finding.why[1]


def test_flips_either_way_are_listed_also_where_the_accuracy_is_the_same() -> None:
    finding = one("acc", answers(3, start=10), before=answers(3, start=0))
    assert finding.regression is Outcome.SAME
    assert "clips lost: 10 11 12; gained: 0 1 2" in finding.why[0]


def test_a_fall_that_may_be_chance_drifts_and_does_not_fail() -> None:
    verdict = judge("t", {}, measured({"acc": answers(45, start=40)}), stored({"acc": answers(30)}), strict=True)
    assert verdict.findings[0].regression is Outcome.DRIFT
    assert not verdict.failed


def test_a_rise_beyond_chance_is_better() -> None:
    assert one("acc", answers(50), before=answers(100)).regression is Outcome.BETTER


def test_many_flips_are_cut_and_counted() -> None:
    finding = one("acc", answers(300), before=answers(0))
    assert "… (300 in all)" in finding.why[1]


@pytest.mark.parametrize("now", [answers(500, audio="other"), answers(500, n=1999)], ids=["audio", "number"])
def test_accuracy_on_other_clips_is_not_comparable(now: Reading) -> None:
    finding = one("acc", now, before=answers(0))
    assert finding.regression is Outcome.NOT_COMPARABLE
    assert "other audio" in finding.why[0]


def test_an_accuracy_drop_that_grows_beyond_chance_regresses() -> None:
    before = exact(0.01, labelled=Labelled("a", "1" * 980 + "0" * 20, "1" * 1000))
    now = exact(0.03, labelled=Labelled("a", "1" * 950 + "0" * 50, "1" * 1000))
    assert one("acc_drop", now, before=before).regression is Outcome.REGRESSED


EVERY_PAIR = [(before, now) for before in Known for now in Known if before is not now]


@pytest.mark.parametrize(("before", "now"), EVERY_PAIR, ids=lambda known: known.value)
def test_two_kinds_of_knowing_are_never_compared(before: Known, now: Known) -> None:
    finding = one("rss_mb", exact(5e9, known=now), before=exact(1e6, known=before))
    assert finding.regression is Outcome.NOT_COMPARABLE
    assert finding.why == (f"the baseline was {before.value}, this is {now.value}",)


@pytest.mark.parametrize("key", ["architecture", "os", "python", "numpy", "scipy", "runtime"])
def test_memory_of_other_software_is_not_comparable_and_the_difference_is_said(key: str) -> None:
    reading = {"rss_mb": exact(1e8, known=Known.MEASURED)}
    (finding,) = judge("t", {}, measured(reading, WHERE | {key: "new"}), stored(reading)).findings
    assert finding.regression is Outcome.NOT_COMPARABLE
    assert finding.why == (f"{key} was {WHERE[key]}, is new",)


def test_what_a_baseline_does_not_name_is_said_to_be_absent() -> None:
    reading = {"rss_mb": exact(1e8, known=Known.MEASURED)}
    where = {key: value for key, value in WHERE.items() if key != "runtime"}
    (finding,) = judge("t", {}, measured(reading), stored(reading, where)).findings
    assert finding.why == ("runtime was absent, is litert 2.3",)


@pytest.mark.parametrize("limit", ["size_kb", "acc"])
def test_exact_numbers_are_compared_whatever_the_computer(limit: str) -> None:
    reading = {limit: exact(0.5)}
    (finding,) = judge("t", {}, measured(reading, {"cpu": "new"}), stored(reading)).findings
    assert finding.regression is Outcome.SAME


def test_memory_on_another_cpu_model_is_comparable() -> None:
    reading = {"rss_mb": exact(1e8, known=Known.MEASURED)}
    (finding,) = judge("t", {}, measured(reading, WHERE | {"cpu": "new"}), stored(reading)).findings
    assert finding.regression is Outcome.SAME


def test_counts_in_another_sysroot_are_not_comparable() -> None:
    reading = {"instructions_m": exact(1e7, known=Known.COUNTED)}
    (finding,) = judge("t", {}, measured(reading, WHERE | {"sysroot": "new"}), stored(reading)).findings
    assert finding.regression is Outcome.NOT_COMPARABLE


def test_a_number_kept_from_elsewhere_is_compared_with_where_it_was_made() -> None:
    reading = {"rss_mb": exact(1e8, known=Known.MEASURED)}
    old = WHERE | {"numpy": "1.20"}
    before = stored(reading, WHERE, elsewhere={"rss_mb": old})
    assert judge("t", {}, measured(reading), before).findings[0].regression is Outcome.NOT_COMPARABLE
    assert judge("t", {}, measured(reading, old), before).findings[0].regression is Outcome.SAME


@pytest.mark.parametrize(
    ("known", "why"), [(Known.MEASURED, "no baseline beside it"), (Known.PREDICTED, "through instructions_m")]
)
def test_a_time_is_never_compared_with_a_stored_number(known: Known, why: str) -> None:
    finding = one("latency_ms", spread(1, 1, 1, known), before=spread(0.001, 0.001, 0.001, known))
    assert finding.regression is Outcome.NOT_COMPARED
    assert finding.why == (f"not compared: {why}",)
    assert finding.before is None


def test_a_number_without_a_baseline_says_so_and_how_to_store_one() -> None:
    finding = one("size_kb", exact(1.0), 600)
    assert finding.regression is Outcome.NO_BASELINE
    assert finding.remedy == "store one: pytest --update-baselines"


def test_a_baseline_that_cannot_be_read_leaves_the_comparison_open_and_the_budget_judged() -> None:
    (finding,) = judge(
        "t", {"size_kb": 600.0}, measured({"size_kb": exact(500.0)}), BaselineError("x is damaged")
    ).findings
    assert (finding.budget, finding.regression) == (Outcome.MET, Outcome.INCONCLUSIVE)
    assert finding.why == ("x is damaged",)


FAILS = {
    (Outcome.MET, Outcome.SAME): (False, False),
    (Outcome.MET, Outcome.BETTER): (False, False),
    (Outcome.MET, Outcome.DRIFT): (False, False),
    (Outcome.MET, Outcome.NOT_COMPARABLE): (False, False),
    (Outcome.MET, Outcome.NOT_COMPARED): (False, False),
    (Outcome.MET, Outcome.NO_BASELINE): (False, True),
    (Outcome.MET, Outcome.INCONCLUSIVE): (False, True),
    (Outcome.MET, Outcome.REGRESSED): (True, True),
    (Outcome.INCONCLUSIVE, Outcome.SAME): (False, True),
    (Outcome.OVER, Outcome.SAME): (True, True),
    (None, Outcome.SAME): (False, False),
    (None, Outcome.REGRESSED): (True, True),
}


@pytest.mark.parametrize(("outcomes", "fails"), FAILS.items(), ids=str)
def test_a_test_fails_on_over_and_regressed_and_when_strict_on_what_is_open(
    outcomes: tuple[Outcome | None, Outcome], fails: tuple[bool, bool]
) -> None:
    finding = Finding("size_kb", 1.0, None, *outcomes)
    assert (Verdict("t", "d", (finding,)).failed, Verdict("t", "d", (finding,), strict=True).failed) == fails


every_metric = st.sampled_from(sorted(metrics.every()))
sizes = st.floats(0, 1e9, allow_subnormal=False)


@given(every_metric, sizes, sizes, sizes, st.sampled_from(Known))
def test_a_better_number_never_gets_a_worse_verdict(
    limit: str, first: float, second: float, bound: float, known: Known
) -> None:
    metric = metrics.find(limit)
    better, worse = sorted((first, second), reverse=not metric.lower_is_better)
    rank = {Outcome.MET: 0, Outcome.INCONCLUSIVE: 1, Outcome.OVER: 2}
    assert (
        rank[hold(metric, exact(better, known=known), bound)[0]]
        <= rank[hold(metric, exact(worse, known=known), bound)[0]]
    )


@given(every_metric, sizes, sizes, sizes, st.sampled_from(Known))
def test_a_wider_limit_never_gets_a_worse_verdict(
    limit: str, first: float, second: float, value: float, known: Known
) -> None:
    metric = metrics.find(limit)
    strict, lax = sorted((first, second), reverse=not metric.lower_is_better)
    rank = {Outcome.MET: 0, Outcome.INCONCLUSIVE: 1, Outcome.OVER: 2}
    reading = spread(0.9 * value, value, 1.1 * value, known)
    assert rank[hold(metric, reading, lax)[0]] <= rank[hold(metric, reading, strict)[0]]


@given(st.sampled_from(["size_kb", "rss_mb", "instructions_m"]), sizes, sizes, sizes)
def test_growth_from_the_same_baseline_never_compares_better(
    limit: str, before: float, first: float, second: float
) -> None:
    rank = {Outcome.BETTER: 0, Outcome.SAME: 1, Outcome.REGRESSED: 2}
    smaller, larger = sorted((first, second))
    found = [rank[one(limit, exact(value), before=exact(before)).regression] for value in (smaller, larger)]
    assert found == sorted(found)


@given(every_metric, st.floats(0, 1, allow_subnormal=False))
def test_a_number_compared_with_itself_is_never_a_regression(limit: str, value: float) -> None:
    finding = one(limit, exact(value), before=exact(value))
    assert finding.regression in {Outcome.SAME, Outcome.NOT_COMPARED}
