import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.report.page import scale

NUMBERS = st.floats(-1e15, 1e15, allow_nan=False)
MANY = st.lists(NUMBERS, min_size=1, max_size=20).filter(scale.drawable)


@given(MANY)
def test_every_number_lies_on_the_axis_that_was_made_for_it(numbers):
    axis = scale.axis(numbers, 10, 200)
    assert all(10 <= axis.at(number) <= 200 for number in numbers)


@given(MANY)
def test_places_keep_the_order_of_numbers(numbers):
    axis = scale.axis(numbers, 0, 100)
    places = axis.places(sorted(numbers))
    assert all(before <= after for before, after in pairwise(places))


@given(MANY)
def test_many_places_are_those_of_one_at_a_time(numbers):
    axis = scale.axis(numbers, 0, 100)
    assert axis.places(numbers) == pytest.approx([axis.at(number) for number in numbers], abs=1e-6)


@given(NUMBERS)
def test_a_single_number_is_in_the_middle(number):
    assert scale.axis([number], 0, 100).at(number) == pytest.approx(50)


@given(NUMBERS)
def test_what_lies_beyond_is_at_the_end(number):
    axis = scale.axis([0.0, 1.0], 0, 100)
    assert axis.at(number) in {0, 100} or axis.low <= number <= axis.high


@given(MANY, st.integers(1, 10))
def test_ticks_lie_within_and_are_no_more_than_asked_for(numbers, most):
    axis = scale.axis(numbers, 0, 100)
    found = scale.ticks(axis.low, axis.high, most)
    room = 1e-6 * (axis.high - axis.low)
    assert len(found) <= most + 1
    assert all(axis.low - room <= tick <= axis.high + room for tick in found)


@pytest.mark.parametrize(("low", "high", "step"), [(0, 10, 2), (0, 1, 0.2), (0, 47, 10), (1e6, 1e6 + 30, 5)])
def test_ticks_are_one_two_or_five_times_a_power_of_ten_apart(low, high, step):
    found = scale.ticks(low, high, 6)
    assert [after - before for before, after in pairwise(found)] == pytest.approx([step] * (len(found) - 1))


@given(st.floats(1e-12, 1e12), st.floats(1e-12, 1e12))
def test_a_number_passes_the_gauges_line_where_it_passes_its_limit(value, bound):
    gauge = scale.gauge(value, bound, low=value, high=value)
    assert gauge is not None
    assert (gauge.value > scale.LIMIT_AT) == (scale.LIMIT_AT * value / bound > scale.LIMIT_AT)
    assert 0 <= gauge.value <= 1
    assert gauge.beyond == (scale.LIMIT_AT * value / bound > 1)


@pytest.mark.parametrize("bound", [0.0, -1.0, math.inf, math.nan])
def test_a_limit_of_nothing_has_no_gauge(bound):
    assert scale.gauge(1.0, bound, low=1.0, high=1.0) is None


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e16])
def test_what_no_measurement_gives_has_no_gauge_and_is_not_drawn(value):
    assert scale.gauge(value, 1.0, low=1.0, high=1.0) is None
    assert not scale.drawable([1.0, value])


def test_nothing_is_drawable():
    assert scale.drawable([])


@pytest.mark.parametrize(("number", "text"), [(0.0, "0"), (12.5, "12.5"), (1e5, "100000"), (2.5e6, "2.5e+06")])
def test_a_number_on_an_axis_has_no_more_digits_than_it_needs(number, text):
    assert scale.plain(number) == text


@pytest.mark.parametrize(("place", "text"), [(3.0, "3"), (3.14, "3.1"), (-0.5, "-0.5")])
def test_a_place_is_written_to_a_tenth(place, text):
    assert scale.coordinate(place) == text
