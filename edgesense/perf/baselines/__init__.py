"""Where accepted measurements are kept, one kind of store a file, and how one is accepted."""

from __future__ import annotations

from edgesense.perf.records import Baseline, Measurement
from edgesense.perf.verdicts import Finding, Outcome, Verdict

MODES = ("met", "new", "all")


def accept(verdict: Verdict, measurement: Measurement, old: Baseline | None, mode: str) -> Baseline | None:
    """Return the baseline to store after a run, or None where nothing is to be stored.

    Args:
        verdict: What the run came to.
        measurement: What it found.
        old: The baseline so far.
        mode: ``met``: tests within their budgets, regressions accepted; ``new``: only numbers that have no
            baseline yet; ``all``: also those over budget.

    Inconclusive numbers keep their old value. Numbers that are never compared with a stored one are not stored.
    """
    from edgesense.perf import metrics
    from edgesense.perf.compare import differences, unsteadiness

    if mode != "all" and any(finding.budget is Outcome.OVER for finding in verdict.findings):
        return None
    readings = dict(old.readings) if old is not None else {}
    elsewhere = {name: old.elsewhere.get(name, old.fingerprint) for name in readings} if old is not None else {}
    # What is accepted runs again as it is now; `new` leaves the accepted numbers and so what they were made of.
    kept = old.origin if old is not None and mode == "new" and old.origin is not None else measurement.origin
    changed = measurement.origin is not None and (old is None or old.origin != kept)
    for finding in verdict.findings:
        tolerance = metrics.find(finding.limit).tolerance
        if finding.reading is None or tolerance is None or (mode == "new" and finding.limit in readings):
            continue
        if finding.budget is Outcome.INCONCLUSIVE or unsteadiness(finding.reading):
            continue
        before = elsewhere.get(finding.limit, {})
        # The same number made elsewhere is stored too: else it would stay incomparable for good.
        moved = bool(differences(before, measurement.fingerprint, tolerance.depends_on))
        changed |= moved or readings.get(finding.limit) != finding.reading
        readings[finding.limit] = finding.reading
        elsewhere.pop(finding.limit, None)
    if not changed:
        return None
    here = measurement.fingerprint
    elsewhere = {name: where for name, where in elsewhere.items() if dict(where) != dict(here)}
    return Baseline(verdict.test, verdict.device, here, measurement.subject, readings, elsewhere, kept)


def outstanding(verdict: Verdict, mode: str | None) -> tuple[Finding, ...]:
    """Return the findings that fail a test although its numbers may be being accepted.

    Args:
        verdict: What the run came to.
        mode: As for `accept`, None where nothing is accepted.
    """
    return tuple(finding for finding in verdict.broken if mode is None or not _accepted(finding, mode))


def _accepted(finding: Finding, mode: str) -> bool:
    if finding.reading is None or Outcome.INCONCLUSIVE in {finding.budget, finding.regression}:
        return False
    if finding.budget is Outcome.OVER and mode != "all":
        return False
    return finding.regression is not Outcome.REGRESSED or mode != "new"
