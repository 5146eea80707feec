"""Several devices in one run: each marked test once a device, one baseline a device, whatever else runs."""

from __future__ import annotations

import pytest

TEST = "@edge_budget(size_kb={'table': 10, 'other': 20})\ndef test_a(edge_device): assert edge_device in NAMES\n"
BOTH = ("--edge-device=table", "--edge-device=other")


@pytest.fixture
def two(project):
    project.device("other", size_kb=20.0)
    project.tests("NAMES = ('table', 'other')\n" + TEST)
    return project


def test_a_marked_test_runs_once_a_device(two):
    result = two.run("-v", *BOTH)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["test_it.py::test_a[[]table[]] NO BASELINE*", "test_it.py::test_a[[]other[]] NO BASELINE*"]
    )
    assert two.runs == ["table model.tflite size_kb", "other model.tflite size_kb"]


def test_the_ini_names_several_too(two):
    two.ini(edge_device="table other")
    two.run().assert_outcomes(passed=2)


def test_one_device_named_twice_is_one(two):
    result = two.run("-v", "--edge-device=table", "--edge-device=table")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_it.py::test_a NO BASELINE*"])


def test_an_unmarked_test_runs_once(two):
    two.tests("def test_a(): pass")
    two.run(*BOTH).assert_outcomes(passed=1)


def test_the_baseline_is_the_same_with_one_device_and_with_several(two):
    two.run("--update-baselines", *BOTH).assert_outcomes(passed=2)
    assert list(two.baselines) == ["other/test_it.py::test_a", "table/test_it.py::test_a"]
    files = sorted((two.root / "baselines").glob("*/*.json"))
    for device in ("table", "other"):
        result = two.run(f"--edge-device={device}")
        result.stdout.fnmatch_lines(
            ["1 budget: 1 met, 0 over, 0 inconclusive; 1 compared, 0 without baseline, 0 inconclusive"]
        )
    assert sorted((two.root / "baselines").glob("*/*.json")) == files


def test_parameters_stay_in_the_baselines_name(two):
    two.tests("@pytest.mark.parametrize('x', ['a-b', 'table'])\n@edge_budget(size_kb=20)\ndef test_a(x): pass")
    two.run("--update-baselines", *BOTH).assert_outcomes(passed=4)
    assert list(two.baselines) == [
        "other/test_it.py::test_a[a-b]",
        "other/test_it.py::test_a[table]",
        "table/test_it.py::test_a[a-b]",
        "table/test_it.py::test_a[table]",
    ]


@pytest.mark.parametrize("named", ["'x', {0}", "argnames='x', argvalues=tuple({0})"])
def test_a_mark_on_one_parameter_is_judged_on_several_devices_too(two, named):
    values = "[pytest.param(1, marks=edge_budget(size_kb=20), id='a'), pytest.param(2, id='b')]"
    two.tests(f"@pytest.mark.parametrize({named.format(values)})\ndef test_a(x): pass")
    two.run("--update-baselines", *BOTH).assert_outcomes(passed=4)
    assert list(two.baselines) == ["other/test_it.py::test_a[a]", "table/test_it.py::test_a[a]"]


def test_an_iterator_of_parameters_is_left_to_pytest(two):
    two.tests("@pytest.mark.parametrize('x', iter([1, 2]))\n@edge_budget(size_kb=20)\ndef test_a(x): pass")
    two.run("-W", "ignore::pytest.PytestWarning", *BOTH).assert_outcomes(passed=4)


def test_a_test_case_is_refused_on_several_devices(two):
    two.tests(
        "import unittest\n\nclass TestIt(unittest.TestCase):\n    @edge_budget(size_kb=10)\n    def test_a(self): pass"
    )
    result = two.run(*BOTH)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["test_it.py::TestIt::test_a: only test functions can be judged on several devices *"])


def test_workers_of_xdist_run_each_device(two):
    result = two.run_two("--update-baselines", *BOTH)
    result.assert_outcomes(passed=2)
    assert list(two.baselines) == ["other/test_it.py::test_a", "table/test_it.py::test_a"]


def test_groups_of_xdist_stay_out_of_the_baselines_name(two):
    two.tests("@pytest.mark.xdist_group('one')\n@edge_budget(size_kb=10)\ndef test_a(): pass")
    two.run_two("--dist=loadgroup", "--update-baselines").assert_outcomes(passed=1)
    assert list(two.baselines) == ["table/test_it.py::test_a"]


def test_one_row_of_the_summary_for_each_device(two):
    result = two.run(*BOTH)
    result.stdout.fnmatch_lines(
        ["test_it.py::test_a on table", "*", "test_it.py::test_a on other", "*", "2 budgets: *"]
    )
