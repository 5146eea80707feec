"""Budgets on a microcontroller, from the marker to the verdict: the model really runs in TFLite Micro."""

from __future__ import annotations

import importlib.util

import pytest

from edgesense.tiny_pipeline import tiny_pipeline

needs_micro = pytest.mark.skipif(
    importlib.util.find_spec("tflite_micro") is None,
    reason="tflite-micro is not installed: pip install 'pytest-edgesense[esp32]'",
)


@pytest.fixture
def esp32(project):
    tiny_pipeline(project.root / "tiny", dtype="int8", clips=40, trained_on=20)
    project.ini(edge_device="esp32", edge_pipeline="tiny")
    return project


@needs_micro
def test_a_budget_is_met_on_a_chip_that_is_not_here(esp32):
    esp32.tests("@edge_budget(arena_kb=64, ram_kb=100, size_kb=500, acc=0.2, latency_ms=1000)\ndef test_a(): pass")
    result = esp32.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "test_it.py::test_a on esp32",
            "  arena_kb *KiB *64 KiB *stand-in *met",
            "  ram_kb *KiB *100 KiB *stand-in *met",
            "  acc *0.2 *stand-in *met",
            "  latency_ms *ms (*) *1000 ms *predicted *not compared *met",
            "  macs_m *exact*",
            "  * of 40 clips got the same answer from TFLite Micro and from *",
            "  RAM: * of 290 KiB; flash: *",
        ],
        consecutive=False,
    )


@needs_micro
def test_an_arena_over_its_limit_fails_and_says_both_numbers(esp32):
    esp32.tests("@edge_budget(arena_kb=1)\ndef test_a(): pass")
    result = esp32.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*arena_kb on esp32: * KiB is over its limit 1.00 KiB*"])


@needs_micro
def test_a_time_within_its_interval_cannot_be_told_and_the_exact_number_is_named(esp32):
    esp32.tests(
        "@edge_budget(latency_ms=10)\ndef test_a(edge_measurement): assert edge_measurement['latency_ms'].low < 10"
    )
    result = esp32.run("--edge-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*give macs_m a limit: it is exact*"])


@needs_micro
def test_what_was_accepted_is_compared_again(esp32):
    esp32.tests("@edge_budget(arena_kb=64, latency_ms=1000)\ndef test_a(): pass")
    esp32.run("--update-baselines").assert_outcomes(passed=1)
    assert esp32.baselines["esp32/test_it.py::test_a"].keys() >= {"arena_kb", "macs_m"}
    result = esp32.run()
    result.stdout.fnmatch_lines(
        ["1 budget: 1 met, 0 over, 0 inconclusive; 1 compared, 0 without baseline, 0 inconclusive"]
    )


@pytest.mark.parametrize("limit", ["rss_mb", "instructions_m", "latency_p90_ms"])
def test_a_limit_that_the_chip_can_never_answer_is_refused_at_collection(esp32, limit):
    esp32.tests(f"@edge_budget({limit}=5)\ndef test_a(): pass")
    result = esp32.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*test_a: {limit} can never be answered by esp32; it can answer acc, *"])


def test_an_arena_is_refused_at_collection_where_nothing_tells_it(esp32):
    esp32.tests("@edge_budget(arena_kb=5)\ndef test_a(): pass")
    result = esp32.run("--edge-device=host")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*arena_kb can never be answered by host*"])


def test_without_the_package_the_command_is_told(esp32):
    hidden = "import edgesense.perf.devices.esp32 as e\ne.PACKAGE = 'tflite_micro_that_is_not_here'\n"
    esp32.tests(hidden + "@edge_budget(arena_kb=5, size_kb=500)\ndef test_a(): pass")
    result = esp32.run_apart("--edge-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TFLite Micro is not installed here*", "*pip install 'pytest-edgesense[[]esp32[]]'*"])
