"""What changed between two runs: limit by limit, the worst first, and how far each change can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from edgesense.perf import history, metrics, units
from edgesense.perf.compare import differences
from edgesense.perf.records import Known, Reading
from edgesense.perf.verdicts import Finding
from edgesense.report.cells import unit_of
from edgesense.report.records import Result, RunRecord


class Rank(IntEnum):
    """What a change means; the worst first."""

    FAILS_NOW = 0
    WORSE = 1
    GONE = 2
    NEW = 3
    APART = 4
    BETTER = 5
    PASSES_NOW = 6
    SAME = 7


WORDS = {
    Rank.FAILS_NOW: "fails now",
    Rank.WORSE: "worse",
    Rank.GONE: "gone",
    Rank.NEW: "new",
    Rank.APART: "no verdict",
    Rank.BETTER: "better",
    Rank.PASSES_NOW: "passes now",
    Rank.SAME: "same",
}
TIMES = "times of two runs are no verdict: the gate measures both side by side (pytest --edge-against=REF)"


@dataclass(frozen=True)
class Change:
    """One limit of one test on one device, in two runs.

    Attributes:
        test: The test's stable name.
        device: The device's name.
        limit: The limit's name.
        before: The first run's number as text, "–" where there is none.
        after: The second's.
        change: From one to the other, "" where that would say nothing.
        rank: What it means.
        why: What is to be known before it is believed.
        share: How large the change is, for sorting.
    """

    test: str
    device: str
    limit: str
    before: str
    after: str
    change: str
    rank: Rank
    why: str
    share: float = 0.0


def between(first: RunRecord, second: RunRecord) -> list[Change]:
    """Return every limit of two runs, the worst change first; equal numbers come last."""
    old, new = _limits(first), _limits(second)
    found = [_change(key, old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new])]
    return sorted(found, key=lambda one: (one.rank, -one.share, one.test, one.device, one.limit))


def _limits(run: RunRecord) -> dict[tuple[str, str, str], tuple[Result, Finding]]:
    return {
        (result.test, result.device, finding.limit): (result, finding)
        for result in run.results
        for finding in (result.verdict.findings if result.verdict is not None else ())
    }


def _change(
    key: tuple[str, str, str], old: tuple[Result, Finding] | None, new: tuple[Result, Finding] | None
) -> Change:
    test, device, limit = key
    before = old[1].reading if old is not None else None
    after = new[1].reading if new is not None else None
    unit = unit_of(limit)
    if old is None or new is None or before is None or after is None:
        rank = Rank.NEW if before is None and after is not None else Rank.GONE
        rank = Rank.SAME if before is None and after is None else rank
        told = [units.text(one.value, unit) if one is not None else "–" for one in (before, after)]
        if new is not None and limit in new[0].failing:
            rank = Rank.FAILS_NOW
        why = "" if old is None or new is None else (new[1].why or old[1].why or ("",))[0]
        return Change(test, device, limit, told[0], told[1], "", rank, why)
    first, second = units.distinct(before.value, after.value, unit)
    said = units.change(after.value, before.value, absolute=unit is units.RATIO)
    rank, why = _rank(old, new, before, after)
    share = abs(after.value / before.value - 1) if before.value else 0.0
    return Change(test, device, limit, first, second, said, rank, why, share)


def _rank(
    old: tuple[Result, Finding], new: tuple[Result, Finding], before: Reading, after: Reading
) -> tuple[Rank, str]:
    limit, apart = new[1].limit, _apart(old[0], new[0], before, after, new[1].limit)
    failed, fails = limit in old[0].failing, limit in new[0].failing
    if fails != failed:
        return (Rank.FAILS_NOW if fails else Rank.PASSES_NOW), apart
    if before.value == after.value:
        return Rank.SAME, ""
    if apart:
        return Rank.APART, apart
    metric = metrics.every().get(limit)
    tolerance = None if metric is None else metric.tolerance
    allowed = max(tolerance.relative * abs(before.value), tolerance.absolute) if tolerance is not None else 0.0
    # Shares of whole clips: a difference that is the tolerance itself must not depend on rounding.
    if abs(after.value - before.value) <= allowed + 1e-12 * max(abs(before.value), 1.0):
        return Rank.SAME, "within what is allowed from a baseline"
    lower = metric is None or metric.lower_is_better
    return (Rank.WORSE if (after.value > before.value) is lower else Rank.BETTER), ""


def _apart(old: Result, new: Result, before: Reading, after: Reading, limit: str) -> str:
    """Return why two numbers must not be held against one another, "" where they may."""
    if before.known is not after.known:
        return f"one was {before.known.value}, the other is {after.known.value}"
    metric = metrics.every().get(limit)
    if metric is None:
        return "the limit is not installed here: which way is better is unknown"
    if metric.tolerance is None:
        if before.known is Known.MEASURED:
            return TIMES
        return f"{before.known.value} numbers are not held against stored ones"
    first, second = old.evidence.measured, new.evidence.measured
    if first is None or second is None:
        return "a run does not say where it was measured" if metric.tolerance.depends_on else ""
    return "; ".join(differences(first.fingerprint, second.fingerprint, metric.tolerance.depends_on))


def said(run: RunRecord, name: str) -> str:
    """Return one line about a run: its commit, when it was, what it came to."""
    commit = f"{history.short(run.commit)}{' and changes' if run.modified else ''}" if run.commit else "no commit"
    return f"{name}: {commit}, {run.when or 'undated'}, {run.said}"


def is_open(change: Change) -> bool:
    """Return whether a change may be shown: what stayed the same is only counted."""
    return change.rank is not Rank.SAME
