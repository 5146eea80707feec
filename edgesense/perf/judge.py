"""From a measurement, its limits and a baseline to a verdict: pure functions, no clock, no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edgesense.errors import BaselineError
from edgesense.perf import metrics, statistics, units
from edgesense.perf.interfaces import Metric
from edgesense.perf.records import Baseline, Finding, Known, Measurement, Missing, Outcome, Reading, Verdict

SIGNIFICANT = 0.01
UPDATE = "if this is meant, accept it: pytest --update-baselines"
LISTED_FLIPS = 40


def judge(
    test: str,
    bounds: Mapping[str, float],
    measurement: Measurement,
    baseline: Baseline | BaselineError | None,
    *,
    strict: bool = False,
) -> Verdict:
    """Return what a test's budget comes to.

    Args:
        test: The test's node id.
        bounds: Limit -> bound in base units.
        measurement: What was found; readings without a bound are only compared.
        baseline: What it is compared with; a `BaselineError` if it is there but cannot be read.
        strict: Whether INCONCLUSIVE and NO BASELINE fail too.
    """
    names = [*bounds, *(name for name in (*measurement.readings, *measurement.missing) if name not in bounds)]
    findings = tuple(_finding(name, bounds.get(name), measurement, baseline) for name in dict.fromkeys(names))
    return Verdict(test, measurement.device, findings, strict=strict, notes=measurement.notes)


def _finding(
    name: str, bound: float | None, measurement: Measurement, baseline: Baseline | BaselineError | None
) -> Finding:
    metric = metrics.find(name)
    reading = measurement.readings.get(name)
    if reading is None:
        missing = measurement.missing.get(name, Missing(f"{measurement.device} said nothing of it"))
        compared = Outcome.NOT_COMPARED if metric.tolerance is None else Outcome.INCONCLUSIVE
        budget = None if bound is None else Outcome.INCONCLUSIVE
        return Finding(name, bound, None, budget, compared, why=(missing.reason,), remedy=missing.remedy)
    budget, why, remedy = (None, "", "") if bound is None else hold(metric, reading, bound)
    regression, because = compare(metric, reading, measurement, baseline)
    before = None
    if isinstance(baseline, Baseline) and metric.tolerance is not None and name in baseline.readings:
        before = baseline.readings[name].value
    if not remedy and regression is Outcome.REGRESSED:
        remedy = UPDATE
    if not remedy and regression is Outcome.NO_BASELINE:
        remedy = "store one: pytest --update-baselines"
    reasons = tuple(reason for reason in (why, *because) if reason)
    return Finding(name, bound, reading, budget, regression, before=before, why=reasons, remedy=remedy)


def hold(metric: Metric, reading: Reading, bound: float) -> tuple[Outcome, str, str]:
    """Hold one number against its limit; return the outcome, the reason and the next step."""
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
        return Outcome.INCONCLUSIVE, reason, "narrow it on a real board, or give instructions_m a limit: it is counted"
    return Outcome.INCONCLUSIVE, reason, "measure again on a quieter computer"


def _ends(metric: Metric, reading: Reading) -> tuple[float, float]:
    """Return the best and the worst that a number may be: both itself where it is judged as it is."""
    if metric.judged != "interval" and reading.known is not Known.PREDICTED:
        return reading.value, reading.value
    if not metric.lower_is_better:
        return reading.high, reading.low
    return (reading.low if reading.floor is None else reading.floor), reading.high


def compare(
    metric: Metric, reading: Reading, measurement: Measurement, baseline: Baseline | BaselineError | None
) -> tuple[Outcome, tuple[str, ...]]:
    """Compare one number with its baseline; return the outcome and the reasons."""
    if metric.tolerance is None:
        how = "through instructions_m" if reading.known is Known.PREDICTED else "needs the paired gate"
        return Outcome.NOT_COMPARED, (f"not compared: {how}",)
    if isinstance(baseline, BaselineError):
        return Outcome.INCONCLUSIVE, (str(baseline),)
    before = baseline.readings.get(metric.name) if baseline is not None else None
    if baseline is None or before is None:
        return Outcome.NO_BASELINE, ("no baseline",)
    if before.known is not reading.known:
        return Outcome.NOT_COMPARABLE, (f"the baseline was {before.known.value}, this is {reading.known.value}",)
    where = baseline.elsewhere.get(metric.name, baseline.fingerprint)
    different = differences(where, measurement.fingerprint, metric.tolerance.depends_on)
    if different:
        return Outcome.NOT_COMPARABLE, tuple(different)
    labelled = before.labelled is not None and reading.labelled is not None
    return (_compare_labelled if labelled else _compare_numbers)(metric, before, reading)


def differences(before: Mapping[str, str], now: Mapping[str, str], keys: Iterable[str]) -> list[str]:
    """Return how two fingerprints differ in `keys`, in words."""
    return [
        f"{key} was {before.get(key, 'absent')}, is {now.get(key, 'absent')}"
        for key in keys
        if before.get(key) != now.get(key)
    ]


def _compare_numbers(metric: Metric, before: Reading, now: Reading) -> tuple[Outcome, tuple[str, ...]]:
    pairs = {"": (before.value, now.value)}
    if metric.by_part:
        pairs |= {part: (before.parts[part], now.parts[part]) for part in before.parts if part in now.parts}
    worse = {part: pair for part, pair in pairs.items() if _beyond(metric, *pair) > 0}
    if worse:
        return Outcome.REGRESSED, tuple(_said(metric, part, *pair) for part, pair in worse.items())
    better = [part for part, pair in pairs.items() if _beyond(metric, *pair) < 0]
    return (Outcome.BETTER if better else Outcome.SAME), ()


def _said(metric: Metric, part: str, before: float, now: float) -> str:
    first, second = units.distinct(before, now, metric.unit)
    where = f" in {part}" if part else ""
    percent = units.change(now, before, absolute=metric.unit is units.RATIO)
    return f"was {first}, is {second}{where} ({percent}; allowed {_allowed(metric)})"


def _allowed(metric: Metric) -> str:
    if metric.tolerance is None:
        return "anything"
    absolute = metric.tolerance.absolute
    if metric.unit is units.RATIO:
        return f"{absolute * 100:g} pp"
    share = f"{metric.tolerance.relative * 100:g} %"
    return f"{share} or {units.text(absolute, metric.unit)}" if absolute else share


def _beyond(metric: Metric, before: float, now: float) -> int:
    """Return 1 if `now` is worse than tolerated, -1 if better by as much, 0 if the same."""
    if metric.tolerance is None:
        return 0
    allowed = max(metric.tolerance.relative * abs(before), metric.tolerance.absolute)
    # Shares of whole clips: a difference that is the tolerance itself must not depend on rounding.
    allowed += 1e-12 * max(abs(before), 1.0)
    worse_by = (now - before) if metric.lower_is_better else (before - now)
    return 1 if worse_by > allowed else -1 if worse_by < -allowed else 0


def _compare_labelled(metric: Metric, before: Reading, now: Reading) -> tuple[Outcome, tuple[str, ...]]:
    assert before.labelled is not None  # noqa: S101 - the caller has looked
    assert now.labelled is not None  # noqa: S101
    if before.labelled.audio != now.labelled.audio or len(before.labelled.correct) != len(now.labelled.correct):
        return Outcome.NOT_COMPARABLE, ("the baseline was made with other audio",)
    lost, gained = statistics.flips(before.labelled.correct, now.labelled.correct)
    p = statistics.mcnemar(len(lost), len(gained))
    told = () if not (lost or gained) else (_flips(lost, gained, p),)
    beyond = _beyond(metric, before.value, now.value)
    if beyond == 0:
        return Outcome.SAME, told
    said = _said(metric, "", before.value, now.value)
    if p >= SIGNIFICANT:
        return Outcome.DRIFT, (f"{said}; may be chance", *told)
    return (Outcome.REGRESSED if beyond > 0 else Outcome.BETTER), (said, *told)


def _flips(lost: tuple[int, ...], gained: tuple[int, ...], p: float) -> str:
    return f"clips lost: {_listed(lost)}; gained: {_listed(gained)}; McNemar p {p:.2g}"


def _listed(clips: tuple[int, ...]) -> str:
    shown = " ".join(str(clip) for clip in clips[:LISTED_FLIPS])
    more = f" … ({len(clips)} in all)" if len(clips) > LISTED_FLIPS else ""
    return (shown + more) or "none"
