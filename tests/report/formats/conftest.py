from __future__ import annotations

from dataclasses import replace

import pytest

from edgesense.perf.records import Known, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report.records import Distribution, Evidence, Place, Result, RunRecord, Setting

HOSTILE = 'test_a[x|y\n<script>alert(1)</script> `@octocat` **100%, "a:b\\c" ::error::é]'
CALLS = tuple(0.010 + 0.0001 * index for index in range(40))


def over(known: Known = Known.MEASURED) -> Finding:
    reading = Reading(0.0345, 0.034, 0.035, known, n=4000)
    why = ("34.5 ms is over its limit 30 ms", "not compared: no baseline beside it")
    return Finding("latency_ms", 0.030, reading, Outcome.OVER, Outcome.NOT_COMPARED, why=why)


def met() -> Finding:
    reading = Reading(79952.0, 79952.0, 79952.0, Known.EXACT)
    return Finding("size_kb", 102400.0, reading, Outcome.MET, Outcome.SAME, before=79952.0)


def result(name: str = "test_a", *findings: Finding, **settings: object) -> Result:
    test = f"tests/test_it.py::{name}"
    found = findings or (over(), met())
    failing = tuple(one.limit for one in found if one.budget is Outcome.OVER)
    failure = "latency_ms on host: 34.5 ms is over its limit 30 ms" if failing else ""
    made = Result(
        test,
        test,
        "host",
        Verdict(test, "host", found),
        place=Place("tests/test_it.py", 12),
        outcome="failed" if failing else "passed",
        letter="O" if failing else ".",
        failing=failing,
        failure=failure,
        evidence=Evidence(
            "models/x", Setting({}, {"cpu": "AMD EPYC", "python": "3.11"}), None, {"latency_ms": Distribution(CALLS)}
        ),
    )
    return replace(made, **settings)


@pytest.fixture
def run() -> RunRecord:
    """Return a run in which one test fails, one passes and one was never judged, the last two with a hostile name."""
    unjudged = result("test_gone", verdict=None, failing=(), failure="not measured on host: 100% gone, a:b\nreally")
    results = (result(), result(HOSTILE, met()), unjudged)
    return RunRecord(
        results, said="3 budgets: 1 met, 1 over", commit="0123456789abcdef", when="2026-11-26T06:00:00+00:00"
    )


@pytest.fixture
def many() -> RunRecord:
    """Return a run of so many failing tests that no comment holds them."""
    return RunRecord(tuple(result(f"{HOSTILE}{index}") for index in range(400)), said="400 budgets")
