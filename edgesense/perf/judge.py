"""From a measurement, its limits and a baseline to a verdict: pure functions, no clock, no files."""

from __future__ import annotations

from collections.abc import Mapping

from edgesense.errors import BaselineError
from edgesense.perf import metrics, units
from edgesense.perf.compare import beside, compare, predicted_from, unsteadiness
from edgesense.perf.interfaces import Metric
from edgesense.perf.records import Baseline, Known, Measurement, Missing, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict

UPDATE = "if this is meant, accept it: pytest --update-baselines"
STORE = "store one: pytest --update-baselines"
QUIETER = "measure again on a quieter computer"
STEADY = "answer each clip on its own: reset what the model keeps, such as an LSTM's state, before every call"


def judge(
    test: str,
    bounds: Mapping[str, float],
    measurement: Measurement,
    baseline: Baseline | BaselineError | None,
    *,
    strict: bool = False,
    allowed: Mapping[str, float] | None = None,
) -> Verdict:
    """Return what a test's budget comes to.

    Args:
        test: The test's node id.
        bounds: Limit -> bound in base units.
        measurement: What was found; readings without a bound are only compared.
        baseline: What it is compared with; a `BaselineError` if it is there but cannot be read.
        strict: Whether INCONCLUSIVE and NO BASELINE fail too.
        allowed: Limit -> change that is let pass instead of the metric's own: a share of the baseline, or an amount
            where the limit itself is a share.
    """
    names = [*bounds, *(name for name in (*measurement.readings, *measurement.missing) if name not in bounds)]
    changes = allowed or {}
    findings = tuple(
        _finding(name, bounds.get(name), measurement, baseline, changes.get(name)) for name in dict.fromkeys(names)
    )
    return Verdict(test, measurement.device, findings, strict=strict, notes=measurement.notes)


def _finding(
    name: str,
    bound: float | None,
    measurement: Measurement,
    baseline: Baseline | BaselineError | None,
    allowed: float | None,
) -> Finding:
    metric = metrics.find(name)
    reading = measurement.readings.get(name)
    before = change = None
    if name in measurement.paired:
        regression, because, before, change = beside(measurement.paired[name], baseline, allowed)
    elif reading is None:
        regression, because = Outcome.NOT_COMPARED if metric.tolerance is None else Outcome.INCONCLUSIVE, ()
    else:
        regression, because = compare(metric, reading, measurement, baseline, allowed)
        if isinstance(baseline, Baseline) and metric.tolerance is not None and name in baseline.readings:
            before = baseline.readings[name].value
    budget, why, remedy = _budget(metric, bound, measurement)
    return Finding(
        name,
        bound,
        reading,
        budget,
        regression,
        before=before,
        change=change,
        why=tuple(dict.fromkeys(reason for reason in (why, *because) if reason)),
        remedy=remedy or _next_step(regression, change),
    )


def _budget(metric: Metric, bound: float | None, measurement: Measurement) -> tuple[Outcome | None, str, str]:
    """Return what a number's limit came to, the reason and the next step; None without a limit."""
    unknown = None if bound is None else Outcome.INCONCLUSIVE
    reading = measurement.readings.get(metric.name)
    if reading is None:
        missing = measurement.missing.get(metric.name, Missing(f"{measurement.device} said nothing of it"))
        return unknown, missing.reason, missing.remedy
    if unsteady := unsteadiness(reading):
        return unknown, unsteady, STEADY
    return (None, "", "") if bound is None else hold(metric, reading, bound, predicted_from(measurement))


def _next_step(regression: Outcome, change: tuple[float, float, float] | None) -> str:
    if regression is Outcome.INCONCLUSIVE:
        return QUIETER if change is not None else ""
    return {Outcome.REGRESSED: UPDATE, Outcome.NO_BASELINE: STORE}.get(regression, "")


def hold(metric: Metric, reading: Reading, bound: float, made_of: str = "instructions_m") -> tuple[Outcome, str, str]:
    """Hold one number against its limit; return the outcome, the reason and the next step.

    Args:
        metric: The limit.
        reading: The number, in base units.
        bound: The limit's value.
        made_of: The number that a predicted one is made of.
    """
    best, worst = _ends(metric, reading)
    sign = 1 if metric.lower_is_better else -1
    if sign * worst <= sign * bound:
        return Outcome.MET, "", ""
    value, limit = units.distinct(reading.value, bound, metric.unit)
    if sign * best > sign * bound:
        word = "over" if metric.lower_is_better else "under"
        spread = f" ({units.interval(reading.low, reading.high, metric.unit)})" if reading.low != reading.high else ""
        return Outcome.OVER, f"{value}{spread} is {word} its limit {limit}", ""
    shown = units.interval(reading.low, reading.high, metric.unit)
    floor = "" if reading.floor is None else f", floor {units.text(reading.floor, metric.unit)}"
    reason = f"limit {limit} lies within {shown} (value {value}{floor}): cannot be told"
    if reading.known is Known.PREDICTED:
        known = "counted" if made_of == "instructions_m" else "exact"
        return Outcome.INCONCLUSIVE, reason, f"narrow it on a real board, or give {made_of} a limit: it is {known}"
    return Outcome.INCONCLUSIVE, reason, QUIETER


def _ends(metric: Metric, reading: Reading) -> tuple[float, float]:
    """Return the best and the worst that a number may be: both itself where it is judged as it is."""
    if metric.judged != "interval" and reading.known is not Known.PREDICTED:
        return reading.value, reading.value
    if not metric.lower_is_better:
        return reading.high, reading.low
    return (reading.low if reading.floor is None else reading.floor), reading.high
