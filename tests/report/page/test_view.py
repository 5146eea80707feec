from dataclasses import replace

import pytest

from edgesense.perf.records import Known, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report import example
from edgesense.report.page import view
from edgesense.report.page.files import Files
from edgesense.report.records import Attached, Evidence, Place, Result, RunRecord, Setting

READING = Reading(100.0, 100.0, 100.0, Known.EXACT)


def result(name="test_a", budget=Outcome.MET, regression=Outcome.SAME, **more):
    test = f"tests/test_it.py::{name}"
    verdict = Verdict(test, "host", (Finding("size_kb", 200.0, READING, budget, regression, **more),))
    failing = ("size_kb",) if budget is Outcome.OVER else ()
    return Result(test, test, "host", verdict, failing=failing, outcome="failed" if failing else "passed")


UNJUDGED = Result("t.py::test_u", "t.py::test_u", "host", None, failure="not judged: no file\nmore", outcome="failed")


def shown(*results, **more):
    return view.page(RunRecord(results, **more), Files(lambda path: b""))


@pytest.mark.parametrize(
    ("results", "headline", "tone"),
    [
        ((), "No budget was judged", "open"),
        ((result(),), "The budget holds", "good"),
        ((result(), result("test_b")), "All 2 budgets hold", "good"),
        ((result(budget=Outcome.OVER),), "1 of 1 budget fails", "bad"),
        ((result(), UNJUDGED), "1 of 2 budgets fails", "bad"),
        ((result(budget=Outcome.INCONCLUSIVE), result("test_b")), "No budget of 2 fails; 1 to look at", "open"),
    ],
)
def test_the_headline_says_what_the_run_came_to(results, headline, tone):
    page = shown(*results)
    assert (page.headline, page.tone) == (headline, tone)


def test_budgets_that_were_planned_and_never_judged_are_counted_in_the_headline():
    assert shown(result(), tally={"budgets": 3}).headline == "No budget of 3 fails; 2 to look at"


def test_what_fails_comes_first_and_what_could_not_be_judged_before_that():
    page = shown(result(), result("test_o", Outcome.OVER), UNJUDGED, result("test_n", regression=Outcome.NO_BASELINE))
    assert [row.name for row in page.rows] == ["test_u", "test_o", "test_n", "test_a"]


def test_the_order_of_the_run_is_kept_for_who_wants_it():
    page = shown(result("test_a"), result("test_o", Outcome.OVER))
    assert [(row.name, row.order) for row in page.rows] == [("test_o", 1), ("test_a", 0)]


def test_a_row_is_found_again_in_a_later_run_by_its_link():
    (before,), (after,) = shown(result()).rows, shown(result(budget=Outcome.OVER)).rows
    assert before.id == after.id
    assert shown(replace(result(), device="pi")).rows[0].id != before.id


def test_a_name_is_shown_without_its_file_and_the_file_with_its_line():
    (row,) = shown(replace(result(), place=Place("tests/test_it.py", 7))).rows
    assert (row.name, row.file) == ("test_a", "tests/test_it.py:7")


def test_a_name_without_a_file_is_shown_whole():
    (row,) = shown(replace(result(), nodeid="odd")).rows
    assert (row.name, row.file) == ("odd", "odd")


def test_only_outcomes_that_some_row_has_can_be_chosen_and_each_is_counted():
    page = shown(result(), result("test_o", Outcome.OVER), UNJUDGED)
    assert [(one.word, one.count) for one in page.choices] == [
        ("fails", 2),
        ("not judged", 1),
        ("OVER", 1),
        ("MET", 1),
        ("SAME", 2),
    ]


def test_what_is_over_without_failing_the_test_is_open_and_not_bad():
    (row,) = shown(replace(result(budget=Outcome.OVER), failing=(), gates=False)).rows
    assert (row.fails, row.tone) == (False, "open")


def test_a_test_whose_limits_are_all_for_other_devices_has_nothing_to_show():
    bare = Result("t.py::test_a", "t.py::test_a", "host", Verdict("t.py::test_a", "host", ()), absent=("acc",))
    (row,) = shown(bare).rows
    assert (row.word, row.tone, row.lines, row.outcomes) == ("no limit here", "plain", (), ())


def test_what_may_explain_a_row_is_told_where_it_is_red_and_not_where_it_is_green():
    evidence = Evidence(measured=Setting({"n_fft": 4096}), baseline=Setting({"n_fft": 1024}))
    red, green = shown(*(replace(result(budget=one), evidence=evidence) for one in (Outcome.OVER, Outcome.MET))).rows
    assert [cause.lines for cause in red.causes] == [("n_fft 1024 -> 4096",)]
    assert green.causes == ()
    assert [one.name for one in green.changed] == ["n_fft"]


def test_the_next_steps_are_of_limits_that_are_not_settled():
    (row,) = shown(result(budget=Outcome.INCONCLUSIVE, remedy="measure it again")).rows
    assert row.steps == ("measure it again",)
    assert shown(result(remedy="measure it again")).rows[0].steps == ()


def test_the_files_behind_it_are_taken_in():
    files = Files(lambda path: b"text")
    evidence = Evidence(attached=(Attached("notes", "notes.txt"),))
    page = view.page(RunRecord((replace(result(), evidence=evidence),)), files)
    assert page.rows[0].attached[0].packed in files.packed


@pytest.mark.parametrize("tests", [1, 12, 13])
def test_every_outcome_of_the_example_can_be_shown(tests):
    page = view.page(example.run(tests), Files(lambda path: b""))
    assert len({row.id for row in page.rows}) == tests
