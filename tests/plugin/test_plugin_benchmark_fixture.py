"""A function that pytest-benchmark times is judged where it is: its limits, its device, what cannot be told of it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from edgesense.errors import BudgetError
from edgesense.perf import statistics
from edgesense.perf.devices.host import Host
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Known
from pytest_edgesense import benchmark_fixture
from pytest_edgesense.benchmark_fixture import Rounds

BENCHMARK = ("-p", "pytest_benchmark.plugin", "--benchmark-max-time=0.01", "--benchmark-min-rounds=80")
GENEROUS, NEVER = 1e6, 0

TIMED = """
@edge_budget(latency_ms={limit})
def test_it(benchmark):
    benchmark(sum, range(100))
"""


@pytest.fixture
def functions(project):
    """A project that names neither a device nor a pipeline, in which pytest-benchmark is active."""
    pytest.importorskip("pytest_benchmark")
    project.ini(edge_device="", edge_pipeline="")
    plain = project.run

    def run(*arguments):
        return plain(*BENCHMARK, *arguments)

    project.run = run
    return project


def timed(project, *arguments):
    """Run and return the one budget's row."""
    project.run("--edge-json=out.json", *arguments)
    (row,) = json.loads((project.root / "out.json").read_text())["budgets"]
    return row


# Judged


def test_a_function_within_its_limit_passes_and_its_numbers_are_measured(functions):
    functions.tests(TIMED.format(limit=GENEROUS))
    row = timed(functions)
    (finding,) = row["verdict"]["findings"]
    assert (row["outcome"], row["device"], finding["budget"]) == ("passed", "host", "MET")
    assert finding["reading"]["known"] == "measured"
    assert finding["reading"]["n"] >= 80
    assert 0 < finding["reading"]["low"] <= finding["reading"]["value"] <= finding["reading"]["high"]


def test_a_function_over_its_limit_fails_its_test_and_is_shown_how_to_look_closer(functions):
    functions.tests(TIMED.format(limit=NEVER))
    result = functions.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*latency_ms on host: * is over its limit 0 ms*",
            "*see where it goes: pytest test_it.py::test_it --edge-device=host --benchmark-cprofile=tottime",
            "*judge it again, alone: pytest test_it.py::test_it --edge-device=host",
        ]
    )
    result.stdout.no_fnmatch_line("*edgesense bench*")


def test_the_number_is_the_median_of_the_calls_that_pytest_benchmark_timed(functions):
    functions.tests(
        "@edge_budget(latency_ms=1e6)\n"
        "def test_it(benchmark, edge_measurement):\n"
        "    benchmark.pedantic(sum, args=([1, 2],), rounds=21)\n"
        "    number = edge_measurement['latency_ms']\n"
        "    assert number.value == pytest.approx(benchmark.stats.stats.median * 1e3)\n"
        "    assert number.known == 'measured'\n"
    )
    functions.run().assert_outcomes(passed=1)


def test_a_round_of_several_calls_counts_as_their_mean(functions):
    functions.tests(
        "@edge_budget(latency_ms=1e6)\n"
        "def test_it(benchmark, edge_measurement):\n"
        "    benchmark.pedantic(sum, args=([1, 2],), rounds=21, iterations=50)\n"
        "    assert edge_measurement['latency_ms'].value == pytest.approx(benchmark.stats.stats.median * 1e3)\n"
    )
    result = functions.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*21 rounds of 50 calls each, timed by pytest-benchmark in pytest's own process*"])


def test_percentiles_of_single_calls_are_judged(functions):
    functions.tests(
        "@edge_budget(latency_p90_ms=1e6)\n"
        "def test_it(benchmark):\n    benchmark.pedantic(sum, args=([1, 2],), rounds=80)\n"
    )
    (finding,) = timed(functions)["verdict"]["findings"]
    assert finding["budget"] == "MET"


def test_a_method_has_the_limits_of_its_class(functions):
    functions.tests(
        f"@edge_budget(latency_ms={NEVER})\nclass TestIt:\n"
        "    def test_a(self, benchmark):\n        benchmark(sum, [1])\n"
        f"    @edge_budget(latency_ms={GENEROUS})\n    def test_b(self, benchmark):\n        benchmark(sum, [1])\n"
    )
    functions.run().assert_outcomes(failed=1, passed=1)


def test_a_method_of_a_test_case_is_judged(functions):
    functions.tests(
        "import unittest\n\nclass TestIt(unittest.TestCase):\n"
        "    @pytest.fixture(autouse=True)\n    def use(self, benchmark):\n        self.benchmark = benchmark\n\n"
        f"    @edge_budget(latency_ms={NEVER})\n    def test_a(self):\n        self.benchmark(sum, [1])\n"
    )
    functions.run().assert_outcomes(failed=1)


def test_each_parameter_is_judged_by_itself(functions):
    functions.tests(
        f"@pytest.mark.parametrize('n', [1, 2])\n@edge_budget(latency_ms={GENEROUS})\n"
        "def test_it(benchmark, n):\n    benchmark(sum, range(n))\n"
    )
    result = functions.run()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["2 budgets: 2 met, *"])


def test_a_pipeline_that_the_mark_names_is_judged_in_the_place_of_the_function(project):
    pytest.importorskip("pytest_benchmark")
    project.tests(
        "@edge_budget(size_kb=10, pipeline='model.tflite')\ndef test_it(benchmark):\n    benchmark(sum, [1])\n"
    )
    project.run(*BENCHMARK).assert_outcomes(passed=1)
    assert project.runs == ["table model.tflite size_kb"]


def test_a_fixture_of_that_name_from_elsewhere_leaves_the_pipeline_judged(project):
    project.tests(
        "@pytest.fixture\ndef benchmark():\n    return print\n\n"
        "@edge_budget(size_kb=10)\ndef test_it(benchmark): pass\n"
    )
    project.run().assert_outcomes(passed=1)
    assert project.runs == ["table model.tflite size_kb"]


def test_a_fixture_that_changes_pytest_benchmarks_own_is_still_that(functions):
    functions.tests(
        "@pytest.fixture\ndef benchmark(benchmark):\n    benchmark.group = 'mine'\n    return benchmark\n\n"
        + TIMED.format(limit=NEVER)
    )
    functions.run().assert_outcomes(failed=1)


def test_it_is_never_compared_and_never_stored(functions):
    functions.tests(TIMED.format(limit=GENEROUS))
    result = functions.run("--update-baselines")
    result.assert_outcomes(passed=1)
    assert functions.baselines == {}
    result = functions.run("--edge-strict")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "latency_ms on host: not compared: times are compared with a baseline that runs beside them, *",
            "1 budget: 1 met, 0 over, 0 inconclusive; 0 compared*",
        ]
    )


def test_junit_has_its_numbers(functions):
    functions.tests(TIMED.format(limit=GENEROUS))
    functions.run("--junitxml=junit.xml")
    tree = ET.parse(functions.root / "junit.xml")  # noqa: S314 - pytest wrote it
    found = {one.get("name"): one.get("value") for one in tree.iter("property")}
    assert (found["edge.latency_ms.known"], found["edge.latency_ms.budget"]) == ("measured", "MET")


def test_a_rerun_adds_its_rounds_to_the_evidence(functions):
    pytest.importorskip("pytest_rerunfailures")
    functions.tests(
        f"@edge_budget(latency_ms={NEVER})\n"
        "def test_it(benchmark):\n    benchmark.pedantic(sum, args=([1],), rounds=30)\n"
    )
    row = timed(functions, "-p", "pytest_rerunfailures", "--reruns", "2")
    (finding,) = row["verdict"]["findings"]
    assert finding["reading"]["n"] == 90


def test_explaining_says_that_the_function_is_timed_in_the_body(functions):
    functions.tests(TIMED.format(limit=5))
    functions.run("--edge-explain").stdout.fnmatch_lines(
        [
            "test_it.py::test_it on host",
            "*function   what it gives to pytest-benchmark's fixture benchmark",
            "*measured   latency_ms ≤ 5 ms",
            "1 budget in 1 measurement; *",
        ]
    )


def test_the_example_in_the_reference_runs(functions):
    reference = (Path(__file__).parents[2] / "docs" / "plugin.md").read_text(encoding="utf-8")
    section = reference.partition("### A function of pytest-benchmark")[2]
    functions.write("test_it.py", section.partition("```python\n")[2].partition("```")[0])
    functions.run().assert_outcomes(passed=1)


def test_what_was_measured_is_called_the_function(functions):
    functions.tests(TIMED.format(limit=GENEROUS))
    evidence = timed(functions)["evidence"]
    assert evidence["pipeline"] == "the function that the test times"
    assert evidence["measured"]["subject"]["clock"] == "perf_counter"


# Inconclusive, with the reason

DISABLED = [
    (("--benchmark-disable",), "pytest-benchmark is disabled in this run", "next: run it without --benchmark-disable"),
    (
        ("-p", "xdist", "-n", "1", "-W", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning"),
        "pytest-benchmark times nothing on workers of pytest-xdist",
        "next: run it without them: pytest -n0",
    ),
]


@pytest.mark.parametrize(("arguments", "reason", "remedy"), DISABLED, ids=["asked for", "xdist"])
def test_where_pytest_benchmark_times_nothing_the_budget_is_inconclusive(functions, arguments, reason, remedy):
    functions.tests(TIMED.format(limit=NEVER))
    run = functions.run_apart
    result = run(*BENCHMARK, *arguments)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*{reason}", f"*{remedy}", "1 budget: 0 met, 0 over, 1 inconclusive; *"])
    run(*BENCHMARK, *arguments, "--edge-strict").assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("call", "limit", "reason"),
    [
        ("benchmark.pedantic(sum, args=([1],), rounds=10)", "latency_ms", "latency_ms needs at least 11 rounds*are 10"),
        (
            "benchmark.pedantic(sum, args=([1],), rounds=63)",
            "latency_p90_ms",
            "latency_p90_ms needs at least 64 rounds*",
        ),
        (
            "benchmark.pedantic(sum, args=([1],), rounds=80, iterations=2)",
            "latency_p90_ms",
            "a percentile of calls cannot be told from rounds of 2 calls each",
        ),
    ],
)
def test_rounds_that_do_not_tell_a_number_leave_it_inconclusive(functions, call, limit, reason):
    functions.tests(f"@edge_budget({limit}={NEVER})\ndef test_it(benchmark):\n    {call}\n")
    result = functions.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*{reason}", "*next: *", "1 budget: 0 met, 0 over, 1 inconclusive; *"])


def test_a_clock_that_is_none_on_the_wall_leaves_it_inconclusive(functions):
    functions.tests(TIMED.format(limit=NEVER))
    result = functions.run("--benchmark-timer=time.process_time")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*timed with process_time, which is no clock on the wall"])


# Not measured


def test_a_test_that_never_calls_the_fixture_fails(functions):
    functions.tests(f"@edge_budget(latency_ms={GENEROUS})\ndef test_it(benchmark): pass\n")
    result = functions.run("-W", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*not measured on host: the test did not call its fixture benchmark: call *"])


def test_a_function_that_fails_fails_its_test_first(functions):
    functions.tests(f"@edge_budget(latency_ms={GENEROUS})\ndef test_it(benchmark):\n    benchmark(lambda: 1 / 0)\n")
    result = functions.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *ZeroDivisionError*",
            "*edge budget*",
            "not measured on host: the function that benchmark was to time failed",
        ]
    )


def test_a_body_that_fails_afterwards_leaves_the_budget_judged(functions):
    functions.tests(TIMED.format(limit=NEVER) + "    assert False, 'the body'\n")
    result = functions.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the body*", "*latency_ms on host: * is over its limit 0 ms*"])


def test_what_is_skipped_is_not_judged(functions):
    functions.tests(TIMED.format(limit=NEVER))
    result = functions.run("--benchmark-skip")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["1 budget: 0 met, 0 over, 0 inconclusive, 1 not judged; *"])


# Refused before anything runs


def test_a_limit_that_no_function_has_is_refused(functions):
    functions.tests(
        "@edge_budget(latency_ms=5, size_kb=9, rss_mb=50)\ndef test_it(benchmark):\n    benchmark(sum, [1])\n"
    )
    result = functions.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*the fixture benchmark times a function, which has no rss_mb, size_kb: allowed: *"])


def test_another_device_is_refused_and_a_limit_for_the_host_is_none_for_it(functions):
    functions.device("board", latency_ms=(1.0, 1.0, 1.0, "predicted"))
    functions.tests(TIMED.format(limit=5))
    result = functions.run("--edge-device=board")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ['*runs on this computer, not on board: give latency_ms={"host": ...} to judge it here*']
    )
    functions.tests("@edge_budget(latency_p90_ms=5)\ndef test_it(benchmark):\n    benchmark(sum, [1])\n")
    functions.run("--edge-device=board").stderr.fnmatch_lines(['*give latency_p90_ms={"host": ...}*'])
    functions.tests(TIMED.format(limit='{"host": 0}'))
    result = functions.run("--edge-device=board")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*latency_ms*no limit for board*"])


# Pure


def test_the_median_and_its_interval_are_those_of_every_latency():
    seconds = tuple(0.001 * n for n in range(1, 102))
    found = benchmark_fixture.measurement(Rounds(seconds), ["latency_ms"], Host()).readings["latency_ms"]
    assert (found.value, found.known, found.n) == (pytest.approx(0.051), Known.MEASURED, 101)
    assert (found.low, found.high) == statistics.quantile_interval(seconds, 0.5)


def test_rounds_of_another_clock_are_not_mixed():
    assert Rounds((2.0,)).after(Rounds((1.0,), clock="time")).seconds == (2.0,)
    assert Rounds((2.0,), calls=3).after(Rounds((1.0,))) == Rounds((1.0, 2.0), calls=3)


def test_a_device_without_a_limit_is_not_refused():
    benchmark_fixture.check([], Table({}, name="board"))
    with pytest.raises(BudgetError, match="not on board"):
        benchmark_fixture.check(["latency_ms"], Table({}, name="board"))
