"""Profiles of a test's pipeline, made by later processes of its own, where they are wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.perf.cases import Attachment, Case
from edgesense.perf.files import write_atomically
from edgesense.perf.interfaces import ProfilingDevice
from edgesense.perf.records import Baseline
from edgesense.perf.verdicts import Finding, Outcome
from pytest_edgesense.items import JOB, MADE_OF

if TYPE_CHECKING:
    import pytest

    from pytest_edgesense.marker import Plan
    from pytest_edgesense.measurement import Found
    from pytest_edgesense.running import Run

ARTIFACTS = Path(".edgesense/artifacts")


def attachments(item: pytest.Item, plan: Plan, found: Found, findings: Sequence[Finding], run: Run) -> list[Attachment]:
    """Return what explains a test's measurement: each broken limit, or all of them where profiles are always wanted.

    Args:
        item: The test.
        plan: What it asks for.
        found: What was measured.
        findings: What is wrong with it.
        run: Whose settings and baselines; it remembers what was explained.
    """
    missed = {
        finding.limit
        for finding in findings
        if finding.budget is Outcome.OVER or finding.regression is Outcome.REGRESSED
    }
    profile = run.settings.profile
    wanted = frozenset(plan.bounds) | missed if profile == "always" else missed if profile == "on-fail" else ()
    if not wanted or found.measurement is None or plan.function:
        return []
    from edgesense.perf import profilers

    device, test = plan.device.name, plan.budget.test
    record = run.accepted.record(test, device)
    baseline = run.accepted.load(test, device)
    top = run.settings.root / ARTIFACTS.parts[0]
    directory = run.settings.root / ARTIFACTS / record.stem / re.sub(r"[^\w.-]+", "-", device)
    try:
        # As pytest does for its cache: nothing below is meant for version control.
        write_atomically(top / ".gitignore", "*\n")
    except OSError as error:
        return [Attachment("no profiles", None, str(error))]
    job = item.stash[JOB]
    accepted = baseline if isinstance(baseline, Baseline) else None
    reached = plan.device if isinstance(plan.device, ProfilingDevice) else None
    case = Case(job, device, frozenset(wanted), found.measurement, accepted, reached=reached)

    def once(name: str, make: Callable[[], Sequence[Attachment]]) -> Sequence[Attachment]:
        # Profiling takes longer than measuring: a pipeline that breaks several budgets is profiled once.
        key = ("explained", device, job.workload, job.runtime, job.delegate, item.stash[MADE_OF], name)
        with run.once.held(key):
            known: Sequence[Attachment] | None = run.once.find(key)
            if known is None:
                known = list(make())
                run.once.keep(key, known)
            return known

    return profilers.explain(case, directory, record=record, against=run.settings.against, once=once)
