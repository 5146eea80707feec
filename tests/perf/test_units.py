from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgesense.perf import units

EVERY = [
    units.MILLISECOND,
    units.KIBIBYTE,
    units.MEBIBYTE,
    units.MILLION,
    units.MILLIJOULE,
    units.HOUR,
    units.RATIO,
]
each_unit = st.sampled_from(EVERY)
numbers = st.floats(0, 1e12, allow_subnormal=False)


@given(each_unit, numbers)
def test_a_number_survives_the_way_to_base_units_and_back(unit: units.Unit, value: float) -> None:
    assert unit.from_base(unit.to_base(value)) == pytest.approx(value, rel=1e-15)


@given(each_unit, numbers)
def test_printed_text_reads_back_as_the_number_to_two_digits(unit: units.Unit, value: float) -> None:
    shown = float(units.number(unit.to_base(value), unit))
    assert shown == pytest.approx(value, rel=0.005, abs=0.5e-4 if unit is units.RATIO else 0)


@given(each_unit, numbers, numbers)
def test_two_different_numbers_are_never_printed_alike(unit: units.Unit, first: float, second: float) -> None:
    assume(first != second)
    one, other = units.distinct(first, second, unit)
    assert one != other


@given(each_unit, numbers)
def test_neighbouring_floats_are_printed_apart(unit: units.Unit, value: float) -> None:
    import math

    one, other = units.distinct(value, math.nextafter(value, math.inf), unit)
    assert one != other


@given(each_unit, numbers)
def test_equal_numbers_are_printed_alike(unit: units.Unit, value: float) -> None:
    one, other = units.distinct(value, value, unit)
    assert one == other


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0342, units.MILLISECOND, "34.2 ms"),
        (0.5, units.MILLISECOND, "500 ms"),
        (0.000123456, units.MILLISECOND, "0.123 ms"),
        (614400, units.KIBIBYTE, "600 KiB"),
        (57.25 * 1024**2, units.MEBIBYTE, "57.2 MiB"),
        (14_960_000, units.MILLION, "15.0 M"),
        (0.85, units.RATIO, "0.8500"),
        (0, units.KIBIBYTE, "0 KiB"),
        (-0.004, units.RATIO, "-0.0040"),
    ],
)
def test_a_number_is_printed_with_three_digits_and_its_symbol(value: float, unit: units.Unit, text: str) -> None:
    assert units.text(value, unit) == text


def test_a_value_just_over_its_limit_is_printed_so_that_one_sees_it() -> None:
    assert units.distinct(1048577, 1048576, units.MEBIBYTE) == ("1.000001 MiB", "1.000000 MiB")
    assert units.distinct(0.84996, 0.85, units.RATIO) == ("0.84996", "0.85000")


def test_an_interval_whose_ends_print_alike_is_one_number() -> None:
    assert units.interval(0.0341, 0.0352, units.MILLISECOND) == "34.1–35.2 ms"
    assert units.interval(0.03411, 0.03412, units.MILLISECOND) == "34.1 ms"
    assert units.interval(0.8, 0.9, units.RATIO) == "0.8000–0.9000"


@pytest.mark.parametrize(
    ("now", "before", "absolute", "text"),
    [
        (101, 100, False, "+1.00 %"),
        (99, 100, False, "-1.00 %"),
        (0.846, 0.85, True, "-0.40 pp"),
        (0, 0, False, "±0 %"),
        (5, 0, False, "from 0"),
    ],
)
def test_a_change_is_a_share_of_what_was_or_in_points(now: float, before: float, absolute: bool, text: str) -> None:
    assert units.change(now, before, absolute=absolute) == text


@pytest.mark.parametrize(
    ("share", "beside", "said"),
    [
        (0.051, None, "+5.1 %"),
        (-0.051, 0.03, "-5.1 %"),
        (0.03, 0.03, "+3.0 %"),
        (0.0302, 0.03, "+3.02 %"),
        (0.03004, 0.03, "+3.004 %"),
        (-0.0302, 0.03, "-3.02 %"),
        (0.0, 0.03, "+0.0 %"),
    ],
)
def test_a_share_is_said_with_enough_digits_to_differ_from_what_it_is_held_against(
    share: float, beside: float | None, said: str
) -> None:
    assert units.percent(share, beside=beside) == said


@given(st.floats(-1, 10, allow_subnormal=False), st.floats(0.001, 1))
def test_two_shares_of_different_size_never_print_alike(share: float, beside: float) -> None:
    assume(abs(share) != beside)
    size = units.percent(share, beside=beside)[1:].removesuffix(" %")
    decimals = len(size.partition(".")[2])
    assert size != f"{beside * 100:.{decimals}f}"
