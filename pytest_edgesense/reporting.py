"""What is said about a budget: the failure's text, what an update changes, junit's properties."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from edgesense.perf import metrics, units
from edgesense.perf.records import Attachment, Baseline, Finding, Outcome, Verdict

PROPERTY = "edge."
SECTION = "edge budget"
UPDATE_FLAG = "--update-baselines"
UPDATE = f"pytest {UPDATE_FLAG}"


def failure(
    verdict: Verdict, findings: Sequence[Finding], *, pipeline: str, attachments: Sequence[Attachment], root: Path
) -> str:
    """Return the text of a missed budget: each number with its limit, the next command, the profiles.

    Args:
        verdict: What the budget came to.
        findings: Those of its findings that fail the test.
        pipeline: What was measured.
        attachments: What profilers left.
        root: The directory that paths are shown from.
    """
    lines: list[str] = []
    for finding in findings:
        first, *more = reasons(finding)
        lines.append(f"{finding.limit} on {verdict.device}: {first}{_strictly(finding)}")
        lines += [f"    {reason}" for reason in more]
    lines += [f"next: {step}" for step in dict.fromkeys(_steps(verdict, findings, pipeline))]
    if attachments:
        lines.append("profiles of a later run of the same pipeline:")
        lines += [f"    {_attached(attachment, root)}" for attachment in attachments]
    return "\n".join(lines)


def reasons(finding: Finding) -> tuple[str, ...]:
    """Return why a finding is what it is; that it could not be compared is no reason for being over a limit."""
    alone = finding.budget is Outcome.OVER and finding.regression in {Outcome.NO_BASELINE, Outcome.NOT_COMPARED}
    return (finding.why[:1] if alone else finding.why) or ((finding.budget or finding.regression).value.lower(),)


def _strictly(finding: Finding) -> str:
    sure = finding.budget is Outcome.OVER or finding.regression is Outcome.REGRESSED
    return "" if sure else " (fails because the run is strict)"


def _steps(verdict: Verdict, findings: Sequence[Finding], pipeline: str) -> Iterator[str]:
    alone = f"pytest {shlex.quote(verdict.test)} --edge-device={verdict.device}"
    over = any(finding.budget is Outcome.OVER for finding in findings)
    for finding in findings:
        # What is over its budget is not accepted by the plain flag.
        if finding.remedy and not (over and UPDATE in finding.remedy):
            yield finding.remedy.replace(UPDATE, f"{alone} {UPDATE_FLAG}")
    if over:
        yield f"see where it goes: edgesense bench {shlex.quote(pipeline)} --device {verdict.device}"
        yield f"judge it again, alone: {alone}"


def _attached(attachment: Attachment, root: Path) -> str:
    if attachment.path is None:
        return f"{attachment.title}: {attachment.reason}"
    return f"{attachment.title}: {shown_path(attachment.path, root)}"


def shown_path(path: Path, root: Path) -> str:
    """Return a path as seen from `root`, where it lies below it."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def changes(old: Baseline | None, new: Baseline) -> tuple[str, ...]:
    """Return what storing a baseline changes, a line each: ``size_kb  12.0 KiB -> 12.5 KiB (+4.17 %)``."""
    lines = []
    for name, reading in sorted(new.readings.items()):
        before = None if old is None else old.readings.get(name)
        unit = metrics.find(name).unit
        if before is None:
            lines.append(f"{name}  new: {units.text(reading.value, unit)}")
        elif before != reading:
            first, second = units.distinct(before.value, reading.value, unit)
            percent = units.change(reading.value, before.value, absolute=unit is units.RATIO)
            lines.append(f"{name}  {first} -> {second} ({percent})")
    return tuple(lines)


def properties(verdict: Verdict, attachments: Iterable[Attachment], root: Path) -> list[tuple[str, object]]:
    """Return junit's properties of a test: each number in its limit's unit, how it is known, what it came to."""
    found: list[tuple[str, object]] = [(f"{PROPERTY}device", verdict.device)]
    for finding in verdict.findings:
        unit = metrics.find(finding.limit).unit
        name = f"{PROPERTY}{finding.limit}"
        if finding.reading is not None:
            found.append((name, f"{unit.from_base(finding.reading.value):.9g}"))
            found.append((f"{name}.known", finding.reading.known.value))
        if finding.budget is not None:
            found.append((f"{name}.budget", finding.budget.value))
        found.append((f"{name}.regression", finding.regression.value))
    found += [(f"{PROPERTY}artifact", shown_path(one.path, root)) for one in attachments if one.path is not None]
    return found


def show_beside(report: pytest.TestReport, text: str) -> None:
    """Add the budget's failure to a report that shows the body's own, in the terminal and in junit alike."""
    section = getattr(report.longrepr, "addsection", None)
    if section is not None:
        section(SECTION, text)
    else:
        before = f"{report.longrepr}\n" if report.longrepr else ""
        report.longrepr = f"{before}---- {SECTION} ----\n{text}"
