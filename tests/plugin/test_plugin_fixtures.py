"""The fixtures: what was measured, of which pipeline, on which device."""

from __future__ import annotations

import pytest


def test_numbers_are_in_the_limits_units_with_their_interval(project):
    project.device("table", latency_ms=(50.0, 45.0, 55.0, "measured"))
    project.tests(
        """
from edgesense.perf.records import Known

@edge_budget(latency_ms=60)
def test_a(edge_measurement):
    number = edge_measurement["latency_ms"]
    assert (number.value, number.low, number.high) == pytest.approx((50, 45, 55))
    assert number.known == "measured"
    assert number.known is Known.MEASURED
    assert edge_measurement.device == "table"
    assert list(edge_measurement) == ["latency_ms"]
"""
    )
    project.run().assert_outcomes(passed=1)


def test_what_was_not_measured_says_so(project):
    project.tests(
        """
from edgesense.errors import NotMeasured

@edge_budget(size_kb=10)
def test_a(edge_measurement):
    with pytest.raises(NotMeasured, match="'acc' was not measured by this test on table: it measured size_kb"):
        edge_measurement["acc"]
    assert edge_measurement.get("acc") is None
"""
    )
    project.run().assert_outcomes(passed=1)


def test_a_fixture_may_take_it_but_not_read_it(project):
    project.tests(
        """
from edgesense.errors import NotMeasured

@pytest.fixture
def kept(edge_measurement):
    with pytest.raises(NotMeasured, match="nothing is measured yet"):
        edge_measurement["size_kb"]
    return edge_measurement

@edge_budget(size_kb=10)
def test_a(kept):
    assert kept["size_kb"].value == 10
"""
    )
    project.run().assert_outcomes(passed=1)


def test_a_test_without_a_budget_is_told_so(project):
    project.tests("def test_a(edge_measurement): pass")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["edge_measurement is for tests with a budget: test_a has no @edge_budget(...)"])


def test_a_body_that_reads_what_could_not_be_measured_is_told_why(project):
    project.tests(
        """
@pytest.fixture
def edge_pipeline():
    return "gone.tflite"

@edge_budget(size_kb=10)
def test_a(edge_measurement):
    assert edge_measurement["size_kb"].value
"""
    )
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *NotMeasured: the pipeline could not be measured: the pipeline 'gone.tflite' *"])


OVERRIDDEN = """
import pathlib

@pytest.fixture
def edge_pipeline():
    return {value}

@edge_budget(size_kb=10{marker})
def test_a(): pass
"""


@pytest.fixture
def second(project):
    project.write("second.tflite", "")
    return project


@pytest.mark.parametrize("value", ["'second.tflite'", "pathlib.Path('second.tflite')"])
def test_the_fixture_beats_the_ini(second, value):
    second.tests(OVERRIDDEN.format(value=value, marker=""))
    second.run().assert_outcomes(passed=1)
    assert second.runs == ["table second.tflite size_kb"]


def test_the_marker_beats_the_fixture(second):
    second.tests(OVERRIDDEN.format(value="'gone.tflite'", marker=", pipeline='second.tflite'"))
    second.run().assert_outcomes(passed=1)
    assert second.runs == ["table second.tflite size_kb"]


def test_a_fixture_needs_no_ini(second):
    second.ini(edge_pipeline="")
    second.tests(OVERRIDDEN.format(value="'second.tflite'", marker=""))
    second.run().assert_outcomes(passed=1)


def test_a_fixture_of_a_test_case_needs_no_ini(second):
    second.ini(edge_pipeline="")
    second.tests(
        """
import unittest

@pytest.fixture
def edge_pipeline():
    return "second.tflite"

class TestIt(unittest.TestCase):
    @edge_budget(size_kb=10)
    def test_a(self): pass
"""
    )
    second.run().assert_outcomes(passed=1)
    assert second.runs == ["table second.tflite size_kb"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("'gone.tflite'", "the pipeline 'gone.tflite' of the fixture edge_pipeline does not exist in *"),
        ("5", "the fixture edge_pipeline gave 5: a str or a Path is wanted"),
        ("None", "no pipeline: give pipeline= in the marker, *"),
    ],
)
def test_a_bad_value_of_the_fixture_fails_its_own_test(project, value, said):
    project.tests(OVERRIDDEN.format(value=value, marker="") + "\ndef test_b(): pass")
    result = project.run()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines([f"not measured on table: {said}"])


def test_parametrising_the_pipeline_takes_effect_without_asking_for_it(second):
    second.tests(
        """
@pytest.mark.parametrize("edge_pipeline", ["model.tflite", "second.tflite"])
@edge_budget(size_kb=10)
def test_a(): pass
"""
    )
    second.ini(edge_pipeline="")
    second.run("--update-baselines").assert_outcomes(passed=2)
    assert second.runs == ["table model.tflite size_kb", "table second.tflite size_kb"]
    assert list(second.baselines) == [
        "table/test_it.py::test_a[model.tflite]",
        "table/test_it.py::test_a[second.tflite]",
    ]


@pytest.mark.parametrize("place", ["pytestmark = edge_budget(size_kb=10)", "", "class"])
def test_a_parametrised_fixture_takes_effect_without_asking_for_it(second, place):
    fixture = "@pytest.fixture(params=['model.tflite', 'second.tflite'])\ndef edge_pipeline(request):\n"
    fixture += "    return request.param\n\n"
    if place == "class":
        body = "@edge_budget(size_kb=10)\nclass TestIt:\n    def test_a(self): pass\n"
    elif place:
        body = f"{place}\n\ndef test_a(): pass\n"
    else:
        body = "@edge_budget(size_kb=10)\ndef test_a(): pass\n"
    second.tests(fixture + body)
    second.run().assert_outcomes(passed=2)
    assert len(second.runs) == 2


def test_an_unmarked_neighbour_is_not_parametrised(second):
    second.tests(
        """
@pytest.fixture(params=['model.tflite', 'second.tflite'])
def edge_pipeline(request):
    return request.param

@edge_budget(size_kb=10)
def test_a(): pass

def test_b(): pass
"""
    )
    second.run().assert_outcomes(passed=3)


def test_a_factory_is_no_path(project):
    project.tests("@edge_budget(size_kb=10, pipeline='package.module:make')\ndef test_a(): pass")
    project.run().assert_outcomes(passed=1)
    assert project.runs == ["table package.module:make size_kb"]


def test_set_up_can_be_shown(project):
    project.tests("@edge_budget(size_kb=10)\ndef test_a(edge_measurement): pass")
    project.run("--setup-show").stdout.fnmatch_lines(["*SETUP *edge_pipeline*", "*SETUP *edge_measurement*"])


def test_set_up_alone_measures_nothing(project):
    project.tests("@edge_budget(size_kb=10)\ndef test_a(edge_measurement): pass")
    assert project.run("--setup-only").ret == 0
    assert project.runs == []


MADE_ANEW = """
import pathlib

@pytest.fixture(params=[1, 50])
def edge_pipeline(request):
    path = pathlib.Path(__file__).parent / "build.bin"
    path.write_bytes(bytes(request.param))
    return path

@edge_budget(size_kb=20)
def test_a(): pass

@edge_budget(size_kb=20)
def test_b(): pass
"""


def test_a_model_that_a_fixture_makes_anew_at_one_place_is_measured_anew(project):
    project.tests(MADE_ANEW)
    project.run().assert_outcomes(passed=4)
    # Two tests, two models: each model once.
    assert len(project.runs) == 2


def test_a_factory_may_make_something_else_for_other_parameters(project):
    project.tests(
        "@pytest.mark.parametrize('n', [1, 2])\n@edge_budget(size_kb=20, pipeline='made:up')\ndef test_a(n): pass\n"
        "@edge_budget(size_kb=20, pipeline='made:up')\ndef test_b(): pass\n"
        "@edge_budget(size_kb=20, pipeline='made:up')\ndef test_c(): pass"
    )
    project.run().assert_outcomes(passed=4)
    assert project.runs == ["table made:up size_kb"] * 3


def test_a_test_that_is_run_again_is_judged_by_what_was_measured_first(project):
    pytest.importorskip("pytest_rerunfailures")
    project.tests(
        """
import pathlib, uuid

@pytest.fixture
def edge_pipeline():
    path = pathlib.Path(__file__).parent / "build.bin"
    path.write_text(uuid.uuid4().hex)
    return path

@edge_budget(size_kb=5)
def test_a(): pass
"""
    )
    project.run("-p", "pytest_rerunfailures", "--reruns", "2", "--edge-profile=never").assert_outcomes(failed=1)
    assert len(project.runs) == 1
