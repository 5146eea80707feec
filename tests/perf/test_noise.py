from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.perf import gate, noise
from edgesense.perf.noise import Level
from edgesense.perf.verdicts import Outcome

RULE = gate.Rule()
RATIOS = st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=20)


def caught(spread: float) -> float:
    """Return the share of gates that catch a true 5 % where pairs have normal noise of so large a spread."""
    chance = random.Random(7)  # noqa: S311 - the same gates in each run
    scale = math.log1p(spread)
    gates = [[scale * chance.gauss(0, 1) for _ in range(RULE.at_most)] for _ in range(10_000)]
    return noise.outcomes(gates, noise.REFERENCE, RULE)[Outcome.REGRESSED]


@pytest.mark.parametrize("level", noise.SCALE, ids=str)
def test_a_level_ends_where_the_rule_misses_its_share_of_true_slowdowns(level: Level) -> None:
    largest, share = noise.SCALE[level]
    assert caught(largest) >= share > caught(largest + noise.STEP)


BOUNDARIES = [
    (0.0, Level.QUIET),
    (0.017, Level.QUIET),
    (0.0171, Level.FAIRLY_QUIET),
    (0.019, Level.FAIRLY_QUIET),
    (0.0191, Level.NOISY),
    (0.031, Level.NOISY),
    (0.0311, Level.VERY_NOISY),
    (9.0, Level.VERY_NOISY),
]


@pytest.mark.parametrize(("spread", "level"), BOUNDARIES)
def test_a_spread_is_told_in_words(spread: float, level: Level) -> None:
    assert noise.level(spread) is level


def test_levels_rank_from_the_quietest_on() -> None:
    assert [one.rank for one in Level] == [0, 1, 2, 3]
    assert noise.level(0.0).rank < noise.level(1.0).rank


def test_without_noise_the_smallest_slowdown_is_the_first_step_over_the_limit() -> None:
    assert noise.smallest([[0.0] * 15] * 10, RULE) == pytest.approx(0.031)


def test_another_limit_moves_the_smallest_slowdown_along() -> None:
    assert noise.smallest([[0.0] * 15] * 10, gate.Rule(limit=0.1)) == pytest.approx(0.101)


def test_where_the_guard_stops_too_many_gates_no_slowdown_is_large_enough() -> None:
    found = noise.assess([-0.6, -0.3, 0.0, 0.3, 0.6], RULE)
    assert found.smallest is None
    assert found.level is Level.VERY_NOISY
    assert found.expected[0.1][Outcome.INCONCLUSIVE] > 0.05


def test_a_slowdown_far_larger_than_the_spread_is_caught_on_a_very_noisy_computer_too() -> None:
    found = noise.assess([-0.06, -0.03, 0.0, 0.03, 0.06], RULE)
    assert found.level is Level.VERY_NOISY
    assert found.smallest is not None
    assert 3 * found.spread < found.smallest < 0.5


def test_the_smallest_slowdown_is_caught_often_enough_and_one_step_less_is_not() -> None:
    drawn = noise.draw([-0.02, -0.01, -0.003, 0.0, 0.004, 0.01, 0.02], RULE)
    smallest = noise.smallest(drawn, RULE)
    assert smallest is not None
    assert noise.outcomes(drawn, smallest, RULE)[Outcome.REGRESSED] >= 0.95
    assert noise.outcomes(drawn, smallest - noise.STEP, RULE)[Outcome.REGRESSED] < 0.95


def test_exactly_the_limit_is_caught_half_the_time() -> None:
    chance = random.Random(1)  # noqa: S311 - the same pairs in each run
    found = noise.assess([chance.gauss(0, 0.008) for _ in range(200)], RULE)
    assert found.expected[0.03][Outcome.REGRESSED] == pytest.approx(0.5, abs=0.05)


@given(RATIOS, st.floats(0, 0.2), st.floats(0, 0.2))
def test_a_larger_slowdown_is_caught_at_least_as_often(ratios: list[float], one: float, other: float) -> None:
    drawn = noise.draw(ratios, RULE, gates=50)
    less, more = (noise.outcomes(drawn, share, RULE).get(Outcome.REGRESSED, 0.0) for share in sorted([one, other]))
    assert less <= more


@given(RATIOS)
def test_the_outcomes_of_gates_add_up_to_all_of_them(ratios: list[float]) -> None:
    assert sum(noise.outcomes(noise.draw(ratios, RULE, gates=50), 0.04, RULE).values()) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def measured() -> list[float]:
    chance = random.Random(5)  # noqa: S311 - the same pairs in each run
    return [chance.gauss(0, 0.01) for _ in range(15)]


def test_the_same_pairs_always_say_the_same(measured: list[float]) -> None:
    assert noise.assess(measured, RULE) == noise.assess(measured, RULE)


def test_which_arm_was_called_the_baseline_does_not_change_the_noise(measured: list[float]) -> None:
    one, other = noise.assess(measured, RULE), noise.assess([-ratio for ratio in measured], RULE)
    assert (one.spread, one.low, one.high, one.largest) == (other.spread, other.low, other.high, other.largest)


def test_the_spread_is_that_of_the_noise_and_lies_in_its_interval(measured: list[float]) -> None:
    found = noise.assess(measured, RULE)
    assert found.spread == pytest.approx(0.01, rel=0.5)
    assert found.low <= found.spread <= found.high
    assert found.largest == pytest.approx(math.expm1(max(abs(ratio) for ratio in measured)))


def test_an_arm_that_is_favoured_shows_as_an_offset_outside_of_zero() -> None:
    found = noise.assess([0.02 + 0.001 * (index % 3) for index in range(20)], RULE)
    value, low, high = found.offset
    assert 0 < low <= value <= high


def test_one_pair_tells_no_noise() -> None:
    with pytest.raises(ValueError, match="noise needs at least 2 pairs; got 1"):
        noise.assess([0.01], RULE)
