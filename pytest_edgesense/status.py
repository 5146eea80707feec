"""The letter and the word of a test with a budget, in pytest's own line of results."""

from __future__ import annotations

from collections.abc import Iterable

from edgesense.perf.verdicts import Finding, Outcome
from edgesense.report.table import NOT_GATING
from pytest_edgesense.rows import Row

__all__ = ["NOT_GATING", "shown"]

Shown = tuple[str, str, str]
"""A letter, a word and a colour."""

WORST_FIRST = (
    Outcome.OVER,
    Outcome.REGRESSED,
    Outcome.INCONCLUSIVE,
    Outcome.DRIFT,
    Outcome.NO_BASELINE,
    Outcome.NOT_COMPARABLE,
    Outcome.BETTER,
    Outcome.MET,
    Outcome.SAME,
)
GOOD = {Outcome.BETTER, Outcome.MET, Outcome.SAME}


def shown(row: Row) -> Shown | None:
    """Return how a test's result is shown; None where pytest's own letter says it: its body failed, nothing ran."""
    failed = row.outcome == "failed"
    if row.verdict is None or (failed and not row.blamed):
        return None
    findings = [one for one in row.verdict.findings if not row.failing or one.limit in row.failing]
    # What is being stored is not held against what was stored before.
    worst = _worst(findings, compared=not row.baseline)
    if worst is None:
        return None
    outcome, word = worst
    colour = "red" if failed else "green" if outcome in GOOD else "yellow"
    return outcome.letter, word if row.gates else f"{word} ({NOT_GATING})", colour


def _worst(findings: Iterable[Finding], *, compared: bool) -> tuple[Outcome, str] | None:
    words: dict[Outcome, str] = {}
    for finding in findings:
        if finding.budget is not None:
            words.setdefault(finding.budget, finding.budget.word)
        if compared:
            words.setdefault(finding.regression, finding.word)
    return next(((outcome, words[outcome]) for outcome in WORST_FIRST if outcome in words), None)
