"""OpenMetrics text: for Prometheus and for GitLab's metrics reports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edgesense.perf import metrics
from edgesense.perf.verdicts import Finding
from edgesense.report.records import Result, RunRecord

NAME = "openmetrics"
ABOUT = "Prometheus (text file collector, push gateway) and GitLab, as artifacts:reports:metrics"
SUFFIX = ".txt"

WORDS = {"s": "seconds", "B": "bytes", "J": "joules", "1": "ratio", "multiply-accumulates": "macs"}
UNITS = re.compile(r"_(ms|kb|mb|m|mj|h)$")
FAILS = "edgesense_budget_fails"

Sample = tuple[str, str]


def render(run: RunRecord, *, root: Path) -> str:  # noqa: ARG001 - every format is asked in the same way
    """Return a gauge for each limit, in base units; the label ``known`` says how a number is known."""
    families: dict[str, tuple[str, str, list[Sample]]] = {}
    for result in run.results:
        who = {"test": result.test, "device": result.device}
        failed = "1" if result.failing or (result.verdict is None and result.failure) else "0"
        families.setdefault(FAILS, ("", "Whether a test misses its budget.", []))[2].append((_labels(who), failed))
        for finding in result.verdict.findings if result.verdict is not None else ():
            for name, unit, about, sample in _samples(finding, result):
                families.setdefault(name, (unit, about, []))[2].append(sample)
    lines = []
    for name in sorted(families):
        unit, about, samples = families[name]
        lines += [f"# TYPE {name} gauge", *([f"# UNIT {name} {unit}"] if unit else []), f"# HELP {name} {about}"]
        lines += [f"{name}{{{labels}}} {value}" for labels, value in sorted(dict(samples).items())]
    return "".join(f"{line}\n" for line in [*lines, "# EOF"])


def _samples(finding: Finding, result: Result) -> Iterator[tuple[str, str, str, Sample]]:
    metric = metrics.every().get(finding.limit)
    unit = "" if metric is None else WORDS.get(metric.unit.base, metric.unit.base)
    stem = re.sub(r"\W", "_", UNITS.sub("", finding.limit) if unit else finding.limit, flags=re.ASCII)
    who = {"test": result.test, "device": result.device, "limit": finding.limit}
    if finding.reading is not None:
        labels = _labels({**who, "known": finding.reading.known.value})
        yield _name(stem, unit), unit, "What was measured.", (labels, repr(float(finding.reading.value)))
    if finding.bound is not None:
        yield _name(f"{stem}_limit", unit), unit, "What is allowed.", (_labels(who), repr(float(finding.bound)))


def _name(stem: str, unit: str) -> str:
    return f"edgesense_{stem}" if not unit or stem == unit else f"edgesense_{stem}_{unit}"


def _labels(pairs: dict[str, str]) -> str:
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in pairs.items())


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").replace("\r", r"\\r")
