"""A project without budgets pays next to nothing for the plugin."""

from __future__ import annotations

import pytest

LOADED = """
import sys

def test_a():
    heavy = [name for name in ("numpy", "scipy", "edgesense.perf", "pytest_edgesense.running") if name in sys.modules]
    assert heavy == []
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2", "-p", "xdist")])
def test_a_project_without_budgets_imports_neither_numpy_nor_the_core(project, arguments):
    (project.root / "conftest.py").unlink()
    project.ini(edge_device="", edge_pipeline="")
    project.write("test_it.py", LOADED)
    result = project.run_apart(*arguments)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*edge budgets*")


def test_the_plugin_is_found_by_its_entry_point(project):
    from importlib.metadata import entry_points

    found = [entry.value for entry in entry_points(group="pytest11", name="edgesense")]
    if not found:
        pytest.skip("pytest-edgesense is not installed here, only imported from the checkout")
    assert found[0] == "pytest_edgesense.plugin"


def test_the_public_names_are_there():
    import pytest_edgesense

    assert pytest_edgesense.edge_budget.name == "edge_budget"
    for name in pytest_edgesense.__all__:
        assert getattr(pytest_edgesense, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'edge_budgets'"):
        pytest_edgesense.edge_budgets  # noqa: B018 - the access is the test


def test_a_missed_budget_is_a_failure_that_can_be_named_in_xfail(project):
    project.tests(
        "from pytest_edgesense import BudgetExceeded\n\n"
        "@pytest.mark.xfail(raises=BudgetExceeded)\n@edge_budget(size_kb=9)\ndef test_a(): pass"
    )
    project.run("--edge-profile=off").assert_outcomes(xfailed=1)
