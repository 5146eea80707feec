from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import BudgetError
from edgesense.perf import gate
from edgesense.perf.gate import Rule, decide, decide_ratios
from edgesense.perf.records import Paired
from edgesense.perf.verdicts import Outcome

RULE = Rule()
LIMIT = math.log1p(0.03)
HALF = math.log1p(0.015)
OVER_HALF = math.nextafter(HALF, 1)
OVER_LIMIT = math.nextafter(LIMIT, 1)
SLOW = [0.05] * 5

RANK = {
    Outcome.BETTER: 0,
    Outcome.SAME: 1,
    Outcome.DRIFT: 2,
    Outcome.REGRESSED: 3,
    Outcome.INCONCLUSIVE: 3,
}

ratios = st.lists(st.floats(-0.5, 0.5, allow_subnormal=False), min_size=15, max_size=15)
near = st.lists(st.floats(0.0, 0.08, allow_subnormal=False), min_size=15, max_size=15)
either = ratios | near
limits = st.floats(0.001, 0.5)


def outcome(values: Sequence[float], discarded: int = 0, rule: Rule = RULE) -> Outcome | None:
    return decide_ratios(values, discarded, rule).outcome


def side_by_side(values: Sequence[float], discarded: int = 0) -> Paired:
    return Paired((0.002,) * len(values), tuple(0.002 * math.exp(value) for value in values), discarded)


def swapped(paired: Paired) -> Paired:
    return Paired(paired.candidate, paired.baseline, paired.discarded)


@pytest.mark.parametrize("pairs", range(5))
def test_before_five_pairs_the_missing_ones_are_wanted(pairs: int) -> None:
    decision = decide_ratios([-0.1] * pairs, 0, RULE)
    assert (decision.outcome, decision.wanted) == (None, 5 - pairs)


def test_three_pairs_that_are_not_slower_settle_the_first_stage_and_two_do_not() -> None:
    assert outcome([0.05, HALF, 0.05, HALF]) is None
    decision = decide_ratios([0.05, HALF, 0.05, HALF, HALF], 0, RULE)
    assert (decision.outcome, decision.wanted) == (Outcome.SAME, 0)
    assert outcome([HALF] * 3) is Outcome.SAME
    assert outcome([HALF, HALF, OVER_HALF]) is None


def test_pairs_far_apart_say_what_they_could_not_have_shown() -> None:
    assert decide_ratios([-0.2, 0.0, 0.2, 0.01, -0.1], 0, RULE).why == (
        "the pairs spread by 16.0 %: a change of 3 % would not show"
    )
    assert decide_ratios([0.0, 0.01, 0.02, 0.01, -0.01], 0, RULE).why == ""
    again = decide_ratios(SLOW + [-0.2, 0.1] * 5, 0, RULE).why
    assert again.startswith("5 pairs looked slower; ")
    assert again.endswith(" %: a change of 3 % would not show")


def test_three_pairs_that_are_all_faster_may_still_become_better() -> None:
    assert outcome([-0.1] * 3) is None
    assert outcome([-0.1, -0.1, -HALF]) is Outcome.SAME


def test_six_new_pairs_that_are_not_slower_settle_the_second_stage_and_five_do_not() -> None:
    assert outcome(SLOW + [HALF] * 5) is None
    assert outcome(SLOW + [0.1] * 4 + [HALF] * 5) is None
    decision = decide_ratios(SLOW + [HALF] * 6, 0, RULE)
    assert (decision.outcome, decision.wanted, decision.pairs) == (Outcome.SAME, 0, 11)


@given(either)
def test_a_gate_that_stops_early_comes_to_what_all_its_pairs_come_to(values: list[float]) -> None:
    whole = outcome(values)
    early = next(found for count in range(16) if (found := outcome(values[:count])) is not None)
    assert early is whole


def test_a_first_stage_of_exactly_half_the_limit_is_the_same_and_a_little_more_wants_ten_new_pairs() -> None:
    assert outcome([HALF] * 5) is Outcome.SAME
    decision = decide_ratios([OVER_HALF] * 5, 0, RULE)
    assert (decision.outcome, decision.wanted) == (None, 10)


@pytest.mark.parametrize("new", range(10))
def test_a_slow_first_stage_is_not_decided_before_all_new_pairs_are_there(new: int) -> None:
    decision = decide_ratios(SLOW + [0.05] * new, 0, RULE)
    assert (decision.outcome, decision.wanted) == (None, 10 - new)


def test_a_second_stage_of_exactly_half_the_limit_is_not_confirmed_and_a_little_more_drifts() -> None:
    assert outcome(SLOW + [HALF] * 10) is Outcome.SAME
    assert outcome(SLOW + [OVER_HALF] * 10) is Outcome.DRIFT


def test_a_second_stage_of_exactly_the_limit_drifts_and_a_little_more_is_a_regression() -> None:
    assert outcome(SLOW + [LIMIT] * 10) is Outcome.DRIFT
    assert outcome(SLOW + [OVER_LIMIT] * 10) is Outcome.REGRESSED


@pytest.mark.parametrize("rest", [0.0, HALF])
def test_seven_slower_pairs_of_ten_are_too_few_and_eight_are_enough(rest: float) -> None:
    assert outcome(SLOW + [0.04] * 7 + [rest] * 3) is Outcome.DRIFT
    assert outcome(SLOW + [0.04] * 8 + [rest] * 2) is Outcome.REGRESSED


def test_a_pair_counts_as_slower_when_it_is_by_more_than_half_the_limit() -> None:
    assert outcome(SLOW + [0.04] * 7 + [OVER_HALF, HALF, HALF]) is Outcome.REGRESSED


def test_processes_that_are_now_fast_now_slow_are_no_regression() -> None:
    # Measured: an unchanged pipeline on a quiet computer, the one false alarm of 222 gates by the rule before this one.
    percent = [0.3, -1.6, 2.2, 6.3, 6.0, 0.3, -4.5, 5.3, 1.0, 6.1, 4.9, 0.3, 6.0, 5.5, 5.3]
    assert outcome([value / 100 for value in percent]) is Outcome.DRIFT


@pytest.mark.parametrize(
    ("apart", "expected"), [(1 - 1e-9, Outcome.REGRESSED), (1 + 1e-9, Outcome.INCONCLUSIVE)], ids=["at", "over"]
)
def test_pairs_that_spread_by_no_more_than_the_limit_are_told_and_by_more_are_not(
    apart: float, expected: Outcome
) -> None:
    away = LIMIT / gate.SCALE * apart
    values = [0.06 + side * away for side in (-1, 1) * 7] + [0.06]
    assert gate.robust_spread(values) == pytest.approx(LIMIT * apart, rel=1e-12)
    assert outcome(values) is expected


@pytest.mark.parametrize(
    ("apart", "expected"), [(1 - 1e-9, Outcome.REGRESSED), (1 + 1e-9, Outcome.INCONCLUSIVE)], ids=["at", "over"]
)
def test_pairs_that_spread_further_are_told_where_they_are_slower_by_three_times_that(
    apart: float, expected: Outcome
) -> None:
    slower = math.log1p(0.5)
    away = slower / 3 / gate.SCALE * apart
    values = [slower + side * away for side in (-1, 1, -1, 1, 0, *(-1, 1) * 4, 0, 0)]
    assert gate.robust_spread(values) == pytest.approx(slower / 3 * apart, rel=1e-12)
    assert gate.robust_spread(values) > 4 * LIMIT
    assert outcome(values) is expected


def test_a_third_of_the_pairs_may_be_discarded_and_one_more_may_not() -> None:
    slower = SLOW + [0.05] * 10
    assert outcome(slower, discarded=7) is Outcome.REGRESSED
    assert outcome(slower, discarded=8) is Outcome.INCONCLUSIVE
    assert outcome([0.0] * 5, discarded=2) is Outcome.SAME
    assert outcome([0.0] * 5, discarded=3) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("kept", [6, 8, 10, 12, 14])
def test_a_third_is_a_third_whatever_the_number_of_pairs(kept: int) -> None:
    assert outcome([0.0] * kept, discarded=kept // 2) is Outcome.SAME
    assert outcome([0.0] * kept, discarded=kept // 2 + 1) is Outcome.INCONCLUSIVE


def test_first_pairs_that_are_all_discarded_end_the_gate() -> None:
    assert decide_ratios([], 4, RULE).wanted == 5
    decision = decide_ratios([], 5, RULE)
    assert (decision.outcome, decision.wanted, decision.pairs) == (Outcome.INCONCLUSIVE, 0, 0)
    assert decision.why == "5 of 5 pairs had to be discarded"


def test_a_first_pair_that_was_discarded_is_measured_again() -> None:
    decision = decide_ratios([0.0] * 2 + [0.1] * 2, 1, RULE)
    assert (decision.outcome, decision.wanted) == (None, 1)


@given(either, st.lists(st.floats(-1, 1), max_size=5))
def test_pairs_beyond_the_fifteenth_change_nothing(values: list[float], more: list[float]) -> None:
    assert decide_ratios(values + more, 0, RULE) == decide_ratios(values, 0, RULE)


@given(st.lists(st.floats(-0.5, HALF), min_size=5, max_size=5), st.lists(st.floats(-1, 1), max_size=10))
def test_pairs_after_a_first_stage_that_is_the_same_change_nothing(first: list[float], more: list[float]) -> None:
    assert decide_ratios(first + more, 0, RULE) == decide_ratios(first, 0, RULE)


@given(either, st.lists(st.floats(0, 0.3), min_size=15, max_size=15))
def test_slower_pairs_never_get_a_better_outcome(values: list[float], more: list[float]) -> None:
    slower = [value + extra for value, extra in zip(values, more, strict=True)]
    before, after = outcome(values), outcome(slower)
    assert before is not None
    assert after is not None
    assert RANK[before] <= RANK[after]


@given(st.lists(st.floats(0.0, 0.2), min_size=15, max_size=15), limits, limits)
def test_a_wider_limit_never_makes_a_regression_of_what_was_none(
    values: list[float], first: float, second: float
) -> None:
    strict, lax = sorted((first, second))
    if outcome(values, rule=Rule(limit=lax)) is Outcome.REGRESSED:
        assert outcome(values, rule=Rule(limit=strict)) in {Outcome.REGRESSED, Outcome.INCONCLUSIVE}


@given(either)
def test_two_arms_that_change_places_are_never_both_slower_and_never_both_faster(values: list[float]) -> None:
    paired = side_by_side(values)
    there, back = decide(paired).outcome, decide(swapped(paired)).outcome
    assert (there, back) not in {(Outcome.REGRESSED, Outcome.REGRESSED), (Outcome.BETTER, Outcome.BETTER)}


@given(st.lists(st.floats(-0.014, 0.014), min_size=5, max_size=5))
def test_two_arms_that_change_places_have_the_opposite_change_and_interval(values: list[float]) -> None:
    there, back = decide(side_by_side(values)), decide(swapped(side_by_side(values)))
    assert (there.change + 1) * (back.change + 1) == pytest.approx(1, rel=1e-12)
    assert (there.low + 1) * (back.high + 1) == pytest.approx(1, rel=1e-12)
    assert (there.high + 1) * (back.low + 1) == pytest.approx(1, rel=1e-12)


@given(either, st.sampled_from([2.0**-20, 0.5, 4.0, 1024.0]))
def test_the_unit_of_the_times_does_not_matter(values: list[float], scale: float) -> None:
    paired = side_by_side(values)
    scaled = Paired(tuple(scale * one for one in paired.baseline), tuple(scale * one for one in paired.candidate))
    assert decide(scaled) == decide(paired)


@given(either)
def test_what_is_reported_is_the_median_within_its_interval_and_counts_every_pair(values: list[float]) -> None:
    decision = decide_ratios(values, 0, RULE)
    assert decision.low <= decision.change <= decision.high
    assert 0 <= decision.slower <= decision.pairs
    assert decision.pairs in {5, 15}


def test_all_first_pairs_faster_by_more_than_half_the_limit_are_better_and_one_that_is_not_makes_it_the_same() -> None:
    assert outcome([math.nextafter(-HALF, -1)] * 5) is Outcome.BETTER
    assert outcome([-0.1] * 4 + [-HALF]) is Outcome.SAME


def test_the_interval_of_fifteen_pairs_leaves_out_two_at_each_end() -> None:
    decision = decide_ratios(SLOW + [0.01 * k for k in range(1, 11)], 0, RULE)
    ordered = sorted(SLOW + [0.01 * k for k in range(1, 11)])
    assert (decision.low, decision.high) == (math.expm1(ordered[2]), math.expm1(ordered[12]))


def test_that_interval_covers_the_median_in_99_3_percent() -> None:
    # P[Bin(15, 1/2) <= 2] lies outside at each end.
    missed = 2 * sum(math.comb(15, k) for k in range(3)) / 2**15
    assert round(1 - missed, 3) == 0.993


@given(limits, st.floats(0.001, 0.4999))
def test_the_limit_is_a_setting(limit: float, below: float) -> None:
    rule = Rule(limit=limit)
    assert outcome([math.log1p(limit * below)] * 5, rule=rule) is Outcome.SAME
    assert outcome([math.log1p(limit * (0.502 + below * 0.99))] * 15, rule=rule) is Outcome.DRIFT
    assert outcome([math.log1p(limit * (1.001 + below))] * 15, rule=rule) is Outcome.REGRESSED


@pytest.mark.parametrize("limit", [0.0, -0.01, math.nan, math.inf])
def test_a_limit_that_lets_nothing_pass_or_everything_is_refused(limit: float) -> None:
    with pytest.raises(BudgetError, match=r"cannot be told from none: let more than 0 % pass"):
        Rule(limit=limit)


@pytest.mark.parametrize("pair", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_times_that_are_none_have_no_ratio(pair: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="have no ratio"):
        gate.log_ratio(*pair)


WORDS = [
    (SLOW + [0.0] * 10, "5 pairs looked slower; 10 new ones did not confirm it"),
    ([*SLOW, 0.1, *([0.0] * 6)], "5 pairs looked slower; 7 new ones did not confirm it"),
    (SLOW + [0.0199] * 10, "+2.0 % in the 10 new pairs, where 3 % is allowed"),
    (SLOW + [LIMIT - 1e-5] * 10, "+2.999 % in the 10 new pairs, where 3 % is allowed"),
    (SLOW + [0.04] * 7 + [0.0] * 3, "only 7 of 10 new pairs slower by over 1.5 %, where 8 must be"),
    ([0.05, 0.15] * 7 + [0.1], "the pairs spread by 7.7 %: too far apart to tell a change of 3 %"),
]


@pytest.mark.parametrize(("values", "why"), WORDS, ids=[why for _, why in WORDS])
def test_what_speaks_against_a_clear_answer_is_said(values: list[float], why: str) -> None:
    assert decide_ratios(values, 0, RULE).why == why


def gates(slower: float, *, sd: float, count: int, seed: int) -> dict[Outcome, float]:
    """Return the share of each outcome of gates whose pairs scatter about a true slowdown."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    found = dict.fromkeys(Outcome, 0)
    for _ in range(count):
        values: list[float] = []
        decision = decide_ratios(values, 0, RULE)
        while decision.outcome is None:
            values += [chance.gauss(math.log1p(slower), sd) for _ in range(decision.wanted)]
            decision = decide_ratios(values, 0, RULE)
        found[decision.outcome] += 1
    return {outcome: number / count for outcome, number in found.items()}


def test_unchanged_pipelines_raise_no_alarm_in_a_thousand_where_pairs_scatter_by_a_percent() -> None:
    assert gates(0.0, sd=0.01, count=5000, seed=1)[Outcome.REGRESSED] < 1e-3


def test_unchanged_pipelines_raise_no_alarm_in_a_thousand_where_pairs_scatter_by_three_percent_either() -> None:
    assert gates(0.0, sd=0.03, count=5000, seed=2)[Outcome.REGRESSED] < 1e-3


def test_five_percent_are_caught_in_more_than_95_of_100_where_pairs_scatter_by_a_percent() -> None:
    shares = gates(0.05, sd=0.01, count=1000, seed=3)
    assert shares[Outcome.REGRESSED] > 0.95
    assert shares[Outcome.SAME] < 0.005


def test_a_true_slowdown_of_exactly_the_limit_is_caught_about_half_the_time() -> None:
    shares = gates(0.03, sd=0.01, count=1000, seed=4)
    assert 0.45 < shares[Outcome.REGRESSED] < 0.55
    assert shares[Outcome.REGRESSED] + shares[Outcome.DRIFT] > 0.99
