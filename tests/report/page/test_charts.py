import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.perf import units
from edgesense.perf.records import Known
from edgesense.report.page import charts
from edgesense.report.records import Step

SECONDS = st.lists(st.floats(1e-6, 10), min_size=1, max_size=101).map(sorted)
MS = units.MILLISECOND
EVIL = "<script>\"'&"


def parsed(drawing):
    """The drawing as a browser would read it; raises where it is no markup."""
    return ET.fromstring(drawing)  # noqa: S314 - its own text


def texts(drawing):
    return [one.text for one in parsed(drawing).iter() if one.text]


def steps(*values, known=Known.EXACT):
    return [Step(f"{index:040x}", f"2026-01-{index + 1:02d}", value, known) for index, value in enumerate(values)]


@given(SECONDS, SECONDS, st.none() | st.floats(1e-9, 1e3))
def test_each_arm_is_a_row_and_the_limit_is_named_however_far_away_it_is(first, second, bound):
    arms = [charts.Arm("one", "candidate", first), charts.Arm("other", "baseline", second)]
    drawing = charts.distribution(arms, MS, bound, "calls")
    assert "nan" not in drawing
    said = texts(drawing)
    assert {"one", "other"} <= set(said)
    assert any("limit" in text for text in said) == (bound is not None)


def test_calls_far_slower_than_the_others_are_told_at_the_edge_and_not_drawn_to_scale():
    drawing = charts.distribution([charts.Arm("calls", "candidate", [0.010] * 50 + [0.011] * 50 + [9.0])], MS, None, "")
    assert "slowest 9000 ms ▸" in texts(drawing)
    assert len(re.findall("h0", drawing)) == 100


@pytest.mark.parametrize(
    ("bound", "said"), [(5.0, "limit 5000 ms ▸"), (1e-6, "◂ limit 0.001 ms"), (0.0105, "limit 10.5 ms")]
)
def test_a_limit_off_the_axis_is_pointed_at(bound, said):
    drawing = charts.distribution([charts.Arm("calls", "candidate", [0.010, 0.0101, 0.011])], MS, bound, "")
    assert said in texts(drawing)
    assert ('<path class="limit"' in drawing) == (bound == 0.0105)


@given(st.lists(st.floats(-0.9, 10), min_size=1, max_size=30))
def test_each_pair_is_a_dot_and_no_change_is_marked(ratios):
    drawing = charts.pairs(ratios, None, "pairs")
    parsed(drawing)
    assert drawing.count("h0") == len(ratios)
    assert drawing.count('class="zero"') == 1


def test_what_the_gate_found_is_drawn_where_it_found_something():
    assert 'class="median"' in charts.pairs([0.01, 0.02], (0.015, 0.01, 0.02), "")
    assert 'class="median"' not in charts.pairs([0.01, 0.02], None, "")


@given(
    st.lists(st.floats(0, 1e12), min_size=1, max_size=40),
    st.none() | st.floats(0, 1e12),
    st.none() | st.floats(0, 1e12),
)
def test_each_commit_of_a_trend_is_a_point_and_this_run_is_another(values, now, bound):
    drawing = charts.trend(steps(*values), now, bound, units.KIBIBYTE, "trend")
    parsed(drawing)
    assert drawing.count('class="point"') == len(values)
    assert drawing.count('class="now"') == (now is not None)
    assert ("this run" in texts(drawing)) == (now is not None)


def test_numbers_that_are_known_in_different_ways_are_not_joined():
    mixed = [*steps(1.0, 2.0), *steps(3.0, known=Known.MEASURED)]
    line = re.search(r'class="line" d="([^"]*)"', charts.trend(mixed, None, None, units.RATIO, ""))
    assert line is not None
    assert [line[1].count("M"), line[1].count("L")] == [2, 1]


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40))
def test_a_sparkline_is_hidden_from_who_hears_the_page(values):
    root = parsed(charts.sparkline(values))
    assert root.get("aria-hidden") == "true"


def test_titles_names_and_commits_are_text_and_never_markup():
    drawings = [
        charts.distribution([charts.Arm(EVIL, "candidate", [1.0, 2.0])], MS, 1.5, EVIL),
        charts.pairs([0.1], None, EVIL),
        charts.trend([Step(EVIL, EVIL, 1.0, Known.EXACT), *steps(2.0)], 1.0, 1.5, MS, EVIL),
    ]
    for drawing in drawings:
        assert parsed(drawing).get("aria-label") == EVIL
        assert "<script" not in drawing
