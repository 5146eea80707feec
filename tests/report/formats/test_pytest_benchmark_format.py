"""Read by the tool itself: ``pytest-benchmark compare``."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.perf.records import Known
from edgesense.perf.verdicts import Verdict
from edgesense.report.formats import pytest_benchmark
from edgesense.report.records import RunRecord


def test_the_tool_compares_two_runs(run: RunRecord, tmp_path: Path) -> None:
    pytest.importorskip("pytest_benchmark")
    for name in ("0001_first.json", "0002_second.json"):
        (tmp_path / name).write_text(pytest_benchmark.render(run, root=tmp_path), encoding="utf-8")
    command = [sys.executable, "-m", "pytest_benchmark", "compare", "0001_first.json", "0002_second.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "latency_ms on host" in done.stdout
    assert "0001_fi" in done.stdout
    assert "Failed to load" not in done.stderr


def test_the_median_is_the_judged_one_and_the_rounds_are_all(run: RunRecord) -> None:
    (only,) = json.loads(pytest_benchmark.render(run, root=Path()))["benchmarks"]
    assert (only["stats"]["median"], only["stats"]["rounds"]) == (0.0345, 4000)
    assert only["extra_info"]["known"] == "measured"


def test_what_no_clock_measured_is_left_out(run: RunRecord) -> None:
    first = run.results[0]
    reading = first.verdict.findings[0].reading
    predicted = replace(first.verdict.findings[0], reading=replace(reading, known=Known.PREDICTED))
    result = replace(first, verdict=Verdict(first.test, "host", (predicted,)))
    assert json.loads(pytest_benchmark.render(RunRecord((result,)), root=Path()))["benchmarks"] == []
