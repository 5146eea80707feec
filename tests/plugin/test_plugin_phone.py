"""Budgets on a phone that the project names, through a scripted adb: refused early, measured, judged, explained."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.perf.devices.android.scripted import Reply, ScriptedPhone, tool
from edgesense.testing import tiny_model

DATA = Path(__file__).parents[1] / "data" / "benchmark"
PHONE = """
[tool.edgesense.devices.phone]
kind = "adb"
profile = "android"
benchmark_model = "tools/benchmark_model"
runs = 2
"""
USAGE = ("--help", Reply((DATA / "usage.txt").read_text(encoding="utf-8"), status=1))
PROFILE = ("op_profiling_output_file", (DATA / "operators.csv").read_text(encoding="utf-8"))
SAID = (DATA / "recent.txt").read_text(encoding="utf-8")


@pytest.fixture
def scripted(project, monkeypatch: pytest.MonkeyPatch) -> ScriptedPhone:
    made = ScriptedPhone(project.root / "its-phone")
    monkeypatch.setenv("PATH", f"{made.install(project.root / 'bin')}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    project.write("pyproject.toml", PHONE)
    project.ini(edge_device="phone", edge_pipeline="small.tflite")
    (project.root / "tools").mkdir()
    tiny_model(project.root / "small.tflite")
    tool(project.root / "tools/benchmark_model", [USAGE, ("", Reply(SAID, files=(PROFILE,)))])
    return made


@pytest.fixture
def budget(project) -> Callable[[str], None]:
    return lambda limits: project.tests(f"@edge_budget({limits})\ndef test_a(): pass")


def test_a_budget_is_measured_on_the_phone_and_met(project, scripted, budget) -> None:
    budget("inference_ms=5, size_kb=100, rss_mb=20")
    result = project.run("--edge-device=phone")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_a on phone",
            "*inference_ms *3.06 ms (3.02*3.20) *5 ms *measured*met*",
            "*size_kb *exact*met*",
            "*rss_mb *12.5 MiB *20 MiB *measured*met*",
            "*inference_ms is the model's alone, on random input*",
            "1 budget: 1 met, 0 over, 0 inconclusive*",
        ]
    )
    assert scripted.files == []


def test_a_missed_budget_fails_with_the_operators_of_the_phone_beside_it(project, scripted, budget) -> None:
    budget("inference_ms=1")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*inference_ms on phone: 3.06 ms (3.02*3.20 ms) is over its limit 1.00 ms*"])
    result.stdout.fnmatch_lines(["*operators by time, measured on phone in a run of its own: *operators.txt"])
    (written,) = (project.root / ".edgesense").rglob("operators.txt")
    assert "CONV_2D" in written.read_text()
    assert scripted.files == []


def test_a_limit_that_it_cannot_answer_is_refused_before_anything_runs(project, scripted, budget) -> None:
    budget("latency_ms=50")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*test_a: latency_ms can never be answered by phone; it can answer inference_ms, rss_mb, size_kb"]
    )
    assert scripted.calls == []


def test_a_limit_may_be_meant_for_another_device(project, scripted, budget) -> None:
    budget("latency_ms={'pi': 50}, inference_ms={'phone': 5}")
    project.run().assert_outcomes(passed=1)


def test_a_limit_within_the_interval_is_inconclusive(project, scripted, budget) -> None:
    budget("inference_ms=3.1")
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*0 met, 0 over, 1 inconclusive*"])


def test_without_the_phone_the_test_fails_with_what_helps_and_its_body_still_runs(project, scripted) -> None:
    scripted.change(phones=[])
    project.tests("@edge_budget(inference_ms=5)\ndef test_a():\n    print('the body ran')")
    result = project.run("-rP")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*not measured on phone: adb sees no phone; next: connect it with USB debugging*"])
    result.stdout.fnmatch_lines(["the body ran"])


def test_a_phone_that_goes_away_gives_each_test_one_verdict(project, scripted) -> None:
    scripted.change(leaves_during="--graph")
    project.tests(
        "@edge_budget(inference_ms=5)\ndef test_a(): pass\n\n@edge_budget(inference_ms=6)\ndef test_b(): pass"
    )
    result = project.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*not measured on phone: *went away in the middle of a command*"])
    result.stdout.fnmatch_lines(["*not measured on phone: adb sees no phone*"])


def test_equal_jobs_are_measured_once(project, scripted) -> None:
    project.tests(
        "@edge_budget(inference_ms=5)\ndef test_a(): pass\n\n@edge_budget(inference_ms=5)\ndef test_b(): pass"
    )
    project.run().assert_outcomes(passed=2)
    assert sum("--graph=" in call[-1] for call in scripted.calls) == 2


def test_a_delegate_is_asked_for_by_option(project, scripted, budget) -> None:
    gpu = (DATA / "gpu.txt").read_text(encoding="utf-8")
    tool(project.root / "tools/benchmark_model", [USAGE, ("--use_gpu=true", gpu)])
    budget("inference_ms=5")
    result = project.run("--edge-delegate=gpu:required")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*delegate gpu took 15 of 15 nodes*"])


def test_workers_of_xdist_take_turns_on_one_phone(project, scripted) -> None:
    project.tests(
        "\n\n".join(f"@edge_budget(inference_ms={limit})\ndef test_{limit}(): pass" for limit in (4, 5, 6, 7))
    )
    project.run_two().assert_outcomes(passed=4)
    assert scripted.files == []


def test_what_cannot_be_meant_is_refused_where_it_is_written(project, scripted, budget) -> None:
    project.write("pyproject.toml", PHONE + "serail = 'A'\n")
    budget("inference_ms=5")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*pyproject.toml: [[]tool.edgesense.devices.phone[]]: unknown key serail: did you mean serial*"]
    )
