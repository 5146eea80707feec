from __future__ import annotations

import numpy as np
import pytest
import rules
from pytest_benchmark.utils import PercentageRegressionCheck

from edgesense.perf import statistics

DEFAULT = {"tenth": 0.95, "minimum": 0.9, "median": 1.0, "mean": 1.05, "sd": 0.05}


def run(*processes: dict[str, float]) -> rules.Run:
    return rules.Run(np.array([list((DEFAULT | one).values()) for one in processes or ({},)]))


def of_calls(*processes: np.ndarray) -> rules.Run:
    rows = [[np.quantile(c, 0.1), c.min(), np.median(c), c.mean(), c.std(ddof=1)] for c in processes]
    return rules.Run(np.array(rows))


@pytest.mark.parametrize(("now", "alarm"), [(0.945, False), (0.9451, True), (0.5, False)])
def test_pytest_benchmarks_minimum_may_be_5_percent_slower_and_no_more(now: float, alarm: bool) -> None:
    assert rules.PEERS["pytest-benchmark min:5%"](run(), run({"minimum": now})) is alarm
    compared = PercentageRegressionCheck("min", 5).fails({"min": now}, {"min": 0.9})
    assert bool(compared) is alarm


def test_pytest_benchmarks_mean_does_not_look_at_the_minimum() -> None:
    slow = run({"minimum": 2.0})
    assert not rules.PEERS["pytest-benchmark mean:5%"](run(), slow)
    assert rules.PEERS["pytest-benchmark mean:5%"](run(), run({"mean": 1.2}))


@pytest.mark.parametrize(("now", "alarm"), [(1.09, False), (1.11, True)])
def test_asv_lets_a_factor_pass(now: float, alarm: bool) -> None:
    both = run({}, {})
    slower = run({"median": now, "tenth": now - 0.05}, {"median": now, "tenth": now - 0.05})
    assert rules.PEERS["asv, factor 1.1 (its default)"](both, slower) is alarm


def test_asv_says_nothing_while_the_intervals_of_the_medians_overlap() -> None:
    wide = {"tenth": 0.5}
    assert not rules.asv(1.05, run(wide, wide), run(wide | {"median": 1.1}, wide | {"median": 1.1}))
    assert rules.asv(1.05, run({}, {}), run({"median": 1.1}, {"median": 1.1}))


def test_asvs_interval_is_nearly_that_of_order_statistics_where_calls_are_normal() -> None:
    chance = np.random.default_rng(1)
    widths, exact = [], []
    for _ in range(200):
        calls = chance.normal(1.0, 0.01, rules.CALLS)
        _, low, high = rules.median_interval(of_calls(calls, calls))
        widths.append(high - low)
        ends = statistics.quantile_interval(calls.tolist(), 0.5, 0.99)
        exact.append(ends[1] - ends[0])
    # Order statistics are a little wider than they need to be, since they come in steps.
    assert 0.85 * np.mean(exact) < np.mean(widths) < np.mean(exact)


@pytest.mark.parametrize(("shift", "alarm"), [(2.30, False), (2.31, True), (-5.0, False)])
def test_pyperfs_t_test_of_five_against_five_processes_turns_at_2_306(shift: float, alarm: bool) -> None:
    # Means 1 to 5 have variance 2.5: the score of a shift is the shift itself.
    before = run(*({"mean": float(mean)} for mean in range(1, 6)))
    now = run(*({"mean": mean + shift} for mean in range(1, 6)))
    assert rules.pyperf(before, now) is alarm


@pytest.mark.parametrize(("now", "alarm"), [(1.015, False), (1.025, True), (0.9, False)])
def test_criterion_wants_the_whole_interval_over_its_noise_threshold(now: float, alarm: bool) -> None:
    before = run({"mean": 1.0, "sd": 0.035})
    # A standard error of 0.7 %: 1.4 % on either side.
    assert rules.criterion(0.01, before, run({"mean": now + 0.0001, "sd": 0.035})) is alarm
    assert not rules.criterion(0.02, before, run({"mean": now, "sd": 0.05}))


def test_the_normal_approximation_is_the_bootstrap_of_a_hundred_calls() -> None:
    chance = np.random.default_rng(2)
    # Calls as they are here: a floor, a body and a tail of stalls.
    before, now = (0.005 * level * (1 + chance.gamma(1.0, 0.03, rules.CALLS)) for level in (1.0, 1.03))
    picks = chance.integers(0, rules.CALLS, (2, 20_000, rules.CALLS))
    drawn = now[picks[1]].mean(axis=1) / before[picks[0]].mean(axis=1) - 1
    change, error = rules.mean_change(of_calls(before), of_calls(now))
    assert error == pytest.approx(drawn.std(), rel=0.03)
    assert change - 1.96 * error == pytest.approx(np.quantile(drawn, 0.025), abs=0.0005)


@pytest.mark.parametrize("name", rules.PEERS)
def test_no_rule_calls_a_faster_or_an_equal_run_slower(name: str) -> None:
    rows = [{"mean": 1.05 + 0.001 * index} for index in range(5)]
    faster = [{key: value * 0.8 for key, value in (DEFAULT | row).items()} for row in rows]
    rule = rules.PEERS[name]
    assert not rule(run(*rows), run(*rows))
    assert not rule(run(*rows), run(*faster))
    assert rule(run(*faster), run(*rows))
