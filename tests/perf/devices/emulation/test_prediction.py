from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgesense.perf.devices.emulation import prediction, profiles
from edgesense.perf.devices.emulation.prediction import Cycles, Published
from edgesense.perf.records import Known, Reading

PI = next(one for one in profiles.emulated() if one.name == "pi4")
counts = st.floats(1e5, 1e10)
values = st.floats(0.2, 5.0)


def point(cycles: float, instructions: float = 1e8) -> Published:
    return Published("m", "f", "int8", "a72", 1.5e9, cycles * instructions / 1.5e9, instructions, "")


def counted(features: float, inference: float, rest: float = 0.0) -> Reading:
    total = features + inference + rest
    return Reading(total, total, total, Known.COUNTED, parts={"features": features, "inference": inference})


@given(st.lists(values, min_size=2, max_size=30))
def test_a_fit_holds_its_typical_value_between_its_ends(cycles: list[float]) -> None:
    fitted = prediction.fit([point(one) for one in cycles])
    assert fitted.low < fitted.typical < fitted.high
    assert min(cycles) * 0.999 <= fitted.typical <= max(cycles) * 1.001


@given(st.lists(values, min_size=2, max_size=20), st.floats(0.1, 10))
def test_a_fit_knows_nothing_but_ratios(cycles: list[float], factor: float) -> None:
    first = prediction.fit([point(one) for one in cycles])
    second = prediction.fit([point(one * factor) for one in cycles])
    assert second.typical == pytest.approx(first.typical * factor)
    assert second.ratio == pytest.approx(first.ratio)


@given(values)
def test_points_that_all_agree_leave_the_least_spread(cycles: float) -> None:
    fitted = prediction.fit([point(cycles)] * 8)
    assert fitted.ratio == pytest.approx(math.exp(2 * 1.895 * prediction.SPREAD_AT_LEAST * math.sqrt(1 + 1 / 8)))


def test_fewer_points_give_a_wider_interval_never_a_luckier_one() -> None:
    ratios = [prediction.fit([point(0.9), point(1.1)] * n).ratio for n in (1, 2, 4, 16)]
    assert ratios == sorted(ratios, reverse=True)


@given(counts, counts, st.floats(1.0, 10.0))
def test_more_instructions_never_take_less_time(features: float, inference: float, factor: float) -> None:
    fewer = prediction.predict(counted(features, inference), dtype="int8", profile=PI)
    more = prediction.predict(counted(features * factor, inference), dtype="int8", profile=PI)
    for end in ("low", "value", "high"):
        assert getattr(more[""], end) >= getattr(fewer[""], end) * 0.999999
    assert more["inference"] == fewer["inference"]


@given(counts, counts, counts)
def test_the_whole_is_its_stages_and_the_rest(features: float, inference: float, rest: float) -> None:
    times = prediction.predict(counted(features, inference, rest), dtype="float32", profile=PI)
    for end in ("low", "value", "high"):
        stages = getattr(times["features"], end) + getattr(times["inference"], end)
        assert getattr(times[""], end) > stages * 0.999999
    assert times[""].low < times[""].value < times[""].high


@given(counts)
def test_a_dtype_of_unknown_mixture_spans_both_kinds(inference: float) -> None:
    told = {
        dtype: prediction.predict(counted(0, inference), dtype=dtype, profile=PI)["inference"]
        for dtype in ("float32", "int8", "mixed")
    }
    assert told["mixed"].low == min(told["float32"].low, told["int8"].low)
    assert told["mixed"].high == max(told["float32"].high, told["int8"].high)


def test_weights_in_float16_run_as_float32() -> None:
    wide, narrow = (
        prediction.predict(counted(0, 1e7), dtype=dtype, profile=PI)["inference"] for dtype in ("float32", "float16")
    )
    assert narrow == wide


def test_without_stages_the_whole_is_the_models() -> None:
    bare = Reading(1e8, 1e8, 1e8, Known.COUNTED)
    staged = prediction.predict(counted(0, 1e8), dtype="int8", profile=PI)
    assert prediction.predict(bare, dtype="int8", profile=PI)[""].high == pytest.approx(staged["inference"].high)


def test_every_time_says_how_it_is_known_and_what_it_rests_on() -> None:
    times = prediction.predict(counted(1e7, 1e7), dtype="int8", profile=PI)
    assert {one.known for one in times.values()} == {Known.PREDICTED}
    assert "assumed" in times["features"].note
    assert "published times" in times["inference"].note


@pytest.mark.parametrize("core", sorted({one.core for one in profiles.emulated()}))
@pytest.mark.parametrize("kind", ["numpy", "float32", "int8", "mixed"])
def test_every_core_and_kind_has_an_interval(core: str, kind: str) -> None:
    found = prediction.cycles(core, kind)
    assert 0 < found.low < found.typical < found.high


def test_every_published_time_names_its_source_and_is_plausible() -> None:
    for one in prediction.published():
        assert one.source
        # A core of two to four instructions a cycle cannot do better; slower than 3 cycles each is no such kernel.
        assert 0.25 < one.cycles_per_instruction < 3


@given(st.lists(st.tuples(values, values, values), min_size=1, max_size=5))
def test_what_spans_intervals_holds_each_of_them(ends: list[tuple[float, float, float]]) -> None:
    every = [Cycles(*sorted(one), "x") for one in ends]
    assume(all(one.low > 0 for one in every))
    whole = prediction.spanning(every)
    assert all(whole.low <= one.low and one.high <= whole.high for one in every)
