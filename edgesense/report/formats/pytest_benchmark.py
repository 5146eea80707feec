"""A file as pytest-benchmark saves it, so that ``pytest-benchmark compare`` shows runs beside one another.

It has the times that a clock measured; what is predicted or counted is no benchmark. The calls are those that a run
record keeps: at the most 101 of them, evenly spaced by rank, so mean and deviation are of these. The median is the
judged one. Two runs' times side by side are for the eye: they are no verdict, which only the paired gate gives.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgesense.perf.records import Known
from edgesense.perf.statistics import quantile
from edgesense.perf.verdicts import Finding
from edgesense.report.records import Result, RunRecord

NAME = "pytest-benchmark"
ABOUT = "pytest-benchmark compare FILE ...: measured times side by side"
SUFFIX = ".json"

NOTE = "mean, deviation and outliers are of the calls kept in data; median and rounds are of all"
VERSION = "5.0.0"


def render(run: RunRecord, *, root: Path) -> str:
    """Return the file's text."""
    found = [_benchmark(result, finding) for result in run.results for finding in _timed(result)]
    body = {
        "machine_info": _machine(run),
        "commit_info": {
            "id": run.commit or "unversioned",
            "time": None,
            "author_time": None,
            "dirty": run.modified,
            "project": root.absolute().name,
            "branch": "(unknown)",
        },
        "benchmarks": found,
        "datetime": run.when,
        "version": VERSION,
    }
    return json.dumps(body, indent=1) + "\n"


def _timed(result: Result) -> Iterator[Finding]:
    for finding in result.verdict.findings if result.verdict is not None else ():
        spread = result.evidence.distributions.get(finding.limit)
        measured = finding.reading is not None and finding.reading.known is Known.MEASURED
        if measured and spread and spread.alone and finding.limit.endswith("_ms"):
            yield finding


def _benchmark(result: Result, finding: Finding) -> dict[str, Any]:
    assert finding.reading is not None  # noqa: S101 - the caller has looked
    name = f"{result.test.rpartition('::')[2]} {finding.limit} on {result.device}"
    return {
        "group": f"{finding.limit} on {result.device}",
        "name": name,
        "fullname": f"{result.test} {finding.limit} on {result.device}",
        "params": None,
        "param": None,
        "extra_info": {
            "pipeline": result.evidence.pipeline,
            "known": finding.reading.known.value,
            "limit_seconds": finding.bound,
            "budget": None if finding.budget is None else finding.budget.word,
            "regression": finding.word,
            "note": NOTE,
        },
        "options": {},
        "stats": _stats(result.evidence.distributions[finding.limit].alone, finding.reading.value, finding.reading.n),
    }


def _stats(calls: tuple[float, ...], median: float, n: int) -> dict[str, Any]:
    data, mean = sorted(calls), statistics.fmean(calls)
    deviation = statistics.stdev(data) if len(data) > 1 else 0.0
    first, third = quantile(data, 0.25), quantile(data, 0.75)
    fence = 1.5 * (third - first)
    inside = [one for one in data if first - fence <= one <= third + fence]
    far = sum(1 for one in data if abs(one - mean) > deviation)
    outside = len(data) - len(inside)
    return {
        "min": data[0],
        "max": data[-1],
        "mean": mean,
        "stddev": deviation,
        "rounds": n,
        "median": median,
        "iqr": third - first,
        "q1": first,
        "q3": third,
        "iqr_outliers": outside,
        "stddev_outliers": far,
        "outliers": f"{far};{outside}",
        "ld15iqr": inside[0],
        "hd15iqr": inside[-1],
        "ops": 1 / mean if mean else 0.0,
        "total": mean * n,
        "data": data,
        "iterations": 1,
    }


def _machine(run: RunRecord) -> dict[str, Any]:
    said = next((one.evidence.measured for one in run.results if one.evidence.measured is not None), None)
    where = {} if said is None else said.fingerprint
    return {
        "node": "",
        "processor": where.get("cpu", ""),
        "machine": where.get("architecture", ""),
        "python_version": where.get("python", ""),
        "system": where.get("os", ""),
        "cpu": {"brand_raw": where.get("cpu", ""), "count": where.get("cores", "")},
    }
