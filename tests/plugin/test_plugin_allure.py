"""A budget in an Allure report, read back from its results with the records of allure's own Python commons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesense.report.records import Attached, Evidence
from pytest_edgesense import allure
from pytest_edgesense.rows import Row

model = pytest.importorskip("allure_commons.model2")
pytest.importorskip("allure_pytest")

ALLURE = ("-p", "allure_pytest.plugin", "--alluredir=results")
TESTS = "@edge_budget(size_kb=9)\ndef test_missed(): pass\n\n@edge_budget(size_kb=10)\ndef test_met(): pass\n"
PROFILER = """
from edgesense.perf import profilers
from edgesense.perf.cases import Attachment


class Fake:
    name, always, cost, explains = "fake", True, 1.0, frozenset({"size_kb"})

    def profile(self, case, directory):
        (directory / "graph.svg").write_text("<svg/>")
        return [Attachment("a graph", directory / "graph.svg"), Attachment("no tool", None, "not installed")]


profilers.every = lambda: (Fake(),)
"""


@pytest.fixture
def missed(project, monkeypatch):
    """A project with a missed budget, which a file explains, and one that is met."""
    from edgesense.perf import profilers

    monkeypatch.setattr(profilers, "every", profilers.every)
    project.write("conftest.py", (project.root / "conftest.py").read_text() + PROFILER)
    project.tests(TESTS)
    return project


def results(project):
    """The results by test's name; a key that allure does not know would not fit its records."""
    found = {}
    for path in (project.root / "results").glob("*-result.json"):
        body = json.loads(path.read_text(encoding="utf-8"))
        result = model.TestResult(**body)
        result.labels = {label.name: label.value for label in (model.Label(**one) for one in result.labels)}
        result.parameters = {one.name: one for one in (model.Parameter(**each) for each in result.parameters)}
        result.attachments = {one.name: one for one in (model.Attachment(**each) for each in result.attachments)}
        found[result.name] = result
    return found


@pytest.mark.parametrize("workers", [False, True])
def test_a_missed_budget_has_its_table_its_numbers_and_its_files(missed, workers):
    (missed.run_two if workers else missed.run_apart)(*ALLURE)
    result = results(missed)["test_missed"]
    assert (result.status, result.labels["edge_device"], result.labels["edge_budget"]) == ("failed", "table", "OVER")
    number = result.parameters["size_kb"]
    assert (number.value, number.excluded) == ("'10.0 KiB exact, ≤ 9 KiB, OVER'", True)
    assert list(result.attachments)[:3] == ["edge budget", "a graph", "no tool"]
    types = [one.type for one in result.attachments.values()]
    assert types[:3] == ["text/html", "image/svg+xml", "text/plain"]
    said = [(missed.root / "results" / one.source).read_text(encoding="utf-8") for one in result.attachments.values()]
    assert "<td>O OVER</td>" in said[0]
    assert said[1:3] == ["<svg/>", "not installed"]


def test_a_met_budget_has_its_table_and_passes(missed):
    missed.run_apart(*ALLURE)
    result = results(missed)["test_met"]
    assert (result.status, result.labels["edge_budget"], list(result.attachments)) == (
        "passed",
        "NO BASELINE",
        ["edge budget"],
    )


def test_another_number_leaves_the_test_the_same_one(missed):
    missed.run_apart(*ALLURE)
    before = results(missed)["test_met"].historyId
    missed.device("table", size_kb=9.5)
    missed.run_apart(*ALLURE, "--clean-alluredir")
    assert results(missed)["test_met"].historyId == before


def test_without_a_directory_for_its_results_allure_is_left_alone(missed):
    result = missed.run_apart("-p", "allure_pytest.plugin")
    result.assert_outcomes(failed=1, passed=1)


def test_allure_is_not_imported_where_it_is_not_active(missed):
    missed.tests("import sys\n\n@edge_budget(size_kb=10)\ndef test_it():\n    assert 'allure' not in sys.modules\n")
    missed.run_apart().assert_outcomes(passed=1)


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    row = Row("t", "t", "host", None, evidence=Evidence(attached=(Attached("a graph", "gone.svg"),)))
    _, gone = allure.attachments(row, tmp_path)
    assert (gone.file, gone.text) == (None, "gone.svg is gone")
