"""One line counts every budget: twice, as a budget and as a comparison, and nothing drops out of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.perf.verdicts import Finding, Outcome, Verdict
from pytest_edgesense.rows import Row
from pytest_edgesense.tally import tally

BUDGET = [None, Outcome.MET, Outcome.OVER, Outcome.INCONCLUSIVE]
REGRESSION = [outcome for outcome in Outcome if outcome not in {Outcome.MET, Outcome.OVER}]


def row(*findings, **more):
    each = tuple(Finding("size_kb", None, None, budget, regression) for budget, regression in findings)
    return Row("t", "t", "pi", Verdict("t", "pi", each), **more)


def test_the_line_says_it_all():
    rows = [row((Outcome.MET, Outcome.SAME))] * 5 + [row((Outcome.MET, Outcome.NO_BASELINE))]
    rows += [row((Outcome.OVER, Outcome.SAME))]
    assert str(tally(rows)) == (
        "7 budgets: 6 met, 1 over, 0 inconclusive; 6 compared, 1 without baseline, 0 inconclusive"
    )


def test_what_cannot_be_told_is_counted_on_its_own_side():
    budget = str(tally([row((Outcome.INCONCLUSIVE, Outcome.SAME))]))
    assert budget == "1 budget: 0 met, 0 over, 1 inconclusive; 1 compared, 0 without baseline, 0 inconclusive"
    comparison = str(tally([row((Outcome.MET, Outcome.INCONCLUSIVE))]))
    assert comparison == "1 budget: 1 met, 0 over, 0 inconclusive; 0 compared, 0 without baseline, 1 inconclusive"


def test_what_was_planned_and_never_judged_is_counted():
    assert str(tally([row((Outcome.MET, Outcome.SAME))], 3)) == (
        "3 budgets: 1 met, 0 over, 0 inconclusive, 2 not judged; 1 compared, 0 without baseline, 0 inconclusive"
    )


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ((Outcome.OVER, Outcome.SAME), (Outcome.INCONCLUSIVE, Outcome.SAME)),
        ((Outcome.INCONCLUSIVE, Outcome.SAME), (Outcome.MET, Outcome.SAME)),
        ((Outcome.MET, Outcome.REGRESSED), (Outcome.MET, Outcome.INCONCLUSIVE)),
        ((Outcome.MET, Outcome.INCONCLUSIVE), (Outcome.MET, Outcome.NO_BASELINE)),
        ((Outcome.MET, Outcome.NO_BASELINE), (Outcome.MET, Outcome.SAME)),
        ((Outcome.MET, Outcome.NO_BASELINE), (Outcome.MET, Outcome.NOT_COMPARABLE)),
    ],
)
def test_a_test_is_counted_for_the_worst_of_its_limits(worse, better):
    assert tally([row(worse, better)]) == tally([row(better, worse)]) == tally([row(worse)])


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ([Outcome.SAME, Outcome.NOT_COMPARABLE], "1 compared (1 in part), "),
        ([Outcome.REGRESSED, Outcome.NOT_COMPARABLE], "1 compared (1 regressed, 1 in part), "),
        ([Outcome.NOT_COMPARABLE], "0 compared, 0 without baseline, 0 inconclusive, 1 not comparable"),
        ([Outcome.SAME, Outcome.NOT_COMPARED], "1 compared, "),
    ],
    ids=str,
)
def test_a_comparison_of_some_numbers_is_not_taken_for_one_of_all(said, line):
    assert f"; {line}" in str(tally([row(*((Outcome.MET, one) for one in said))]))


FINDINGS = st.lists(st.tuples(st.sampled_from(BUDGET), st.sampled_from(REGRESSION)), max_size=3)


@given(st.lists(st.one_of(st.none(), FINDINGS), max_size=8), st.integers(0, 12))
def test_every_budget_is_counted_once_on_each_side(said, planned):
    rows = [Row("t", "t", "pi", None) if findings is None else row(*findings) for findings in said]
    counts = tally(rows, planned)
    unjudged = counts.not_measured + counts.not_judged
    assert counts.budgets == max(planned, len(rows))
    assert counts.met + counts.over + counts.inconclusive + counts.without_limit + unjudged == counts.budgets
    assert counts.in_part <= counts.compared
    told = counts.compared + counts.without_baseline + counts.comparisons_inconclusive
    assert told + counts.not_comparable + counts.not_compared + unjudged == counts.budgets


def test_budgets_that_do_not_gate_are_counted_apart():
    assert str(tally([row((Outcome.OVER, Outcome.SAME), gates=False)])).endswith("; 1 not gating")
