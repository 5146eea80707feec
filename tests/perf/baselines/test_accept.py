from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from edgesense.perf.baselines import MODES, accept, outstanding
from edgesense.perf.judge import judge
from edgesense.perf.records import Baseline, Known, Labelled, Measurement, Missing, Origin, Reading
from edgesense.perf.verdicts import Outcome

HERE = {"os": "debian 12", "python": "3.11", "numpy": "2.0"}
OLD = {"os": "debian 11", "python": "3.11", "numpy": "1.26"}


def number(value: float, known: Known = Known.EXACT) -> Reading:
    return Reading(value, value, value, known)


MEMORY = number(1e8, Known.MEASURED)


def stored(readings: Mapping[str, Reading], where: Mapping[str, str] = HERE, **more: Any) -> Baseline:
    return Baseline("t", "host", where, {"model": "old"}, readings, **more)


def accepted(
    readings: Mapping[str, Reading],
    old: Baseline | None,
    mode: str = "met",
    bounds: Mapping[str, float] | None = None,
    missing: Mapping[str, Missing] | None = None,
) -> Baseline | None:
    """Judge and accept, as a run does."""
    measurement = Measurement("host", HERE, {"model": "new"}, readings, missing or {})
    return accept(judge("t", bounds or {}, measurement, old), measurement, old, mode)


@pytest.mark.parametrize("mode", MODES)
def test_the_first_run_of_a_test_is_stored_in_every_mode(mode: str) -> None:
    assert accepted({"size_kb": number(100)}, None, mode) == Baseline(
        "t", "host", HERE, {"model": "new"}, {"size_kb": number(100)}
    )


def test_a_regression_within_the_budget_is_accepted() -> None:
    new = accepted({"size_kb": number(200)}, stored({"size_kb": number(100)}), bounds={"size_kb": 300.0})
    assert new is not None
    assert new.readings == {"size_kb": number(200)}


@pytest.mark.parametrize("mode", ["met", "new"])
def test_a_test_over_its_budget_is_not_stored(mode: str) -> None:
    assert accepted({"size_kb": number(200), "acc": number(0.9)}, None, mode, bounds={"size_kb": 100.0}) is None


def test_mode_all_stores_a_test_over_its_budget() -> None:
    new = accepted({"size_kb": number(200)}, stored({"size_kb": number(90)}), "all", bounds={"size_kb": 100.0})
    assert new is not None
    assert new.readings["size_kb"].value == 200


def test_mode_new_stores_only_numbers_that_have_no_baseline() -> None:
    new = accepted({"size_kb": number(200), "acc": number(0.9)}, stored({"size_kb": number(100)}), "new")
    assert new is not None
    assert new.readings == {"size_kb": number(100), "acc": number(0.9)}


def test_mode_new_stores_nothing_where_every_number_has_a_baseline() -> None:
    assert accepted({"size_kb": number(200)}, stored({"size_kb": number(100)}), "new") is None


def test_an_unchanged_test_is_not_written_again() -> None:
    assert accepted({"size_kb": number(100)}, stored({"size_kb": number(100)})) is None


def test_what_could_not_be_measured_keeps_its_old_value() -> None:
    old = stored({"rss_mb": MEMORY, "size_kb": number(100)})
    new = accepted({"size_kb": number(101)}, old, missing={"rss_mb": Missing("killed")})
    assert new is not None
    assert new.readings == {"rss_mb": MEMORY, "size_kb": number(101)}


def test_a_number_with_an_inconclusive_budget_keeps_its_old_value() -> None:
    unsure = Reading(100, 90, 110, Known.PREDICTED)
    old = stored({"instructions_m": number(80, Known.PREDICTED)})
    assert accepted({"instructions_m": unsure}, old, bounds={"instructions_m": 100.0}) is None


def test_an_accuracy_that_is_not_deterministic_keeps_its_old_value_with_and_without_a_limit() -> None:
    now = Reading(0.95, 0.9, 1.0, Known.EXACT, labelled=Labelled("a", "1" * 19 + "0", unsteady=(3,)))
    for bounds in ({}, {"acc": 0.5}):
        assert accepted({"acc": now}, stored({"acc": number(0.9)}), "all", bounds=bounds) is None
        assert accepted({"acc": now}, None, "all", bounds=bounds) is None


MADE_OF = Origin("models/x", {"models/x/model.tflite": "ab"}, "cd")
OF_OLD = Origin("models/x", {"models/x/model.tflite": "00"}, "cd")


def of(origin: Origin | None, old: Baseline | None, mode: str) -> Baseline | None:
    """Judge and accept a run with a time alone, made of `origin`."""
    measurement = Measurement("host", HERE, {}, {"latency_ms": number(0.01, Known.MEASURED)}, origin=origin)
    return accept(judge("t", {}, measurement, old), measurement, old, mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_test_with_times_alone_stores_what_it_was_made_of(mode: str) -> None:
    new = of(MADE_OF, None, mode)
    assert new is not None
    assert (new.readings, new.origin) == ({}, MADE_OF)


@pytest.mark.parametrize("mode", MODES)
def test_a_baseline_of_an_earlier_release_learns_what_it_is_made_of(mode: str) -> None:
    new = of(MADE_OF, stored({}), mode)
    assert new is not None
    assert new.origin == MADE_OF


@pytest.mark.parametrize("mode", MODES)
def test_a_test_made_of_the_same_is_not_written_again(mode: str) -> None:
    assert of(MADE_OF, stored({}, origin=MADE_OF), mode) is None


@pytest.mark.parametrize("mode", ["met", "all"])
def test_what_is_accepted_is_from_now_on_what_it_was_made_of(mode: str) -> None:
    new = of(MADE_OF, stored({}, origin=OF_OLD), mode)
    assert new is not None
    assert new.origin == MADE_OF


def test_mode_new_leaves_what_the_accepted_numbers_were_made_of() -> None:
    assert of(MADE_OF, stored({}, origin=OF_OLD), "new") is None


def test_times_are_never_stored() -> None:
    new = accepted({"latency_ms": number(0.01, Known.MEASURED), "size_kb": number(1)}, None)
    assert new is not None
    assert list(new.readings) == ["size_kb"]


def test_a_test_with_times_alone_stores_nothing() -> None:
    assert accepted({"latency_ms": number(0.01, Known.MEASURED)}, None) is None


def test_a_number_kept_from_another_computer_remembers_where_it_was_made() -> None:
    old = stored({"rss_mb": MEMORY, "size_kb": number(100)}, OLD)
    new = accepted({"size_kb": number(101)}, old, missing={"rss_mb": Missing("killed")})
    assert new is not None
    assert new.fingerprint == HERE
    assert new.elsewhere == {"rss_mb": OLD}


def test_a_kept_number_keeps_its_place_through_further_updates() -> None:
    old = stored({"rss_mb": MEMORY, "size_kb": number(100)}, {"os": "x"}, elsewhere={"rss_mb": OLD})
    new = accepted({"size_kb": number(101)}, old)
    assert new is not None
    assert new.elsewhere == {"rss_mb": OLD}


def test_a_number_measured_anew_is_from_here_again() -> None:
    old = stored({"rss_mb": MEMORY}, HERE, elsewhere={"rss_mb": OLD})
    new = accepted({"rss_mb": number(1.01e8, Known.MEASURED)}, old)
    assert new is not None
    assert new.elsewhere == {}


def test_the_same_number_on_other_software_is_stored_so_that_it_becomes_comparable() -> None:
    old = stored({"rss_mb": MEMORY}, OLD)
    measurement = Measurement("host", HERE, {}, {"rss_mb": MEMORY})
    assert judge("t", {}, measurement, old).findings[0].regression is Outcome.NOT_COMPARABLE
    new = accept(judge("t", {}, measurement, old), measurement, old, "met")
    assert new is not None
    assert judge("t", {}, measurement, new).findings[0].regression is Outcome.SAME


def test_a_difference_that_a_number_does_not_depend_on_is_no_reason_to_write() -> None:
    assert accepted({"size_kb": number(100)}, stored({"size_kb": number(100)}, OLD)) is None


@pytest.mark.parametrize(
    ("mode", "left"),
    [(None, ["size_kb", "rss_mb"]), ("met", ["size_kb"]), ("new", ["size_kb", "rss_mb"]), ("all", [])],
)
def test_what_a_mode_accepts_fails_no_longer(mode: str | None, left: list[str]) -> None:
    readings = {"size_kb": number(200), "rss_mb": number(2e8, Known.MEASURED)}
    old = stored({"size_kb": number(200), "rss_mb": MEMORY})
    verdict = judge("t", {"size_kb": 100.0}, Measurement("host", HERE, {}, readings), old)
    assert [finding.limit for finding in outstanding(verdict, mode)] == left


@pytest.mark.parametrize("mode", MODES)
def test_no_mode_accepts_what_is_missing(mode: str) -> None:
    measurement = Measurement("host", HERE, {}, {}, {"size_kb": Missing("gone")})
    verdict = judge("t", {"size_kb": 100.0}, measurement, None, strict=True)
    assert [finding.limit for finding in outstanding(verdict, mode)] == ["size_kb"]
