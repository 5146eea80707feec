"""What shows only when it runs: its own test fails with a clear cause, and the others run on. On this computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.runtime import backends
from edgesense.runtime.tiny import tiny_model, tiny_model_bytes
from edgesense.runtime.writer import Graph, TensorSpec, to_bytes

MODULE = """
import os
import signal
import sys
import time
from pathlib import Path


class Workload:
    def artifacts(self):
        return [Path(__file__)]

    def example(self):
        return 1

    def run(self, item):
        return item


class Crashes(Workload):
    def artifacts(self):
        print("the last words", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.{signal})


class Hangs(Workload):
    def artifacts(self):
        time.sleep(600)


class Leaves(Workload):
    def artifacts(self):
        os._exit(3)


class Deaf(Workload):
    def artifacts(self):
        import numpy as np

        from edgesense import audio
        from edgesense.features import FeatureSettings

        audio.check(np.zeros(32000, np.float32), 16000, FeatureSettings())


def nothing():
    return None
"""

TWO = "@edge_budget(size_kb=100{asked})\ndef test_bad(): pass\n\n@edge_budget(size_kb=100, pipeline='good:Workload')\n"
TWO += "def test_good(): pass"


@pytest.fixture
def here(project):
    """A project that is judged on this computer, with a good workload."""
    project.ini(edge_device="host")
    project.write("good.py", MODULE.format(signal="SIGSEGV"))
    return project


def fails(project, *said):
    result = project.run()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*_ test_bad _*", *said])
    failure = result.stdout.str().partition("edge budgets")[0]
    assert "Traceback" not in failure
    assert ".py:" not in failure


WHOLE = tiny_model_bytes()


@pytest.mark.parametrize(
    "content", [b"", WHOLE[: len(WHOLE) // 2], bytes(range(256)) * 40], ids=["empty", "truncated", "random bytes"]
)
def test_a_file_that_is_no_model_fails_its_own_test(here, content):
    here.tests(TWO.format(asked=""))
    (here.root / "model.tflite").write_bytes(content)
    fails(here, "not measured on host: model.tflite *")


def test_an_operator_that_the_runtime_cannot_load_is_found_before_running(here):
    if "litert" not in backends.installed():
        pytest.skip("litert is not installed")
    declared = to_bytes(Graph([TensorSpec("x", (1,))], [], (0,), (0,), declared=(("FULLY_CONNECTED", 99),)))
    (here.root / "model.tflite").write_bytes(declared)
    here.tests(TWO.format(asked=""))
    fails(here, "not measured on host: *FULLY_CONNECTED*version*99*")


@pytest.mark.parametrize("signal", ["SIGSEGV", "SIGKILL"])
def test_a_worker_that_is_ended_by_a_signal_says_which_and_its_last_words(here, signal):
    here.write("bad.py", MODULE.format(signal=signal))
    here.tests(TWO.format(asked=", pipeline='bad:Crashes'"))
    fails(here, f"not measured on host: the worker for bad:Crashes was ended by {signal}*", "*the last words")


def test_a_worker_that_hangs_is_ended(here):
    here.ini(edge_device="host", edge_timeout="4")
    here.tests(TWO.format(asked=", pipeline='good:Hangs'"))
    fails(here, "not measured on host: the worker for good:Hangs gave no answer within 4 s and was ended*")


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("Leaves", "the worker for good:Leaves ended with exit status 3 and gave no answer*"),
        ("Deaf", "*silent*"),
        ("nothing", "what 'good:nothing' returned is no workload: it lacks artifacts(), example(), run()"),
        ("gone", "the factory 'good:gone' cannot be imported: *"),
    ],
)
def test_a_factory_that_cannot_be_measured_says_why(here, factory, said):
    here.tests(TWO.format(asked=f", pipeline='good:{factory}'"))
    fails(here, f"not measured on host: {said}")


def test_a_failed_measurement_is_shown_in_the_summary(here):
    here.tests(TWO.format(asked=", pipeline='good:gone'"))
    result = here.run()
    result.stdout.fnmatch_lines(["*= edge budgets =*", "test_it.py::test_bad on host*", "*not measured on host: *"])
    result.stdout.fnmatch_lines(["2 budgets: 1 met, 0 over, 0 inconclusive, 1 not measured; *"])


def test_a_model_file_is_measured_on_this_computer(here):
    tiny_model(here.root / "model.tflite")
    here.tests("@edge_budget(size_kb=100, latency_ms=1000, rss_mb=1000)\ndef test_a(): pass")
    result = here.run("--update-baselines")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "test_it.py::test_a on host (this computer; says nothing about pi)",
            "  latency_ms * measured *not compared *met",
            "latency_ms on host: not compared: no baseline beside it",
        ]
    )
    assert set(here.baselines["host/test_it.py::test_a"]) == {"size_kb", "rss_mb"}


def test_a_missed_budget_has_its_profiles_in_the_failure_and_in_junit(here):
    pytest.importorskip("memray")
    tiny_model(here.root / "model.tflite")
    here.tests("@edge_budget(size_kb=0.1)\ndef test_a(): pass")
    result = here.run("--junitxml=junit.xml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["profiles of a later run of the same pipeline:", "*.edgesense/artifacts/test-it-test-a-*"]
    )
    # Neither explains a size; both always run.
    for title in ("py-spy samples for speedscope", "memray flame graph of the peak, --native"):
        result.stdout.fnmatch_lines([f"*{title}: .edgesense/artifacts/*"])
    junit = (here.root / "junit.xml").read_text()
    path = junit.partition('name="edge.artifact" value="')[2].partition('"')[0]
    assert (here.root / path).is_file()
    assert Path(path).parts[:2] == (".edgesense", "artifacts")
    assert (here.root / ".edgesense" / ".gitignore").read_text() == "*\n"
