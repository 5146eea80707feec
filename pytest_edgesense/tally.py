"""The count of a run's budgets, in one line: each budget once as a budget and once as a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgesense.perf import units
from edgesense.perf.verdicts import Outcome, Verdict
from pytest_edgesense.rows import Row

BUDGETS = ((Outcome.OVER, "over"), (Outcome.INCONCLUSIVE, "inconclusive"), (Outcome.MET, "met"))
COMPARISONS = (
    (Outcome.REGRESSED, "regressed"),
    (Outcome.INCONCLUSIVE, "inconclusive"),
    (Outcome.NO_BASELINE, "without baseline"),
    (Outcome.DRIFT, "compared"),
    (Outcome.BETTER, "compared"),
    (Outcome.SAME, "compared"),
    (Outcome.NOT_COMPARABLE, "not comparable"),
)
"""The worst first: a test counts as the first of these that one of its limits came to."""


@dataclass(frozen=True)
class Tally:
    """How many budgets came to what.

    Attributes:
        budgets: All that were planned: the sum of the next six.
        met: Every limit met.
        over: At least one limit missed.
        inconclusive: At least one that cannot be told, none missed.
        without_limit: Those whose limits are all for other devices.
        not_measured: Those whose pipeline could not be measured.
        not_judged: Those that were planned and never judged: skipped, stopped, crashed.
        compared: Those of which a number was held against a baseline, and none cannot be told or lacks one.
        regressed: Those of them that are worse than allowed.
        in_part: Those of them of which another number's baseline was made elsewhere.
        without_baseline: Those with a number that has no baseline yet.
        comparisons_inconclusive: Those with a comparison that cannot be told.
        not_comparable: Those whose baselines were all made elsewhere.
        not_compared: Those with no number that is ever compared.
        not_gating: Those that may not fail their tests, among all.
    """

    budgets: int
    met: int
    over: int
    inconclusive: int
    without_limit: int
    not_measured: int
    not_judged: int
    compared: int
    regressed: int
    in_part: int
    without_baseline: int
    comparisons_inconclusive: int
    not_comparable: int
    not_compared: int
    not_gating: int

    def __str__(self) -> str:
        """Return ``3 budgets: 2 met, 1 over, 0 inconclusive; 2 compared, 1 without baseline, 0 inconclusive``."""
        budgets = [f"{self.met} met", f"{self.over} over", f"{self.inconclusive} inconclusive"]
        budgets += _some(self.without_limit, "without limit here")
        budgets += _some(self.not_measured, "not measured") + _some(self.not_judged, "not judged")
        which = ", ".join(_some(self.regressed, "regressed") + _some(self.in_part, "in part"))
        comparisons = [
            f"{self.compared} compared{f' ({which})' if which else ''}",
            f"{self.without_baseline} without baseline",
        ]
        comparisons += [f"{self.comparisons_inconclusive} inconclusive"]
        comparisons += _some(self.not_comparable, "not comparable") + _some(self.not_compared, "not compared")
        parts = [", ".join(budgets), ", ".join(comparisons), *_some(self.not_gating, "not gating")]
        return f"{units.plural(self.budgets, 'budget')}: {'; '.join(parts)}"


def tally(rows: Sequence[Row], planned: int = 0) -> Tally:
    """Count rows, and the budgets that were planned and have none."""
    verdicts = [row.verdict for row in rows if row.verdict is not None]
    budgets = [_budget(verdict) for verdict in verdicts]
    comparisons = [_comparison(verdict) for verdict in verdicts]
    unjudged = max(0, planned - len(rows))
    return Tally(
        budgets=len(rows) + unjudged,
        met=budgets.count("met"),
        over=budgets.count("over"),
        inconclusive=budgets.count("inconclusive"),
        without_limit=budgets.count(""),
        not_measured=len(rows) - len(verdicts),
        not_judged=unjudged,
        compared=comparisons.count("compared") + comparisons.count("regressed"),
        regressed=comparisons.count("regressed"),
        in_part=sum(
            word in {"compared", "regressed"} and _is_in_part(verdict)
            for verdict, word in zip(verdicts, comparisons, strict=True)
        ),
        without_baseline=comparisons.count("without baseline"),
        comparisons_inconclusive=comparisons.count("inconclusive"),
        not_comparable=comparisons.count("not comparable"),
        not_compared=comparisons.count(""),
        not_gating=sum(1 for row in rows if not row.gates),
    )


def _budget(verdict: Verdict) -> str:
    seen = {finding.budget for finding in verdict.findings}
    return next((word for outcome, word in BUDGETS if outcome in seen), "")


def _comparison(verdict: Verdict) -> str:
    seen = {finding.regression for finding in verdict.findings}
    return next((word for outcome, word in COMPARISONS if outcome in seen), "")


def _is_in_part(verdict: Verdict) -> bool:
    return any(finding.regression is Outcome.NOT_COMPARABLE for finding in verdict.findings)


def _some(count: int, word: str) -> list[str]:
    return [f"{count} {word}"] if count else []
