"""What a budget came to, budget and regression apart: in the terminal, junit, HTML and JSON."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from edgesense.perf.verdicts import Outcome

MET = "@edge_budget(size_kb=10)\ndef test_a(): pass"
OVER = "@edge_budget(size_kb=9)\ndef test_a(): pass"
TIMED = "@edge_budget(latency_ms=50)\ndef test_a(): pass"


@pytest.fixture
def timed(project):
    """A project whose one time has a baseline."""
    project.device("table", latency_ms=(10.0, 9.9, 10.1, "measured"))
    project.tests(TIMED)
    project.pairs(change=0.0)
    project.run("--update-baselines").assert_outcomes(passed=1)
    return project


@pytest.mark.parametrize(
    ("pairs", "arguments", "shown", "outcome"),
    [
        ({"change": 0.0}, (), ". MET", "passed"),
        ({"change": -0.1}, (), "+ FASTER", "passed"),
        ({"change": 0.025}, (), "~ DRIFT", "passed"),
        ({"change": 0.05}, (), "R REGRESSED", "failed"),
        ({"failed": "it died"}, (), "? INCONCLUSIVE", "passed"),
        ({"failed": "it died"}, ("--edge-strict",), "? INCONCLUSIVE", "failed"),
        ({"refused": "no history"}, (), "/ NOT COMPARABLE", "passed"),
        ({"absent": "no such test at v1.2"}, (), "n NO BASELINE", "passed"),
    ],
)
def test_a_test_shows_its_letter_and_its_word(timed, pairs, arguments, shown, outcome):
    letter, _, word = shown.partition(" ")
    timed.pairs(**pairs)
    result = timed.run("--edge-profile=never", *arguments)
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines([f"test_it.py {letter if letter != '?' else '[?]'} *[[]100%[]]"])
    result = timed.run("-v", "--edge-profile=never", *arguments)
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines([f"test_it.py::test_a {word} *[[]100%[]]"])


def test_a_missed_limit_has_its_letter_and_counts_as_failed(project):
    project.tests(OVER)
    result = project.run("--edge-profile=never")
    result.stdout.fnmatch_lines(["test_it.py O *", "FAILED test_it.py::test_a - BudgetExceeded: *", "*1 failed*"])


def test_a_failing_body_keeps_pytests_letter(project):
    project.tests("@edge_budget(size_kb=9)\ndef test_a(): assert False")
    project.run("--edge-profile=never").stdout.fnmatch_lines(["test_it.py F *"])


def test_a_pipeline_that_cannot_be_measured_keeps_pytests_letter(project):
    project.ini(edge_device="host")
    project.tests(OVER)
    project.run().stdout.fnmatch_lines(["test_it.py F *", "1 budget: *, 1 not measured; *"])


def test_an_expected_failure_keeps_pytests_letter(project):
    project.tests(f"@pytest.mark.xfail\n{OVER}")
    project.run("--edge-profile=never").stdout.fnmatch_lines(["test_it.py x *"])


def test_tests_without_a_budget_keep_pytests_letters(project):
    project.tests(f"{MET}\n\ndef test_b(): pass\n\ndef test_c(): assert False")
    project.run("--update-baselines")
    project.run("-v").stdout.fnmatch_lines(["*::test_a MET *", "*::test_b PASSED *", "*::test_c FAILED *"])


def test_workers_of_xdist_send_the_word_along(project):
    project.tests(OVER)
    result = project.run_two("-v", "--edge-profile=never")
    result.stdout.fnmatch_lines(["*OVER test_it.py::test_a*", "FAILED test_it.py::test_a - BudgetExceeded: *"])


def properties(project):
    tree = ET.parse(project.root / "junit.xml")  # noqa: S314 - pytest wrote it
    return {one.get("name"): one.get("value") for one in tree.iter("property")}


def test_junit_has_budget_and_regression_apart_and_the_change(timed):
    timed.pairs(change=0.05, against="model.tflite of 1a2b3c4", uncovered="a shallow clone")
    timed.run("--junitxml=junit.xml", "--edge-profile=never")
    found = properties(timed)
    assert found["edge.latency_ms"] == "10"
    assert found["edge.latency_ms.budget"] == "MET"
    assert found["edge.latency_ms.regression"] == "REGRESSED"
    assert found["edge.latency_ms.budget.letter"] == Outcome.MET.letter
    assert found["edge.latency_ms.regression.letter"] == Outcome.REGRESSED.letter
    assert [found[f"edge.latency_ms.change{end}"] for end in ("", ".low", ".high")] == ["0.050000"] * 3
    assert found["edge.latency_ms.why"] == "code changes not covered: a shallow clone"
    assert found["edge.against"] == "latency_ms beside model.tflite of 1a2b3c4"


def test_junit_has_the_change_of_a_stored_number_and_that_it_does_not_gate(project):
    project.tests("@edge_budget(size_kb=20, acc=0.1, gate=False)\ndef test_a(): pass")
    project.run("--update-baselines")
    project.device("table", size_kb=12.0, acc=0.897)
    project.run("--junitxml=junit.xml")
    found = properties(project)
    assert (found["edge.size_kb.regression"], found["edge.size_kb.change"]) == ("REGRESSED", "0.200000")
    assert (found["edge.acc.regression"], found["edge.acc.change"]) == ("SAME", "-0.003000")
    assert found["edge.gate"] == "not gating"


@pytest.mark.parametrize("workers", [False, True])
def test_the_html_report_shows_both_results_of_each_limit(timed, workers):
    pytest.importorskip("pytest_html")
    timed.pairs(change=0.05, uncovered="<shallow> & cut")
    plugins = ("-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin", "-p", "pytest_html.fixtures")
    run = timed.run_two if workers else timed.run_apart
    result = run(*plugins, "--html=report.html", "--self-contained-html", "--edge-profile=never")
    result.assert_outcomes(failed=1)
    report = (timed.root / "report.html").read_text(encoding="utf-8")
    report = (
        report.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#34;", '"')
        .replace("&amp;", "&")
        .replace("\\u003c", "<")
    )
    for text in (". MET", "R REGRESSED", "+5.0 % (+5.0 … +5.0)"):
        assert text in report or json.dumps(text).strip('"') in report
    assert "<shallow>" not in (timed.root / "report.html").read_text(encoding="utf-8")


def results(project):
    return json.loads((project.root / "results.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("workers", [False, True])
def test_json_has_every_row_also_of_failures(project, workers):
    project.tests(f"{OVER}\n\n{MET.replace('_a', '_b')}\n\ndef test_c(): pass")
    run = project.run_two if workers else project.run
    run("--edge-json=results.json", "--edge-profile=never").assert_outcomes(failed=1, passed=2)
    said = results(project)
    assert said["schema"] == 2
    assert said["said"] == "2 budgets: 1 met, 1 over, 0 inconclusive; 0 compared, 2 without baseline, 0 inconclusive"
    assert (said["tally"]["over"], said["tally"]["not_judged"]) == (1, 0)
    over, met = said["budgets"]
    assert (over["test"], over["outcome"], over["letter"], over["word"]) == (
        "test_it.py::test_a",
        "failed",
        "O",
        "OVER",
    )
    assert (met["outcome"], met["failing"], met["gates"]) == ("passed", [], True)
    (finding,) = over["verdict"]["findings"]
    assert (finding["budget_word"], finding["regression_word"]) == ("OVER", "NO BASELINE")
    assert (finding["reading"]["value"], finding["reading"]["unit"]) == (10240, "B")


@pytest.mark.parametrize("arguments", [("-p", "no:terminal"), ("-x",)])
def test_json_is_written_whatever_ends_the_run(project, arguments):
    project.tests(f"{OVER}\n\n{MET.replace('_a', '_b')}")
    project.run_apart("--edge-json=results.json", "--edge-profile=never", *arguments)
    assert results(project)["tally"]["budgets"] == 2


def test_json_of_a_run_without_budgets_says_so(project):
    project.tests("def test_a(): pass")
    project.run("--edge-json=results.json").assert_outcomes(passed=1)
    assert results(project)["said"].startswith("0 budgets: ")


@pytest.mark.parametrize("argument", ["--collect-only", "--edge-device=tabel"])
def test_no_json_is_written_where_nothing_ran(project, argument):
    project.tests(MET)
    project.run("--edge-json=results.json", argument)
    assert not (project.root / "results.json").exists()


def test_json_that_cannot_be_written_fails_the_run_without_a_traceback(project):
    project.tests(MET)
    (project.root / "results.json").mkdir()
    result = project.run("--edge-json=results.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["the results were not written to *results.json: *"])
    assert "Traceback" not in result.stdout.str()


def test_storing_says_what_times_will_run_beside(project):
    project.device("table", latency_ms=(10.0, 9.9, 10.1, "measured"))
    project.tests(TIMED)
    project.pairs(source="1111aaaa")
    result = project.run("--update-baselines")
    result.stdout.fnmatch_lines(
        ["  test_it.py::test_a on table", "    pipeline  new: model.tflite", "    code  new: 1111aaaa"]
    )
    project.pairs(source="2222bbbb")
    result = project.run("--update-baselines")
    result.stdout.fnmatch_lines(["  test_it.py::test_a on table", "    code  1111aaaa -> 2222bbbb"])
    result = project.run("--update-baselines")
    result.stdout.fnmatch_lines(["not stored: test_it.py::test_a on table: nothing changed"])
    assert project.paired == []


@pytest.mark.parametrize("workers", [False, True])
def test_json_has_what_stands_behind_a_verdict(timed, workers):
    timed.tests(TIMED)
    run = timed.run_two if workers else timed.run
    run("--edge-export=json:results.json", "--edge-profile=never")
    (row,) = results(timed)["budgets"]
    lines = (timed.root / "test_it.py").read_text(encoding="utf-8").splitlines()
    assert row["place"] == {"file": "test_it.py", "line": 1 + lines.index("@edge_budget(latency_ms=50)")}
    evidence = row["evidence"]
    assert evidence["pipeline"] == "model.tflite"
    assert set(evidence["measured"]) == set(evidence["baseline"]) == {"subject", "fingerprint", "environment"}
    (pairs,) = [one["pairs"] for one in evidence["distributions"].values()]
    assert pairs
