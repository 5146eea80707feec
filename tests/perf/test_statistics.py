from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgesense.perf import statistics

seconds = st.floats(1e-6, 1e3)
shares = st.sampled_from([0.1, 0.5, 0.9, 0.95, 0.99])


def bound_rank(n: int, q: float) -> int:
    """Return which largest value of n the bound is; the values are their own ranks from above."""
    bound = statistics.percentile_bound([float(n - index) for index in range(n)], q)
    return 0 if bound is None else n - int(bound) + 1


@given(st.lists(seconds, min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_is_numpys(values: list[float], q: float) -> None:
    assert statistics.quantile(values, q) == pytest.approx(float(np.quantile(values, q)), rel=1e-12)


@pytest.mark.parametrize(("values", "q"), [([], 0.5), ([1.0], -0.1), ([1.0], 1.1)])
def test_a_quantile_of_nothing_or_outside_0_to_1_is_refused(values: list[float], q: float) -> None:
    with pytest.raises(ValueError, match="needs values and a share"):
        statistics.quantile(values, q)


@given(st.integers(1, 400), shares, st.sampled_from([0.9, 0.95, 0.99]))
def test_a_quantile_interval_covers_with_its_confidence_unless_it_ends_at_an_extreme(
    n: int, q: float, confidence: float
) -> None:
    low, high = statistics.quantile_interval([float(rank) for rank in range(1, n + 1)], q, confidence)
    tail = (1 - confidence) / 2 + 1e-12
    below = float(stats.binom.cdf(low - 1, n, q))
    above = float(stats.binom.sf(high - 1, n, q))
    assert below <= tail or low == 1
    assert above <= tail or high == n


@given(st.integers(1, 400), shares)
def test_a_quantile_interval_is_the_tightest_that_covers(n: int, q: float) -> None:
    low, high = statistics.quantile_interval([float(rank) for rank in range(1, n + 1)], q)
    tail = (1 - statistics.CONFIDENCE) / 2 - 1e-12
    assert low == n or float(stats.binom.cdf(low, n, q)) > tail
    assert high == 1 or float(stats.binom.sf(high - 2, n, q)) > tail


@given(st.lists(seconds, min_size=1, max_size=120), shares)
def test_quantile_intervals_are_nested_in_confidence(values: list[float], q: float) -> None:
    intervals = [statistics.quantile_interval(values, q, confidence) for confidence in (0.5, 0.9, 0.99, 0.999)]
    for (low, high), (wider_low, wider_high) in itertools.pairwise(intervals):
        assert wider_low <= low <= high <= wider_high


@given(st.lists(seconds, min_size=1, max_size=120))
def test_the_median_lies_in_its_interval(values: list[float]) -> None:
    low, high = statistics.quantile_interval(values, 0.5)
    assert low <= statistics.median(values) <= high


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        statistics.quantile_interval([], 0.5)


@pytest.mark.parametrize(("q", "calls"), [(0.5, 11), (0.9, 64), (0.95, 130), (0.99, 662)])
def test_the_fewest_calls_are_those_of_loadgens_rule(q: float, calls: int) -> None:
    assert statistics.fewest_calls(q) == calls
    assert statistics.percentile_bound([1.0] * calls, q) == 1.0
    assert statistics.percentile_bound([1.0] * (calls - 1), q) is None


def test_no_calls_have_no_bound() -> None:
    assert statistics.percentile_bound([], 0.9) is None


@given(st.integers(64, 3000), st.sampled_from([0.5, 0.9]))
def test_a_percentile_bound_is_missed_by_the_true_percentile_in_one_of_a_hundred_at_most(n: int, q: float) -> None:
    rank = bound_rank(n, q)
    assert stats.binom.cdf(rank, n, 1 - q) <= 0.01 + 1e-9
    assert stats.binom.cdf(rank + 1, n, 1 - q) > 0.01 - 1e-9


@given(st.lists(seconds, min_size=65, max_size=300), st.integers(1, 200))
def test_leaving_out_the_fastest_calls_never_gives_a_luckier_bound(values: list[float], left_out: int) -> None:
    fewer = sorted(values)[left_out:]
    full, less = statistics.percentile_bound(values, 0.9), statistics.percentile_bound(fewer, 0.9)
    assert full is not None
    assert less is None or less >= full


@given(st.integers(64, 600), st.integers(2, 5))
def test_the_same_calls_in_smaller_number_never_give_a_luckier_bound(n: int, times: int) -> None:
    assert bound_rank(n * times, 0.9) >= times * bound_rank(n, 0.9)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_share_and_stays_within_0_and_1(pair: tuple[int, int]) -> None:
    right, n = pair
    low, high = statistics.wilson(right, n)
    assert 0 <= low <= right / n <= high <= 1


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_scipys(pair: tuple[int, int]) -> None:
    right, n = pair
    theirs = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert statistics.wilson(right, n) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_a_share_of_no_trials_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        statistics.wilson(0, 0)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test_and_symmetric(lost: int, gained: int) -> None:
    p = statistics.mcnemar(lost, gained)
    assert p == statistics.mcnemar(gained, lost)
    expected = stats.binomtest(lost, lost + gained, 0.5).pvalue if lost + gained else 1.0
    assert p == pytest.approx(expected, rel=1e-9)


def test_mcnemar_of_thousands_of_flips_neither_overflows_nor_vanishes() -> None:
    assert 0 <= statistics.mcnemar(3000, 5000) < 1e-100
    assert statistics.mcnemar(4000, 4000) == 1.0


answers = st.integers(0, 60).flatmap(lambda n: st.tuples(*[st.text("01", min_size=n, max_size=n)] * 2))


@given(answers)
def test_flips_account_for_the_change_in_right_answers(pair: tuple[str, str]) -> None:
    before, after = pair
    lost, gained = statistics.flips(before, after)
    assert len(gained) - len(lost) == after.count("1") - before.count("1")
    assert all(before[clip] == "1" and after[clip] == "0" for clip in lost)
    assert all(before[clip] == "0" and after[clip] == "1" for clip in gained)


def test_results_of_different_numbers_of_clips_cannot_be_paired() -> None:
    with pytest.raises(ValueError, match="of 2 and of 3 clips"):
        statistics.flips("11", "101")


@pytest.mark.parametrize(
    ("second", "over"),
    [(1.0, True), (1.02, True), (1.021, False), (0.979, False)],
    ids=["same", "2 %", "2.1 %", "less"],
)
def test_a_warm_up_is_over_when_two_block_medians_agree_within_two_percent(second: float, over: bool) -> None:
    assert statistics.settled([9.0] * 7 + [1.0] * 10 + [second] * 10, block=10) is over


def test_a_warm_up_of_less_than_two_blocks_is_not_over() -> None:
    assert not statistics.settled([1.0] * 19, block=10)


@given(st.integers(1, 3000), st.floats(0.01, 0.99))
def test_binomial_sums_end_at_one(n: int, p: float) -> None:
    cdf = statistics._binomial_cdf(n, p)
    assert math.isclose(cdf[-1], 1.0, rel_tol=1e-9)
    assert list(cdf) == sorted(cdf)
