from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import BudgetError
from edgesense.perf import metrics, plan
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Budget, Known

WORDS = ("host", "pi", "pi4", "pi5")


@dataclass(frozen=True)
class Board(Table):
    """A table with an alias, and a count that comes along."""

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.name, "pi4"})

    def implied(self, metrics: Any) -> tuple[str, ...]:
        return ("instructions_m",) if "latency_ms" in metrics else ()


def board() -> Board:
    return Board({}, name="pi", limits={"latency_ms": Known.PREDICTED, "size_kb": Known.EXACT, "acc": Known.STAND_IN})


def test_the_nearest_mark_wins_limit_by_limit() -> None:
    merged = plan.merge([{"latency_ms": 50, "size_kb": 600}, {"latency_ms": 40}, {"acc": 0.8}])
    assert merged == {"latency_ms": 40, "size_kb": 600, "acc": 0.8}


def test_none_removes_a_limit_that_a_farther_mark_gave() -> None:
    assert plan.merge([{"latency_ms": 50, "size_kb": 600}, {"latency_ms": None}]) == {"size_kb": 600}


def test_a_nearer_mark_can_give_back_what_one_between_removed() -> None:
    assert plan.merge([{"acc": 0.8}, {"acc": None}, {"acc": 0.7}]) == {"acc": 0.7}


@given(st.lists(st.dictionaries(st.sampled_from(["acc", "size_kb", "rss_mb"]), st.none() | st.integers()), max_size=4))
def test_marks_merged_step_by_step_are_marks_merged_at_once(marks: list[dict[str, int | None]]) -> None:
    last = marks[-1] if marks else {}
    merged = plan.merge(marks)
    assert all(merged.get(name) == bound for name, bound in last.items())
    assert None not in merged.values()


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        ({"latency_m": 50}, "unknown limit 'latency_m': did you mean latency_ms"),
        ({"zzz": 50}, "unknown limit 'zzz': allowed: acc, acc_drop"),
        ({"latency_ms": -1}, "latency_ms=-1 is negative"),
        ({"latency_ms": "50"}, "latency_ms='50' is not a finite number"),
        ({"latency_ms": True}, "latency_ms=True is not a finite number"),
        ({"latency_ms": float("nan")}, "latency_ms=nan is not a finite number"),
        ({"latency_ms": float("inf")}, "latency_ms=inf is not a finite number"),
        ({"latency_ms": 10**400}, "is not a finite number"),
        ({"latency_ms": [50]}, r"latency_ms=\[50\] is not a finite number"),
        ({"acc": 85}, r"acc=85 is over 1: .* did you mean 0\.85\?"),
        ({"acc": 1.0000001}, "is over 1"),
        ({"acc": 850}, r"acc=850 is over 1: it is a share from 0 to 1$"),
        ({"acc_drop": 1.4}, r"did you mean 0\.014\?"),
        ({"latency_ms": {}}, "names no device"),
        ({"latency_ms": {"pi": -1}}, r"latency_ms\['pi'\]=-1 is negative"),
        ({"latency_ms": {"pi": None}}, r"latency_ms\['pi'\]=None is not a finite number"),
        ({"latency_ms": {"py": 50}}, "unknown device 'py': did you mean pi"),
        ({"latency_ms": {"esp": 50}}, "unknown device 'esp': allowed: default, host, pi"),
        ({"latency_ms": {4: 50}}, "unknown device 4"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(limits: dict[str, Any], match: str) -> None:
    with pytest.raises(BudgetError, match=match):
        plan.check_limits(limits, WORDS)


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"latency_ms": 0},
        {"acc": 0},
        {"acc": 1},
        {"acc": 1.0, "acc_drop": 0.014},
        {"latency_ms": {"pi": 50, "default": 10}},
        {"size_kb": 1e12},
    ],
)
def test_a_limit_that_can_be_meant_is_taken(limits: dict[str, Any]) -> None:
    plan.check_limits(limits, WORDS)


@given(
    st.dictionaries(st.sampled_from(sorted(metrics.every())) | st.text(max_size=5), st.from_type(object), max_size=3)
)
def test_whatever_is_given_as_a_limit_is_taken_or_refused_in_words(limits: dict[str, Any]) -> None:
    with contextlib.suppress(BudgetError):
        plan.check_limits(limits, WORDS)


def test_one_number_holds_for_every_device_in_base_units() -> None:
    bounds, absent = plan.resolve({"latency_ms": 50, "size_kb": 600, "acc": 0.85}, board())
    assert bounds == {"latency_ms": pytest.approx(0.05), "size_kb": 600 * 1024, "acc": 0.85}
    assert absent == ()


@pytest.mark.parametrize("key", ["pi", "pi4", "default"])
def test_a_limit_is_found_by_the_devices_name_its_alias_or_default(key: str) -> None:
    bounds, _ = plan.resolve({"size_kb": {key: 2}}, board())
    assert bounds == {"size_kb": 2048}


def test_a_devices_own_limit_beats_the_default() -> None:
    bounds, _ = plan.resolve({"size_kb": {"default": 1, "pi4": 2}}, board())
    assert bounds == {"size_kb": 2048}


def test_a_limit_for_other_devices_only_is_named_as_absent() -> None:
    bounds, absent = plan.resolve({"size_kb": {"host": 1}, "acc": 0.8}, board())
    assert bounds == {"acc": 0.8}
    assert absent == ("size_kb",)


def test_a_limit_the_device_can_never_answer_is_refused_with_what_it_can() -> None:
    with pytest.raises(BudgetError, match="latency_p99_ms can never be answered by pi; it can answer acc, latency_ms"):
        plan.resolve({"latency_p99_ms": 50}, board())


def test_a_limit_the_device_can_never_answer_is_left_alone_where_it_is_for_another() -> None:
    assert plan.resolve({"latency_p99_ms": {"host": 50}}, board()) == ({}, ("latency_p99_ms",))


def test_two_limits_for_one_device_are_refused() -> None:
    with pytest.raises(BudgetError, match="size_kb has 2 limits for pi: pi, pi4"):
        plan.resolve({"size_kb": {"pi": 1, "pi4": 2}}, board())


def test_a_job_asks_for_the_limits_and_what_comes_along() -> None:
    budget = Budget("t", {"latency_ms": 50, "acc": 0.8}, pipeline="models/x")
    bounds, _ = plan.resolve(budget.limits, board())
    settings = plan.RunSettings(
        Path("/r"), runtime="tflite", threads=2, sys_path=("a",), ship=("b",), timeout_seconds=9, delegate="none"
    )
    job = plan.make_job(budget, bounds, board(), settings)
    assert job.metrics == ("acc", "instructions_m", "latency_ms")
    assert dict(job.bounds) == bounds
    assert (job.workload, job.root, job.runtime, job.threads) == ("models/x", Path("/r"), "tflite", 2)
    assert job.delegate == "none"
    assert (job.sys_path, job.ship, job.timeout_seconds) == (("a",), ("b",), 9)


def test_jobs_of_equal_budgets_are_equal_and_hashable() -> None:
    settings = plan.RunSettings(Path("/r"))
    first = plan.make_job(Budget("a", {}, "m"), {"acc": 0.8, "size_kb": 1.0}, board(), settings)
    second = plan.make_job(Budget("b", {}, "m"), {"size_kb": 1.0, "acc": 0.8}, board(), settings)
    assert {first: 1}[second] == 1


def test_a_budget_without_a_pipeline_is_refused_with_the_three_ways_to_give_one() -> None:
    with pytest.raises(BudgetError, match="marker, an edge_pipeline fixture, or the ini key"):
        plan.make_job(Budget("t", {"acc": 0.8}), {"acc": 0.8}, board(), plan.RunSettings(Path("/r")))
