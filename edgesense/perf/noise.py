"""From the log ratios of a pipeline and itself to how noisy a computer is, and what a gate can catch there; pure.

Both arms are the same, so a ratio could as well have come out the other way round. Every figure here therefore counts
each pair in both directions: the middle is 0 % by the way it was measured, not by chance.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from edgesense.perf import gate, statistics
from edgesense.perf.verdicts import Outcome

GATES = 2000
"""Gates drawn for each figure: 95 % of them is known to half a percent."""
SEED = 3
CAUGHT = 0.95
STEP = 0.001
MOST_STEPS = 1000
EXAMPLES = (0.0, 0.03, 0.05, 0.10)
"""Slowdowns whose outcomes are told: none, the usual limit, and the two that the gate is proved with."""
FEWEST = 2


@unique
class Level(StrEnum):
    """How noisy a computer is, in words; from the quietest on."""

    QUIET = "Quiet"
    FAIRLY_QUIET = "Fairly quiet"
    NOISY = "Noisy"
    VERY_NOISY = "Very noisy"

    @property
    def rank(self) -> int:
        """0 for the quietest."""
        return tuple(Level).index(self)


REFERENCE = 0.05
SCALE: Mapping[Level, tuple[float, float]] = {
    Level.QUIET: (0.017, 0.99),
    Level.FAIRLY_QUIET: (0.019, 0.95),
    Level.NOISY: (0.031, 0.50),
}
"""Level -> its largest spread of one pair, and the share of gates that catch a true 5 % up to there.

By simulation with the usual rule and normal noise: a tenth of a percent more and the share is missed. Above the last,
most gates that enter the second stage are INCONCLUSIVE, since its guard lets a spread of 3 % through, and more only
where the slowdown is three times the spread.
"""


@dataclass(frozen=True)
class Noise:
    """What pairs of a pipeline and itself say of the computer they were measured on.

    Attributes:
        pairs: How many there were.
        spread: Robust spread of one pair, as a share: 0.01 is 1 %.
        low: Lower end of the spread's 95 % interval.
        high: Upper end.
        largest: The pair that was furthest off, as a share.
        offset: Median difference of the two arms, as a share, with its 99 % interval: 0 lies inside where neither
            arm is favoured.
        level: The spread in words.
        smallest: The smallest slowdown that 95 % of gates catch here, as a share; None where they never catch one.
        expected: True slowdown -> outcome -> share of gates.
    """

    pairs: int
    spread: float
    low: float
    high: float
    largest: float
    offset: tuple[float, float, float]
    level: Level
    smallest: float | None
    expected: Mapping[float, Mapping[Outcome, float]]


def assess(ratios: Sequence[float], rule: gate.Rule) -> Noise:
    """Return what the log ratios of a pipeline and itself say.

    Raises:
        ValueError: If there are fewer than two.
    """
    if len(ratios) < FEWEST:
        msg = f"noise needs at least {FEWEST} pairs; got {len(ratios)}"
        raise ValueError(msg)
    spread, (low, high) = _spread(ratios), _spread_interval(ratios)
    ends = (statistics.median(ratios), *statistics.quantile_interval(ratios, 0.5))
    drawn = draw(ratios, rule)
    return Noise(
        pairs=len(ratios),
        spread=math.expm1(spread),
        low=math.expm1(low),
        high=math.expm1(high),
        largest=math.expm1(max(abs(ratio) for ratio in ratios)),
        offset=(math.expm1(ends[0]), math.expm1(ends[1]), math.expm1(ends[2])),
        level=level(math.expm1(spread)),
        smallest=smallest(drawn, rule),
        expected={share: outcomes(drawn, share, rule) for share in EXAMPLES},
    )


def level(spread: float) -> Level:
    """Return a spread, given as a share, in words."""
    return next((one for one, (largest, _) in SCALE.items() if spread <= largest), Level.VERY_NOISY)


def draw(ratios: Sequence[float], rule: gate.Rule, gates: int = GATES, seed: int = SEED) -> list[list[float]]:
    """Return the pairs of so many gates of an unchanged pipeline, drawn with replacement from measured log ratios."""
    both = [*ratios, *(-ratio for ratio in ratios)]
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [chance.choices(both, k=rule.at_most) for _ in range(gates)]


def outcomes(drawn: Sequence[Sequence[float]], slowdown: float, rule: gate.Rule) -> dict[Outcome, float]:
    """Return what the gates come to when the candidate is slower by a share; outcome -> share of the gates."""
    slower = math.log1p(slowdown)
    decided = (gate.decide_ratios([ratio + slower for ratio in pairs], 0, rule).outcome for pairs in drawn)
    found = Counter(outcome for outcome in decided if outcome is not None)
    return {outcome: count / len(drawn) for outcome, count in found.most_common()}


def smallest(drawn: Sequence[Sequence[float]], rule: gate.Rule, caught: float = CAUGHT) -> float | None:
    """Return the smallest slowdown, in steps of 0.1 %, that so large a share of the gates catches.

    Returns:
        A share; None if a slowdown of 100 % is not caught that often: the guard finds the pairs too noisy.
    """

    def enough(steps: int) -> bool:
        return outcomes(drawn, steps * STEP, rule).get(Outcome.REGRESSED, 0.0) >= caught

    # The same gates at each step, so one that catches a slowdown catches every larger one.
    low, high = 0, MOST_STEPS
    if not enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high * STEP


def _spread(ratios: Sequence[float]) -> float:
    return gate.SCALE * statistics.median([abs(ratio) for ratio in ratios])


def _spread_interval(ratios: Sequence[float]) -> tuple[float, float]:
    chance = random.Random(SEED)  # noqa: S311 - no secret
    spreads = [_spread(chance.choices(ratios, k=len(ratios))) for _ in range(GATES)]
    return statistics.quantile(spreads, 0.025), statistics.quantile(spreads, 0.975)
