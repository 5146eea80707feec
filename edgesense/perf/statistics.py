"""Samples to numbers and intervals: pure functions, standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

CONFIDENCE = 0.99


@lru_cache(maxsize=4)
def _binomial_cdf(n: int, p: float) -> tuple[float, ...]:
    """Return P[Bin(n, p) <= k] for k = 0 ... n, by sums of logarithms (no overflow for large n)."""
    total, cdf = 0.0, []
    for k in range(n + 1):
        total += math.exp(
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + (k * math.log(p) if k else 0.0)
            + ((n - k) * math.log1p(-p) if n - k else 0.0)
        )
        cdf.append(min(total, 1.0))
    return tuple(cdf)


def quantile(values: Sequence[float], q: float) -> float:
    """Return the `q` quantile of `values` with linear interpolation, as NumPy's default.

    Raises:
        ValueError: If there are no values or `q` is outside 0..1.
    """
    if not values or not 0 <= q <= 1:
        msg = f"a quantile needs values and a share in 0..1; got {len(values)} values and {q}"
        raise ValueError(msg)
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return quantile(values, 0.5)


def sketch(values: Sequence[float], most: int = 101) -> tuple[float, ...]:
    """Return values in order, at the most `most` of them: evenly spaced ones by rank, the smallest and largest kept."""
    ordered = sorted(values)
    if len(ordered) <= most:
        return tuple(ordered)
    return tuple(ordered[round(index * (len(ordered) - 1) / (most - 1))] for index in range(most))


def quantile_interval(values: Sequence[float], q: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return an order-statistic interval that covers the `q` quantile with at least `confidence`.

    With too few values for that confidence, an end is the smallest or largest value. No
    distribution is assumed (David & Nagaraja, Order Statistics, 7.1).

    Raises:
        ValueError: If there are no values.
    """
    if not values:
        msg = "an interval needs at least one value"
        raise ValueError(msg)
    ordered, n = sorted(values), len(values)
    tail = (1 - confidence) / 2
    cdf = _binomial_cdf(n, q)
    # P[x_(k) > quantile] = P[Bin < k] and P[x_(k) < quantile] = P[Bin >= k] stay within the tails; k counts from 1.
    low = max((k for k in range(1, n + 1) if cdf[k - 1] <= tail), default=1)
    high = min((k for k in range(1, n + 1) if 1 - cdf[k - 1] <= tail), default=n)
    return ordered[low - 1], ordered[high - 1]


def percentile_bound(values: Sequence[float], q: float, confidence: float = CONFIDENCE) -> float | None:
    """Return an upper bound of the `q` quantile by LoadGen's rule, None with too few values.

    The largest t >= 1 with P[Bin(n, 1 - q) <= t] <= 1 - confidence; the t-th largest value is the bound
    (MLPerf Inference LoadGen, early stopping). Fewer values give a stricter bound, never a luckier one.
    """
    n = len(values)
    if n == 0:
        return None
    cdf = _binomial_cdf(n, 1 - q)
    best = max((t for t in range(1, n + 1) if cdf[t] <= 1 - confidence), default=0)
    return sorted(values, reverse=True)[best - 1] if best else None


@lru_cache(maxsize=64)
def fewest_calls(q: float, confidence: float = CONFIDENCE) -> int:
    """Return how many values `percentile_bound` needs: 11 for p50, 64 for p90, 662 for p99."""
    n = 1
    # P[Bin(n, 1-q) <= 1] in closed form.
    while q**n + n * (1 - q) * q ** (n - 1) > 1 - confidence:
        n += 1
    return n


def wilson(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return Wilson's 95 % interval for a share of `successes` in `n` (Wilson 1927).

    Raises:
        ValueError: If `n` is not positive.
    """
    if n <= 0:
        msg = "a share needs at least one trial"
        raise ValueError(msg)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def mcnemar(lost: int, gained: int) -> float:
    """Return McNemar's exact two-sided p for `lost` and `gained` discordant clips."""
    n = lost + gained
    if n == 0:
        return 1.0
    return min(1.0, 2 * _binomial_cdf(n, 0.5)[min(lost, gained)])


def flips(before: str, after: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the clips (lost, gained) between two strings of "1" (right) and "0" (wrong).

    Raises:
        ValueError: If they are not about the same number of clips.
    """
    if len(before) != len(after):
        msg = f"results of {len(before)} and of {len(after)} clips cannot be paired"
        raise ValueError(msg)
    pairs = list(enumerate(zip(before, after, strict=True)))
    lost = tuple(index for index, pair in pairs if pair == ("1", "0"))
    gained = tuple(index for index, pair in pairs if pair == ("0", "1"))
    return lost, gained


def settled(calls: Sequence[float], *, block: int, agreement: float = 0.02) -> bool:
    """Return whether the medians of the last two blocks of `calls` agree: the warm-up is over."""
    if len(calls) < 2 * block:
        return False
    first, second = median(calls[-2 * block : -block]), median(calls[-block:])
    return abs(first - second) <= agreement * max(first, second)
