from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgesense.perf import growth
from edgesense.perf.growth import Part
from edgesense.perf.units import KIBIBYTE, MILLISECOND

AMOUNTS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1e6), max_size=6)


@given(now=AMOUNTS, before=AMOUNTS)
def test_all_growth_together_is_the_growth_of_the_whole_and_the_largest_comes_first(
    now: dict[str, float], before: dict[str, float]
) -> None:
    parts = growth.compare(now, before)
    assert {part.name for part in parts} == {*now, *before}
    assert [part.growth for part in parts] == sorted((part.growth for part in parts), reverse=True)
    total = sum(now.values()) - sum(before.values())
    assert abs(sum(part.growth for part in parts) - total) < 1e-3


def test_of_one_run_alone_the_largest_comes_first() -> None:
    assert growth.compare({"a": 1.0, "b": 2.0}, None) == [Part("b", 2.0), Part("a", 1.0)]


def test_differences_have_as_many_decimals_as_the_largest_needs() -> None:
    assert growth.signed([8.3e-5, 1e-6], MILLISECOND) == ["+0.083 ms", "+0.001 ms"]
    assert growth.signed([0.0, -0.0], MILLISECOND) == ["+0.00 ms", "+0.00 ms"]
    assert growth.signed([1e-3, -1e-9], MILLISECOND) == ["+1.00 ms", "+0.00 ms"]
    assert growth.signed([-2048.0], KIBIBYTE) == ["-2.00 KiB"]
    assert growth.signed([1024.0 * 250], KIBIBYTE) == ["+250.0 KiB"]


def test_what_grew_is_told_with_its_shares_of_both_wholes() -> None:
    parts = growth.compare({"loop": 3e-3, "rest": 1e-3}, {"loop": 1e-3, "rest": 1e-3})
    assert growth.telling(parts, MILLISECOND, per=" a call") == ("loop +2.00 ms a call (50 % -> 75 %)",)


def test_of_one_run_alone_the_amount_itself_is_told() -> None:
    assert growth.telling(growth.compare({"loop": 3e-3}, None), MILLISECOND) == ("loop 3.00 ms (100 %)",)


def test_what_grew_little_of_the_whole_or_of_itself_is_not_told() -> None:
    of_the_whole = growth.compare({"small": 0.02, "rest": 2.0}, {"small": 0.0, "rest": 2.0})
    of_itself = growth.compare({"all": 1.1}, {"all": 1.0})
    assert growth.telling(of_the_whole, MILLISECOND) == growth.telling(of_itself, MILLISECOND) == ()
    assert growth.telling(growth.compare({"all": 1.3}, {"all": 1.0}), MILLISECOND)


def test_a_table_names_how_many_parts_it_leaves_out() -> None:
    lines = growth.table([Part(str(index), 1.0, 0.5) for index in range(5)], MILLISECOND, top=2)
    assert lines[0].split() == ["growth", "before", "now", "share", "ms"]
    assert lines[1].split() == ["+500.0000", "500.0000", "1000.0000", "20", "%", "->", "20", "%", "0"]
    assert lines[-1] == "... and 3 more"
