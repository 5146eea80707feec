"""A number against its baseline: stored and compared, or measured side by side; pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edgesense.errors import BaselineError
from edgesense.perf import energy, gate, statistics, units
from edgesense.perf.interfaces import Metric, Tolerance
from edgesense.perf.metrics._base import Allowance
from edgesense.perf.records import Baseline, Known, Measurement, Paired, Reading
from edgesense.perf.verdicts import Outcome

SIGNIFICANT = 0.01
LISTED_FLIPS = 40
PREDICTED_FROM = ("instructions_m", "macs_m")
"""What predictions are made of, on boards that are emulated and on microcontrollers."""

Beside = tuple[Outcome, tuple[str, ...], float | None, tuple[float, float, float] | None]

LATER = frozenset({"board_cpu"})
"""What fingerprints of earlier releases do not name: it is taken for unchanged where it is not there."""


def beside(paired: Paired, baseline: Baseline | BaselineError | None, allowed: float | None) -> Beside:
    """Judge a time that was measured beside its baseline's; pairs decide whatever became of a stored file.

    Returns:
        The outcome, the reasons, the baseline's seconds and the change: median, lower and upper end, as shares.
    """
    if not (paired.baseline or paired.discarded):
        outcome, why = _unpaired(paired, baseline)
        return outcome, (why, *paired.notes), None, None
    limit = gate.LIMIT if allowed is None else allowed
    decision = gate.decide(paired, gate.Rule(limit=limit))
    outcome = decision.outcome or Outcome.INCONCLUSIVE
    unfinished = "" if decision.outcome else f"{decision.pairs} pairs measured, {decision.wanted} more are needed"
    reasons = [why for why in (decision.why, unfinished) if why]
    if decision.pairs and outcome is not Outcome.SAME:
        reasons.insert(0, _beside_said(paired, decision, limit))
    if paired.uncovered:
        reasons.append(f"code changes not covered: {paired.uncovered}")
    before = statistics.median(paired.baseline) if paired.baseline else None
    change = (decision.change, decision.low, decision.high) if decision.pairs else None
    return outcome, (*reasons, *paired.notes), before, change


def _unpaired(paired: Paired, baseline: Baseline | BaselineError | None) -> tuple[Outcome, str]:
    if paired.never:
        return Outcome.NOT_COMPARED, f"not compared: {paired.never}"
    if isinstance(baseline, BaselineError):
        return Outcome.INCONCLUSIVE, str(baseline)
    if paired.absent:
        return Outcome.NO_BASELINE, paired.absent
    if paired.refused:
        return Outcome.NOT_COMPARABLE, paired.refused
    return Outcome.INCONCLUSIVE, "no pair was measured"


def _beside_said(paired: Paired, decision: gate.Decision, limit: float) -> str:
    first, second = (statistics.median(values) for values in (paired.baseline, paired.candidate))
    before, now = units.distinct(first, second, units.MILLISECOND, at_least=4)
    against = f" beside {paired.against}" if paired.against else ""
    change, low, high = (units.percent(one, beside=limit) for one in (decision.change, decision.low, decision.high))
    sides = f"{low.removesuffix(' %')}..{high}; {decision.slower} of {decision.pairs} pairs slower"
    return f"{units.arrow(before, now)}  {change} (limit +{limit * 100:g} %; {sides}){against}"


def compare(
    metric: Metric,
    reading: Reading,
    measurement: Measurement,
    baseline: Baseline | BaselineError | None,
    allowed: float | None = None,
) -> tuple[Outcome, tuple[str, ...]]:
    """Compare one number with its stored baseline; return the outcome and the reasons."""
    if metric.tolerance is None:
        how = f"through {predicted_from(measurement)}" if reading.known is Known.PREDICTED else _uncompared(metric)
        return Outcome.NOT_COMPARED, (f"not compared: {how}",)
    unsteady = unsteadiness(reading)
    if unsteady or isinstance(baseline, BaselineError):
        return Outcome.INCONCLUSIVE, (unsteady or str(baseline),)
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
    tolerated = _tolerated(metric, metric.tolerance, allowed)
    return (_compare_labelled if labelled else _compare_numbers)(metric, tolerated, before, reading)


def unsteadiness(reading: Reading) -> str:
    """Return why per-clip results mean nothing, "" where clips asked again were answered as before."""
    labelled = reading.labelled
    if labelled is None or not (labelled.unsteady or labelled.unsteady_reference):
        return ""
    who, clips = "the pipeline", labelled.unsteady
    if not clips:
        who, clips = "the reference pipeline", labelled.unsteady_reference
    noun = "clip" if len(clips) == 1 else "clips"
    return (
        f"{who} answers {noun} {_listed(clips)} differently when asked again: it is not deterministic, "
        "so accuracy cannot be compared"
    )


def predicted_from(measurement: Measurement) -> str:
    """Return the number that a device's predicted times are made of, which is compared in their place."""
    told = {*measurement.readings, *measurement.missing}
    return next((name for name in PREDICTED_FROM if name in told), PREDICTED_FROM[0])


def _uncompared(metric: Metric) -> str:
    if metric.name in energy.LIMITS:
        return "a power meter's numbers are not held against stored ones"
    return "no baseline beside it" if metric.gated else "the paired gate compares medians alone"


def _tolerated(metric: Metric, usual: Tolerance, allowed: float | None) -> Tolerance:
    if allowed is None:
        return usual
    if metric.unit is units.RATIO:
        return Allowance(absolute=allowed, depends_on=usual.depends_on)
    return Allowance(relative=allowed, absolute=usual.absolute, depends_on=usual.depends_on)


def differences(before: Mapping[str, str], now: Mapping[str, str], keys: Iterable[str]) -> list[str]:
    """Return how two fingerprints differ in `keys`, in words."""
    return [
        f"{key} was {before.get(key, 'absent')}, is {now.get(key, 'absent')}"
        for key in keys
        if before.get(key) != now.get(key) and not (key in LATER and key not in before)
    ]


def _compare_numbers(
    metric: Metric, allowed: Tolerance, before: Reading, now: Reading
) -> tuple[Outcome, tuple[str, ...]]:
    pairs = {"": (before.value, now.value)}
    if metric.by_part:
        pairs |= {part: (before.parts[part], now.parts[part]) for part in before.parts if part in now.parts}
    worse = {part: pair for part, pair in pairs.items() if _beyond(metric, allowed, *pair) > 0}
    if worse:
        return Outcome.REGRESSED, tuple(_said(metric, allowed, part, *pair) for part, pair in worse.items())
    better = [part for part, pair in pairs.items() if _beyond(metric, allowed, *pair) < 0]
    return (Outcome.BETTER if better else Outcome.SAME), ()


def _said(metric: Metric, allowed: Tolerance, part: str, before: float, now: float) -> str:
    first, second = units.distinct(before, now, metric.unit, at_least=3 if metric.unit is units.RATIO else 4)
    where = f" in {part}" if part else ""
    side = "+" if metric.lower_is_better else "-"
    absolute = metric.unit is units.RATIO
    share = units.change(now, before, absolute=absolute, beside=allowed.absolute if absolute else allowed.relative)
    return f"{units.arrow(first, second)}{where}  {share} (limit {side}{_allowed(metric, allowed)})"


def _allowed(metric: Metric, allowed: Tolerance) -> str:
    if metric.unit is units.RATIO:
        return f"{allowed.absolute * 100:g} pp"
    share = f"{allowed.relative * 100:g} %"
    return f"{share} or {units.text(allowed.absolute, metric.unit)}" if allowed.absolute else share


def _beyond(metric: Metric, allowed: Tolerance, before: float, now: float) -> int:
    """Return 1 if `now` is worse than tolerated, -1 if better by as much, 0 if the same."""
    tolerated = max(allowed.relative * abs(before), allowed.absolute)
    # Shares of whole clips: a difference that is the tolerance itself must not depend on rounding.
    tolerated += 1e-12 * max(abs(before), 1.0)
    worse_by = (now - before) if metric.lower_is_better else (before - now)
    return 1 if worse_by > tolerated else -1 if worse_by < -tolerated else 0


def _compare_labelled(
    metric: Metric, allowed: Tolerance, before: Reading, now: Reading
) -> tuple[Outcome, tuple[str, ...]]:
    assert before.labelled is not None  # noqa: S101 - the caller has looked
    assert now.labelled is not None  # noqa: S101
    if before.labelled.audio != now.labelled.audio or len(before.labelled.correct) != len(now.labelled.correct):
        return Outcome.NOT_COMPARABLE, ("the baseline was made with other audio",)
    lost, gained = statistics.flips(before.labelled.correct, now.labelled.correct)
    p = statistics.mcnemar(len(lost), len(gained))
    told = () if not (lost or gained) else (_flips(lost, gained, p),)
    beyond = _beyond(metric, allowed, before.value, now.value)
    if beyond == 0:
        return Outcome.SAME, told
    said = _said(metric, allowed, "", before.value, now.value)
    if p >= SIGNIFICANT:
        return Outcome.DRIFT, (f"{said}; may be chance", *told)
    return (Outcome.REGRESSED if beyond > 0 else Outcome.BETTER), (said, *told)


def _flips(lost: tuple[int, ...], gained: tuple[int, ...], p: float) -> str:
    return f"clips lost: {_listed(lost)}; gained: {_listed(gained)}; McNemar p {p:.2g}"


def _listed(clips: tuple[int, ...]) -> str:
    shown = " ".join(str(clip) for clip in clips[:LISTED_FLIPS])
    more = f" … ({len(clips)} in all)" if len(clips) > LISTED_FLIPS else ""
    return (shown + more) or "none"
