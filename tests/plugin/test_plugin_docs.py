"""The reference names everything there is, and its example runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.perf import gate, metrics, regressions
from edgesense.perf.units import RATIO
from edgesense.perf.verdicts import Outcome
from pytest_edgesense import marker

REFERENCE = Path(__file__).parents[2] / "docs" / "plugin.md"


@pytest.fixture(scope="module")
def reference():
    return REFERENCE.read_text(encoding="utf-8")


def test_every_option_and_ini_key_is_in_the_reference(project, reference):
    parser = project.pytester.parseconfig("-p", "pytest_edgesense.plugin")._parser
    options = parser.getgroup("edgesense").options
    assert len(options) > 5
    assert all(f"`{name}" in reference for option in options for name in option.names())
    keys = [name for name in parser._inidict if name.startswith("edge_")]
    assert len(keys) > 5
    assert [name for name in keys if f"`{name}`" not in reference] == []


def test_every_limit_is_in_the_reference(reference):
    assert [name for name in metrics.every() if f"`{name}`" not in reference] == []


def test_the_example_runs(project, reference):
    example = reference.partition("```python\n")[2].partition("```")[0]
    project.write("test_it.py", example)
    project.write("models/dscnn-int8/pipeline.json", "{}")
    project.device("pi", latency_ms=(40.0, 35.0, 45.0, "predicted"), size_kb=500.0, acc=0.9, rss_mb=60.0, acc_drop=0.01)
    project.run("--edge-device=pi").assert_outcomes(passed=2)


def test_every_argument_of_the_mark_is_in_the_reference(reference):
    assert [name for name in marker.ARGUMENTS if f"`{name}=" not in reference] == []


def test_every_outcome_is_in_the_reference_with_its_letter(reference):
    rows = [line.split(" | ")[:2] for line in reference.splitlines() if line.startswith("| `")]
    told = {(letter.strip("| `"), word.split(", ")[0]) for letter, word in rows}
    assert {(outcome.letter, outcome.word) for outcome in Outcome} <= told


def test_the_allowed_changes_in_the_reference_are_the_usual_ones(reference):
    said = regressions.parse(reference.partition('edge_regression = "')[2].partition('"')[0])
    for name, allowed in said.items():
        metric = metrics.find(name)
        tolerance = metric.tolerance
        usual = gate.LIMIT if tolerance is None else tolerance.absolute if metric.unit is RATIO else tolerance.relative
        assert allowed == pytest.approx(usual), name
