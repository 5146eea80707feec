"""What is said about a budget: the failure's text, what an update changes, junit's properties."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from edgesense.perf import metrics, units
from edgesense.perf.cases import Attachment
from edgesense.perf.records import Baseline, Origin, Paired
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from pytest_edgesense import status
from pytest_edgesense.rows import Row

PROPERTY = "edge."
SECTION = "edge budget"
ALLURE = "allure_listener"
"""What allure-pytest calls its plugin where it was given a directory."""
UPDATE_FLAG = "--update-baselines"
UPDATE = f"pytest {UPDATE_FLAG}"


def failure(
    verdict: Verdict,
    findings: Sequence[Finding],
    *,
    pipeline: str,
    attachments: Sequence[Attachment],
    root: Path,
    storing: bool = True,
) -> str:
    """Return the text of a missed budget: each number with its limit, where it went, the files, the next command.

    Args:
        verdict: What the budget came to.
        findings: Those of its findings that fail the test.
        pipeline: What was measured; "" for a function that pytest-benchmark timed.
        attachments: What profilers left.
        root: The directory that paths are shown from.
        storing: Whether storing baselines would help: not where another commit's are compared with.
    """
    lines: list[str] = []
    for finding in findings:
        first, *more = reasons(finding)
        lines.append(f"{finding.limit} on {verdict.device}: {first}{_strictly(finding)}")
        lines += [f"    {reason}" for reason in more]
    lines += explained(attachments, root)
    lines += [
        f"next: {step}"
        for step in dict.fromkeys(_steps(verdict, findings, pipeline))
        if storing or UPDATE_FLAG not in step
    ]
    return "\n".join(lines)


def explained(attachments: Sequence[Attachment], root: Path) -> list[str]:
    """Return what profilers found, line by line, and then where their files are."""
    found = [(one.kind, line) for one in attachments for line in one.summary]
    lines = ["where it went, by later runs:"] if found else []
    width = max((len(kind) for kind, _ in found), default=0) + 1
    for index, (kind, line) in enumerate(found):
        first = index == 0 or found[index - 1][0] != kind
        label = f"{kind}:" if first and kind else ""
        lines.append(f"    {label:<{width}} {line}")
    if attachments:
        lines.append("profiles of a later run of the same pipeline:")
        lines += [f"    {_attached(attachment, root)}" for attachment in attachments]
    return lines


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
        look = f"edgesense bench {shlex.quote(pipeline)} --device {verdict.device}"
        yield f"see where it goes: {look if pipeline else f'{alone} --benchmark-cprofile=tottime'}"
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
    if new.origin is not None:
        lines += _made_of(None if old is None else old.origin, new.origin)
    return tuple(lines)


def _made_of(old: Origin | None, new: Origin) -> Iterator[str]:
    """Yield what the times are to be measured beside from now on: the pipeline's files, the project's code."""
    before = {} if old is None else old.files
    changed = sorted(name for name in {*before, *new.files} if before.get(name) != new.files.get(name))
    if old is None or old.pipeline != new.pipeline:
        yield f"pipeline  {'new: ' if old is None else f'{old.pipeline} -> '}{new.pipeline}"
    elif changed:
        yield f"pipeline  changed: {', '.join(changed)}"
    source = "" if old is None else old.source
    if source != new.source:
        yield f"code  {_short(source)} -> {_short(new.source)}" if source else f"code  new: {_short(new.source)}"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12] or "none"


def beside(paired: Mapping[str, Paired]) -> tuple[str, ...]:
    """Return what times were measured beside, a line each: ``latency_ms beside models/x of 1a2b3c4``."""
    limits: dict[str, list[str]] = {}
    for name, one in paired.items():
        if one.against and (one.baseline or one.discarded):
            limits.setdefault(one.against, []).append(name)
    return tuple(f"{', '.join(names)} beside {against}" for against, names in limits.items())


def properties(row: Row, attachments: Iterable[Attachment], root: Path) -> list[tuple[str, object]]:
    """Return junit's properties of a test: each number in its limit's unit, how it is known, what it came to."""
    found: list[tuple[str, object]] = [(f"{PROPERTY}device", row.device)]
    if not row.gates:
        found.append((f"{PROPERTY}gate", status.NOT_GATING))
    for finding in row.verdict.findings if row.verdict is not None else ():
        found += ((f"{PROPERTY}{finding.limit}{what}", value) for what, value in _properties(finding))
    found += [(f"{PROPERTY}against", text) for text in row.against]
    found += [(f"{PROPERTY}explained", line) for one in attachments for line in one.summary]
    found += [(f"{PROPERTY}artifact", shown_path(one.path, root)) for one in attachments if one.path is not None]
    return found


def set_properties(item: pytest.Item, found: Iterable[tuple[str, object]]) -> None:
    """Give a test its properties in place of those it had before it was run again."""
    kept = [one for one in item.user_properties if not one[0].startswith(PROPERTY)]
    item.user_properties[:] = [*kept, *found]


def _properties(finding: Finding) -> Iterator[tuple[str, str]]:
    unit = metrics.find(finding.limit).unit
    if finding.reading is not None:
        yield "", f"{unit.from_base(finding.reading.value):.9g}"
        yield ".known", finding.reading.known.value
    if finding.budget is not None:
        yield ".budget", finding.budget.word
        yield ".budget.letter", finding.budget.letter
    yield ".regression", finding.word
    yield ".regression.letter", finding.regression.letter
    if finding.change is not None:
        for what, share in zip((".change", ".change.low", ".change.high"), finding.change, strict=True):
            yield what, f"{share:.6f}"
    elif finding.before and finding.reading is not None:
        now, before = finding.reading.value, finding.before
        yield ".change", f"{now - before if unit is units.RATIO else now / before - 1:.6f}"
    for reason in finding.why:
        yield ".why", reason


def show_elsewhere(report: pytest.TestReport, row: Row, config: pytest.Config, root: Path) -> None:
    """Show a test's budget in the reports of other plugins that this run writes: pytest-html's and Allure's."""
    page = config.getoption("htmlpath", None)
    if page:
        from pytest_edgesense import html

        own = [html.below(row), *html.files(row, root, Path(page))]
        report.extras = [*getattr(report, "extras", ()), *own]  # type: ignore[attr-defined]
    if config.pluginmanager.has_plugin(ALLURE):
        from pytest_edgesense import allure

        allure.add(row, root)


def show_beside(report: pytest.TestReport, text: str) -> None:
    """Add the budget's failure to a report that shows the body's own, in the terminal and in junit alike."""
    section = getattr(report.longrepr, "addsection", None)
    if section is not None:
        section(SECTION, text)
    else:
        before = f"{report.longrepr}\n" if report.longrepr else ""
        report.longrepr = f"{before}---- {SECTION} ----\n{text}"
