"""Times beside their baselines': when pairs are measured, what they come to, and how far a number may change."""

from __future__ import annotations

import pytest

TIMED = "@edge_budget(latency_ms=50, size_kb=100{more})\ndef test_a(): pass"
MEASURED = (10.0, 9.9, 10.1, "measured")


@pytest.fixture
def gated(project):
    """A project with a baseline, on a device that can pair."""
    project.device("table", latency_ms=MEASURED, size_kb=10.0, acc=0.9)
    project.tests(TIMED.format(more=""))
    project.pairs(change=0.0)
    project.run("--update-baselines").assert_outcomes(passed=1)
    assert project.paired == []
    return project


def test_a_time_is_measured_beside_its_baseline(gated):
    result = gated.run()
    result.assert_outcomes(passed=1)
    assert len(gated.paired) == 1
    result.stdout.fnmatch_lines(
        ["  latency_ms * +0.0 % (+0.0 … +0.0) * met", "1 budget: 1 met, 0 over, 0 inconclusive; 1 compared, *"]
    )


def test_a_slower_pipeline_fails_with_its_change_and_what_to_do(gated):
    gated.pairs(change=0.05, against="model.tflite of 1a2b3c4")
    result = gated.run("--edge-profile=off")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "latency_ms on table: 10.00 -> 10.50 ms  +5.0 % (limit +3 %; *) beside model.tflite of 1a2b3c4",
            "next: if this is meant, accept it: pytest test_it.py::test_a --edge-device=table --update-baselines",
            "  latency_ms *REGRESSED",
            "  latency_ms beside model.tflite of 1a2b3c4",
            "1 budget: 1 met, 0 over, 0 inconclusive; 1 compared (1 regressed), *",
        ]
    )


def test_what_is_not_covered_and_what_was_busy_stand_below(gated):
    gated.pairs(change=0.0, uncovered="a shallow clone", notes=["other work kept 1.2 cores busy meanwhile"])
    result = gated.run()
    result.stdout.fnmatch_lines(["      code changes not covered: a shallow clone", "      other work kept 1.2 cores*"])


def test_a_faster_pipeline_is_told(gated):
    gated.pairs(change=-0.1)
    gated.run().stdout.fnmatch_lines(["  latency_ms *−10.0 % (−10.0 … −10.0)* faster"])


def test_a_time_without_a_baseline_is_counted_and_fails_a_strict_run(project):
    project.device("table", latency_ms=MEASURED)
    project.tests("@edge_budget(latency_ms=50)\ndef test_a(): pass")
    project.pairs(change=0.0)
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 budget: 1 met, 0 over, 0 inconclusive; 0 compared, 1 without baseline, *"])
    project.run("--edge-strict").assert_outcomes(failed=1)


def test_a_baseline_that_cannot_run_is_not_comparable_and_fails_nothing(gated):
    gated.pairs(refused="the history is not here")
    result = gated.run("--edge-strict")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  latency_ms * not comparable *", "*the history is not here"])


def test_workers_that_die_in_every_pair_leave_it_inconclusive(gated):
    gated.pairs(failed="the worker for model.tflite was ended by SIGKILL")
    result = gated.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  latency_ms *inconclusive", "*ended by SIGKILL", "*; 0 compared, *, 1 inconclusive"])
    gated.run("--edge-strict").assert_outcomes(failed=1)


def test_equal_evidence_is_measured_once(gated):
    gated.tests("@pytest.mark.parametrize('n', [1, 2])\n@edge_budget(latency_ms=50, size_kb=100)\ndef test_a(n): pass")
    gated.run("--update-baselines").assert_outcomes(passed=2)
    gated.run().assert_outcomes(passed=2)
    assert len(gated.paired) == 1


def test_baselines_of_one_pipeline_are_one_arm_only_where_its_code_was_found(gated):
    gated.tests("@pytest.mark.parametrize('n', [1, 2])\n@edge_budget(latency_ms=50, size_kb=100)\ndef test_a(n): pass")
    gated.run("--update-baselines").assert_outcomes(passed=2)
    gated.pairs(change=0.0, uncovered="its record is not committed")
    gated.run().assert_outcomes(passed=2)
    assert len(gated.paired) == 2


def test_a_device_that_cannot_pair_does_not_compare_times(project):
    project.device("table", latency_ms=MEASURED)
    project.tests("@edge_budget(latency_ms=50)\ndef test_a(): pass")
    result = project.run("--edge-strict")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["latency_ms on table: not compared: *", "*; 0 compared, *, 1 not compared"])


@pytest.mark.parametrize(
    ("option", "pairs"), [("--update-baselines", 0), ("--edge-update=all", 0), ("--edge-update=new", 1)]
)
def test_a_gate_is_not_paid_for_where_its_regression_would_be_accepted(gated, option, pairs):
    gated.pairs(change=0.05)
    result = gated.run(option, "--edge-profile=off")
    result.assert_outcomes(passed=1 - pairs, failed=pairs)
    assert len(gated.paired) == pairs


def test_a_damaged_baseline_is_not_run(gated):
    path = next((gated.root / "baselines").glob("*/*.json"))
    path.write_text("{")
    result = gated.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  latency_ms *inconclusive"])
    assert gated.paired == []


def allowed(project):
    return project.paired[-1].partition("model.tflite ")[2].partition(" None")[0]


def test_the_ini_says_how_far_numbers_may_change(gated):
    gated.ini(edge_regression="latency:8%,size:50%")
    gated.pairs(change=0.05)
    gated.device("table", latency_ms=MEASURED, size_kb=14.0, acc=0.9)
    gated.run().assert_outcomes(passed=1)
    assert allowed(gated) == '{"latency_ms": 0.08}'
    gated.ini()
    gated.run("--edge-profile=off").assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", max_regression='latency:2%'", '{"latency_ms": 0.02}'),
        (", max_regression={'latency_ms': 0.02}", '{"latency_ms": 0.02}'),
        (", max_regression={'size': '2%'}", '{"latency_ms": 0.08}'),
        (", max_regression={'latency': None}", "{}"),
        (", max_regression=None", "{}"),
    ],
)
def test_the_mark_wins_over_the_ini_limit_by_limit(gated, more, said):
    gated.ini(edge_regression="latency:8%")
    gated.tests(TIMED.format(more=more))
    gated.run().assert_outcomes(passed=1)
    assert allowed(gated) == said


def test_the_nearest_mark_wins(gated):
    gated.tests(
        "pytestmark = edge_budget(max_regression='latency:9%,size:9%')\n"
        + TIMED.format(more=", max_regression='size:5%'")
    )
    gated.run().assert_outcomes(passed=1)
    assert allowed(gated) == '{"latency_ms": 0.09}'


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("latncy:3%", "unknown limit 'latncy': did you mean latency[?]"),
        ("latency:0.2%", "latency: a change of 0.002 cannot be told from times*"),
        ("acc:1%", "acc:1% cannot be meant: acc is a share: give percentage points, as in acc:0.5pp"),
    ],
)
def test_a_change_that_cannot_be_meant_is_refused_early(project, said, wrong):
    project.tests(TIMED.format(more=f", max_regression={said!r}").replace("latency_ms=50, ", ""))
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"test_it.py::test_a: max_regression: {wrong}"])
    project.tests("@edge_budget(size_kb=10)\ndef test_a(): pass")
    project.ini(edge_regression=said)
    for run in (project.run, project.run_two):
        result = run()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ini key edge_regression = '{said}': {wrong}"])
    assert project.runs == []


UNGATED = "@edge_budget(size_kb=9, gate=False)\ndef test_a(): pass"


def test_a_budget_that_does_not_gate_is_judged_and_shown_and_fails_nothing(project):
    project.tests(UNGATED)
    result = project.run("--edge-strict", "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "test_it.py::test_a OVER (not gating) *",
            "test_it.py::test_a on table – not gating",
            "  size_kb * over",
            "1 budget: 0 met, 1 over, 0 inconclusive; 0 compared, 1 without baseline, 0 inconclusive; 1 not gating",
        ]
    )


def test_a_regression_that_does_not_gate_fails_nothing(gated):
    gated.tests(TIMED.format(more=", gate=False"))
    gated.pairs(change=0.2)
    result = gated.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  latency_ms *regressed"])


def test_a_pipeline_that_cannot_be_measured_fails_nothing_where_it_does_not_gate(project):
    project.ini(edge_device="host")
    project.tests(UNGATED)
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  not measured on host: *", "1 budget: *, 1 not measured; *; 1 not gating"])


def test_a_budget_that_does_not_gate_is_stored_by_the_same_rules(project):
    project.tests(UNGATED.replace("9", "10"))
    project.run("--update-baselines").assert_outcomes(passed=1)
    assert project.baselines == {"table/test_it.py::test_a": {"size_kb": 10}}
    project.tests(UNGATED)
    result = project.run("--update-baselines")
    result.stdout.fnmatch_lines(["not stored: *: it is over its budget, which does not gate"])


def test_a_gate_is_on_or_off(project):
    project.tests(UNGATED.replace("False", "'no'"))
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["test_it.py::test_a: gate='no': allowed: True, or False to measure and judge*"])


def test_the_nearest_gate_wins(project):
    project.tests("pytestmark = edge_budget(gate=False)\n" + UNGATED.replace("False", "True"))
    project.run("--edge-profile=off").assert_outcomes(failed=1)


PROJECT = """
import pathlib

import pytest

@pytest.fixture(autouse=True)
def told(monkeypatch):
    from edgesense.perf.devices.table import Table

    run = Table.run

    def told(self, job, directory):
        pathlib.Path("project.txt").write_text(str(job.project))
        return run(self, job, directory)

    monkeypatch.setattr(Table, "run", told)
"""


@pytest.mark.parametrize("repository", [True, False])
def test_the_project_is_the_repository_or_the_root(project, repository):
    below = project.root / "below"
    if repository:
        (project.root / ".git").mkdir()
    project.tests("@edge_budget(size_kb=10)\ndef test_a(): pass", "below/test_it.py")
    for name in ("conftest.py", "devices.json", "pytest.ini", "model.tflite"):
        (project.root / name).rename(below / name)
    (below / "conftest.py").write_text((below / "conftest.py").read_text() + PROJECT)
    project.run("--rootdir=below", "below").assert_outcomes(passed=1)
    assert (project.root / "project.txt").read_text() == str(project.root if repository else below)
