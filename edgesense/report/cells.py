"""One limit's result as texts: the columns of every table about a run, wherever it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from edgesense.perf import metrics, units
from edgesense.perf.verdicts import Finding, Outcome

GAP = "  "
UNKNOWN = units.Unit("", "", 1.0)
COMPARED = {Outcome.SAME, Outcome.BETTER, Outcome.DRIFT, Outcome.REGRESSED}
WITHOUT_NUMBER = {
    Outcome.NO_BASELINE: "none",
    Outcome.NOT_COMPARED: "not compared",
    Outcome.NOT_COMPARABLE: "not comparable",
    Outcome.INCONCLUSIVE: "–",
}


@dataclass(frozen=True)
class Cells:
    """One row's texts, in the order of the columns."""

    limit: str
    value: str = ""
    bound: str = ""
    known: str = ""
    baseline: str = ""
    verdict: str = ""
    mark: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns, without the mark."""
        return (self.limit, self.value, self.bound, self.known, self.baseline, self.verdict)


def unit_of(limit: str) -> units.Unit:
    """Return a limit's unit; numbers of a limit that is not installed here stay in base units, without a symbol."""
    metric = metrics.every().get(limit)
    return UNKNOWN if metric is None else metric.unit


def is_least(limit: str) -> bool:
    """Return whether a limit is the least that is wanted, and not the most."""
    metric = metrics.every().get(limit)
    return metric is not None and not metric.lower_is_better


def bound(limit: str, value: float) -> str:
    """Return what a number is held against, in base units, as ``≤ 50 ms``."""
    unit, sign = unit_of(limit), "≥" if is_least(limit) else "≤"
    return f"{sign} {unit.from_base(value):.10g} {unit.symbol}".rstrip()


def of(finding: Finding, *, fails: bool) -> Cells:
    """Return a finding's texts, with as many digits as it takes to tell its number from its limit and baseline."""
    unit, reading = unit_of(finding.limit), finding.reading
    symbol = f" {unit.symbol}" if unit.symbol else ""
    value, known, baseline = "–", "–", WITHOUT_NUMBER.get(finding.regression, "")
    if reading is not None:
        known = reading.known.value
        others = [other for other in (finding.bound, finding.before) if other is not None]
        texts = [units.distinct(reading.value, other, unit)[0] for other in others]
        value = max([units.text(reading.value, unit), *texts], key=len)
        spread = units.interval(reading.low, reading.high, unit).removesuffix(symbol)
        value += f" ({spread})" if "–" in spread else ""
        if finding.change is not None:
            baseline = gate_change(finding.change)
        elif finding.before is not None:
            before, _ = units.distinct(finding.before, reading.value, unit)
            percent = units.change(reading.value, finding.before, absolute=unit is units.RATIO)
            baseline = f"{before}{GAP}{percent}" if finding.regression in COMPARED else f"{before}, {baseline}"
    word, mark = _verdict(finding, fails=fails)
    limit = "" if finding.bound is None else bound(finding.limit, finding.bound)
    return Cells(finding.limit, value, limit, known, baseline, word, mark)


def gate_change(change: tuple[float, float, float]) -> str:
    """Return what a paired gate found as ``+0.2 % (−0.4 … +0.8)``: the median of its pairs and the interval."""
    middle, low, high = (f"{share * 100:+.1f}".replace("-", "−") for share in change)
    return f"{middle} % ({low} … {high})"


def _verdict(finding: Finding, *, fails: bool) -> tuple[str, str]:
    """The one word for a row, in capitals where it fails the test, and its colour."""
    doubtful = "red" if fails else "yellow"
    for outcome in (Outcome.OVER, Outcome.REGRESSED, Outcome.INCONCLUSIVE):
        if outcome in {finding.budget, finding.regression}:
            return (outcome.word if fails else outcome.word.lower()), doubtful
    if fails:
        return finding.regression.word, doubtful
    if finding.regression in {Outcome.DRIFT, Outcome.BETTER}:
        return finding.word.lower(), "yellow" if finding.regression is Outcome.DRIFT else "green"
    if finding.budget is None:
        return ("same" if finding.regression is Outcome.SAME else "–"), ""
    return "met", "green"
