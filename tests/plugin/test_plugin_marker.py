"""Marks: merged limit by limit, and refused at collection where they cannot be meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_edgesense.items import without_device

WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="-._"), min_size=1)


def test_the_nearest_limit_wins_and_none_removes_one(project):
    project.tests(
        """
pytestmark = edge_budget(size_kb=1, acc=0.99, latency_ms=1)

@edge_budget(size_kb=10, latency_ms=None)
class TestIt:
    @edge_budget(acc=0.9)
    def test_a(self): pass
"""
    )
    project.run().assert_outcomes(passed=1)
    assert project.runs == ["table model.tflite acc size_kb"]


def test_the_nearer_of_two_marks_on_one_function_wins(project):
    project.tests("@edge_budget(size_kb=10)\n@edge_budget(size_kb=1)\ndef test_a(): pass")
    project.run("--edge-profile=off").assert_outcomes(failed=1)


def test_a_test_all_of_whose_limits_are_removed_is_an_ordinary_test(project):
    project.tests("pytestmark = edge_budget(size_kb=1)\n\n@edge_budget(size_kb=None)\ndef test_a(): pass")
    project.run().assert_outcomes(passed=1)
    assert project.runs == []


def test_a_mark_that_a_hook_adds_is_judged(project):
    project.tests("def test_a(): pass")
    project.write(
        "conftest.py",
        (project.root / "conftest.py").read_text()
        + "\nimport pytest\n\ndef pytest_collection_modifyitems(items):\n"
        + "    items[0].add_marker(pytest.mark.edge_budget(size_kb=9))\n",
    )
    project.run("--edge-profile=off").assert_outcomes(failed=1)


def test_a_limit_for_other_devices_only_is_shown_as_none(project):
    project.device("other", size_kb=1.0)
    project.tests("@edge_budget(size_kb=10, acc={'other': 0.99})\ndef test_a(): pass")
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  acc *no limit for table"])


@pytest.mark.parametrize("limits", ["{'table': 10, 'default': 1}", "{'default': 10}"])
def test_a_limit_for_the_device_beats_the_default(project, limits):
    project.tests(f"@edge_budget(size_kb={limits})\ndef test_a(): pass")
    project.run().assert_outcomes(passed=1)


REFUSED = {
    "latency_m=50": "unknown limit 'latency_m': did you mean latency_ms[?]",
    "zzz=50": "unknown limit 'zzz': allowed: acc, acc_drop, *",
    "size_kb=-1": "size_kb=-1 is negative; a limit is 0 or more",
    "size_kb='10'": "size_kb='10' is not a finite number",
    "size_kb=True": "size_kb=True is not a finite number",
    "size_kb=float('nan')": "size_kb=nan is not a finite number",
    "acc=85": "acc=85 is over 1: it is a share from 0 to 1; did you mean 0.85[?]",
    "size_kb={'tabel': 10}": "size_kb has a limit for the unknown device 'tabel': did you mean table[?]",
    "size_kb={}": "size_kb={} names no device; give a number, or one for each device",
    "latency_p99_ms=50": "latency_p99_ms can never be answered by table; it can answer acc, instructions_m, size_kb",
    "size_kb=10, pipeline='gone.tflite'": "pipeline='gone.tflite' does not exist in *; allowed: a pipeline *",
    "size_kb=10, pipeline=5": "pipeline=5: allowed: a path, or package.module:factory as text",
    "pipeline='model.tflite'": "edge_budget() gives no limit: allowed: acc, *",
    "": "edge_budget() gives no limit: allowed: acc, *",
    "10": "edge_budget(10): limits are given by name, as in edge_budget(latency_ms=50)",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_cannot_be_meant_is_refused_before_anything_runs(project, arguments):
    project.tests(f"def test_plain():\n    open('ran', 'w').close()\n\n@edge_budget({arguments})\ndef test_a(): pass")
    result = project.run("--update-baselines")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: refused before anything ran:", f"test_it.py::test_a: {REFUSED[arguments]}"])
    assert not (project.root / "ran").exists()
    assert project.runs == []
    assert project.baselines == {}


def test_every_refused_test_has_its_line(project):
    project.tests("@edge_budget(size_kb=-1)\ndef test_a(): pass\n\n@edge_budget(acc=85)\ndef test_b(): pass")
    result = project.run()
    result.stderr.fnmatch_lines(["test_it.py::test_a: size_kb=-1 *", "test_it.py::test_b: acc=85 *"])


def test_collecting_only_refuses_too(project):
    project.tests("@edge_budget(size_kb=-1)\ndef test_a(): pass")
    assert project.run("--collect-only").ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize("selection", [("-k", "good"), ("-m", "not slow"), ("--deselect", "test_it.py::test_bad")])
def test_only_selected_tests_are_refused(project, selection):
    project.tests(
        "@pytest.mark.slow\n@edge_budget(size_kb=-1)\ndef test_bad(): pass\n\ndef test_good(): pass",
    )
    project.ini(markers="slow")
    project.run(*selection).assert_outcomes(passed=1, deselected=1)


def test_workers_of_xdist_refuse_without_an_internal_error(project):
    project.tests("def test_plain():\n    open('ran', 'w').close()\n\n@edge_budget(size_kb=-1)\ndef test_a(): pass")
    result = project.run_two()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["test_it.py::test_a: size_kb=-1 is negative; a limit is 0 or more"])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert not (project.root / "ran").exists()


def test_the_mark_is_registered(project):
    project.run("--markers").stdout.fnmatch_lines(["@pytest.mark.edge_budget([*], pipeline=None, [*][*]limits): *"])


@given(base=WORDS, device=WORDS, others=st.lists(WORDS, max_size=2))
def test_the_stable_name_is_the_one_that_a_single_device_gives(base, device, others):
    parameters = "-".join([device, *others])
    alone = f"{base}[{'-'.join(others)}]" if others else base
    assert without_device(f"{base}[{parameters}]", parameters, device) == alone


@pytest.mark.parametrize(("parameters", "rest"), [("a-pi", "a"), ("a-pi-b", "a-b"), ("pie-pi", "pie"), ("pi-pi", "pi")])
def test_the_device_is_found_wherever_another_plugin_has_put_it(parameters, rest):
    assert without_device(f"t[{parameters}]", parameters, "pi") == f"t[{rest}]"
