"""What a run would measure and cost, without doing it."""

from __future__ import annotations

import pytest

TWO = """
@edge_budget(size_kb=10)
def test_a(): raise AssertionError("it must not run")

@edge_budget(size_kb=10)
def test_b(): raise AssertionError("it must not run")
"""


def test_an_explained_run_says_what_it_would_measure_and_runs_nothing(project):
    project.tests(TWO)
    result = project.run("--edge-explain", "--edge-json=results.json")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "*edge budgets: what would be measured*",
            "test_it.py::test_a on table",
            "  pipeline   model.tflite",
            "  exact      size_kb ≤ 10 KiB",
            "  processes  a fresh one",
            "  compared   with nothing: there is no baseline yet",
            "  if broken  explained by later runs: *memray*",
            "  cost       not known: it was never measured here",
            "test_it.py::test_b on table",
            "  cost       none: measured once, with test_it.py::test_a on table",
            "2 budgets in 1 measurement; 1 never measured here",
        ]
    )
    result.stdout.no_fnmatch_line("*not judged*")
    assert not (project.root / "results.json").exists()


def test_what_a_budget_cost_last_time_is_remembered(project):
    project.tests("@edge_budget(size_kb=10)\ndef test_a(): pass")
    project.run("-p", "cacheprovider").assert_outcomes(passed=1)
    result = project.run("--edge-explain")
    result.stdout.fnmatch_lines(["  cost       0 s last time", "1 budget in 1 measurement; about 0 s, as last time"])


def test_what_it_would_be_compared_with_is_said(project):
    project.device("table", latency_ms=(10.0, 9.9, 10.1, "measured"), size_kb=9.0)
    project.tests("@edge_budget(latency_ms=50, size_kb=10)\ndef test_a(): pass")
    project.pairs(change=0.0)
    project.run("--update-baselines").assert_outcomes(passed=1)
    result = project.run("--edge-explain")
    result.stdout.fnmatch_lines(
        ["  compared   size_kb with what its baseline holds; latency_ms in up to 15 pairs beside its baseline"]
    )
    result = project.run("--edge-explain", "--update-baselines")
    result.stdout.fnmatch_lines(["  compared   with nothing: what is measured is stored"])
    result = project.run("--edge-explain", "--edge-profile=never")
    result.stdout.no_fnmatch_line("  if broken*")


def test_a_pipeline_that_a_fixture_gives_is_not_guessed(project):
    project.tests(
        "@pytest.fixture\ndef edge_pipeline(): return 'other.tflite'\n\n@edge_budget(size_kb=10)\ndef test_a(): pass"
    )
    result = project.run("--edge-explain")
    result.stdout.fnmatch_lines(["  pipeline   what its fixture edge_pipeline gives"])


def test_what_is_refused_is_refused_there_too(project):
    project.tests("@edge_budget(size_kbb=10)\ndef test_a(): pass")
    assert project.run("--edge-explain").ret == pytest.ExitCode.USAGE_ERROR


def test_workers_are_refused(project):
    project.tests(TWO)
    result = project.run_two("--edge-explain")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--edge-explain runs nothing, so it takes no workers: give -n0"])
