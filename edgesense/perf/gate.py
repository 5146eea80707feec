"""The paired gate: from the pairs of two arms measured side by side to a decision; pure, standard library only.

Two stages, so that an unchanged pipeline costs few pairs and a slowdown has to show twice. A stage ends as soon as no
pair that is still to come could change what it comes to. The numbers in `Rule` were chosen on 2,210 rounds of a real
audio pipeline; ``benchmarks/gate`` shows what is proved of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgesense.errors import BudgetError
from edgesense.perf import statistics, units
from edgesense.perf.records import Paired
from edgesense.perf.verdicts import Outcome

LIMIT = 0.03
SCALE = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""
APART = 3
"""How many times their spread pairs must be slower where they spread by more than the limit."""


@dataclass(frozen=True)
class Rule:
    """What a slowdown must show before it fails a build.

    Attributes:
        limit: The change that is let pass, as a share: within half of it is SAME, over it REGRESSED.
        first: Pairs of the first stage.
        second: New pairs of the second stage, which only a slow first stage reaches.
        slower: How many of those must be slower by more than half the limit.
        discarded: The largest share of pairs that may have been thrown away.

    Raises:
        BudgetError: If the limit is not above zero.
    """

    limit: float = LIMIT
    first: int = 5
    second: int = 10
    slower: int = 8
    discarded: float = 1 / 3

    def __post_init__(self) -> None:
        if not 0 < self.limit < math.inf:
            msg = f"a slowdown of {self.limit * 100:g} % cannot be told from none: let more than 0 % pass"
            raise BudgetError(msg)

    @property
    def at_most(self) -> int:
        """Pairs after which there is always a decision."""
        return self.first + self.second


@dataclass(frozen=True)
class Decision:
    """What a gate came to.

    Attributes:
        outcome: SAME, BETTER, DRIFT, REGRESSED, INCONCLUSIVE; None while more pairs are wanted.
        wanted: How many more.
        change: Median of all log ratios, as a share: 0.05 is 5 % slower.
        low: Lower end of its order-statistic interval.
        high: Upper end.
        slower: Pairs whose candidate was slower.
        pairs: Pairs that were kept.
        why: What spoke against a clear answer, "" if nothing did.
    """

    outcome: Outcome | None
    wanted: int = 0
    change: float = 0.0
    low: float = 0.0
    high: float = 0.0
    slower: int = 0
    pairs: int = 0
    why: str = ""


def log_ratio(baseline: float, candidate: float) -> float:
    """Return ln(candidate / baseline) of two times in seconds.

    Raises:
        ValueError: If one is not positive and finite.
    """
    if not (0 < baseline < math.inf and 0 < candidate < math.inf):
        msg = f"times of {baseline!r} and {candidate!r} s have no ratio"
        raise ValueError(msg)
    return math.log(candidate / baseline)


def log_ratios(paired: Paired) -> list[float]:
    """Return one log ratio a pair."""
    return [log_ratio(*pair) for pair in zip(paired.baseline, paired.candidate, strict=True)]


def decide(paired: Paired, rule: Rule | None = None) -> Decision:
    """Return what the pairs so far come to, under the usual rule if none is given."""
    return decide_ratios(log_ratios(paired), paired.discarded, rule or Rule())


def decide_ratios(ratios: Sequence[float], discarded: int, rule: Rule) -> Decision:
    """Return what log ratios come to.

    Args:
        ratios: One a pair, in the order they were measured.
        discarded: Pairs thrown away: a worker died, the device was throttled.
        rule: What a slowdown must show.
    """
    ratios = ratios[: rule.at_most]
    tried = len(ratios) + discarded
    if tried >= rule.first and discarded > rule.discarded * tried:
        return _decision(ratios, Outcome.INCONCLUSIVE, f"{discarded} of {tried} pairs had to be discarded")
    first, half = ratios[: rule.first], math.log1p(rule.limit / 2)
    if _median_is_within(first, half, of=rule.first) and (len(first) == rule.first or max(first) >= -half):
        return _decision(first, Outcome.BETTER) if max(first) < -half else _same(first, first, rule)
    if len(ratios) < rule.first:
        return _decision(ratios, None, wanted=rule.first - len(ratios))
    second = ratios[rule.first :]
    if _median_is_within(second, half, of=rule.second):
        return _same(
            ratios, second, rule, f"{rule.first} pairs looked slower; {len(second)} new ones did not confirm it"
        )
    if len(ratios) < rule.at_most:
        return _decision(ratios, None, wanted=rule.at_most - len(ratios))
    return _decision(ratios, *_confirmed(ratios, rule))


def _same(ratios: Sequence[float], stage: Sequence[float], rule: Rule, why: str = "") -> Decision:
    """Return that nothing was slower, and what could not have been seen where the stage's pairs lie far apart."""
    spread = robust_spread(stage)
    if spread > math.log1p(rule.limit):
        wide = units.percent(math.expm1(spread), beside=rule.limit).lstrip("+")
        noise = f"the pairs spread by {wide}: a change of {rule.limit * 100:g} % would not show"
        why = f"{why}; {noise}" if why else noise
    return _decision(ratios, Outcome.SAME, why)


def _median_is_within(ratios: Sequence[float], limit: float, *, of: int) -> bool:
    """Whether the median of `of` values is at most `limit`, whatever those will be that are not there yet."""
    if len(ratios) == of:
        return statistics.median(ratios) <= limit
    return sum(1 for ratio in ratios if ratio <= limit) > of // 2


def _confirmed(ratios: Sequence[float], rule: Rule) -> tuple[Outcome, str]:
    """Return what a whole second stage that is slower comes to, and what speaks against a clear answer."""
    second, limit = ratios[rule.first :], math.log1p(rule.limit)
    again = statistics.median(second)
    allowed = f"{rule.limit * 100:g} %"
    if again <= limit:
        more = units.percent(math.expm1(again), beside=rule.limit)
        return Outcome.DRIFT, f"{more} in the {rule.second} new pairs, where {allowed} is allowed"
    # By more than half the limit: where processes are now fast, now slow, pairs of which most are equal and the rest
    # far apart have a median over the limit once in a while, and nearly all of them a ratio over 0.
    slower = sum(1 for ratio in second if ratio > math.log1p(rule.limit / 2))
    if slower < rule.slower:
        half = f"{rule.limit * 50:g} %"
        return (
            Outcome.DRIFT,
            f"only {slower} of {rule.second} new pairs slower by over {half}, where {rule.slower} must be",
        )
    spread = robust_spread(ratios)
    if spread > max(limit, again / APART):
        wide = units.percent(math.expm1(spread), beside=rule.limit).lstrip("+")
        return Outcome.INCONCLUSIVE, f"the pairs spread by {wide}: too far apart to tell a change of {allowed}"
    return Outcome.REGRESSED, ""


def robust_spread(values: Sequence[float]) -> float:
    """Return 1.4826 times the median absolute deviation from the median."""
    centre = statistics.median(values)
    return SCALE * statistics.median([abs(value - centre) for value in values])


def _decision(ratios: Sequence[float], outcome: Outcome | None, why: str = "", *, wanted: int = 0) -> Decision:
    if not ratios:
        return Decision(outcome, wanted, why=why)
    low, high = statistics.quantile_interval(ratios, 0.5)
    return Decision(
        outcome,
        wanted,
        change=math.expm1(statistics.median(ratios)),
        low=math.expm1(low),
        high=math.expm1(high),
        slower=sum(1 for ratio in ratios if ratio > 0),
        pairs=len(ratios),
        why=why,
    )
