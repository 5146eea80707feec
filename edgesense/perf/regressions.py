"""How far a number may be from its baseline, as projects write it: ``latency:3%,size:1%,acc:0.5pp``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from edgesense.errors import BudgetError
from edgesense.perf import metrics, units
from edgesense.perf.interfaces import Metric

FINEST = 0.005
"""The smallest change that a paired gate is asked to tell, as a share: below, placement alone decides."""
TIMES = "latency"
AMOUNT = re.compile(r"(?P<number>\d{1,4}(?:\.\d*)?|\.\d+)\s*(?P<unit>%|pp)")
EXAMPLE = "as in latency:3%,size:1%,acc:0.5pp"


def words() -> dict[str, tuple[str, ...]]:
    """Return what may be named, and the limits that each word means: a limit itself, or a family of limits.

    A family is the first word of its limits' names; ``latency`` is every time that the paired gate compares.
    """
    compared = [metric for metric in metrics.every().values() if _compared(metric)]
    families: dict[str, tuple[str, ...]] = {}
    for metric in compared:
        family = TIMES if metric.gated else metric.name.partition("_")[0]
        families[family] = (*families.get(family, ()), metric.name)
    return {metric.name: (metric.name,) for metric in compared} | families


def merge(said: Iterable[object], usual: Mapping[str, float] | None = None) -> dict[str, float]:
    """Merge what several places say, the farthest first: the nearest wins, None goes back to the usual.

    Args:
        said: Each a text, a mapping of limits or families to texts, numbers or None, or None for all of them.
        usual: What an earlier call returned, farther than all of these.

    Returns:
        Limit -> change that is let pass: a share of the baseline, or an amount where the limit itself is a share.

    Raises:
        BudgetError: For what cannot be meant.
    """
    merged = dict(usual or {})
    for one in said:
        if one is None:
            merged = {}
            continue
        for name, allowed in parse(one).items():
            if allowed is None:
                merged.pop(name, None)
            else:
                merged[name] = allowed
    return merged


def parse(said: object) -> dict[str, float | None]:
    """Return what one place says, by limit; a limit's own name wins over its family's.

    Raises:
        BudgetError: For what cannot be meant.
    """
    if isinstance(said, str):
        pairs: list[tuple[str, Any]] = [_pair(part) for part in said.split(",")]
    elif isinstance(said, Mapping) and all(isinstance(name, str) for name in said):
        pairs = list(said.items())
    else:
        msg = f"{said!r}: allowed: text {EXAMPLE}, or a mapping of the same names"
        raise BudgetError(msg)
    twice = {name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1}
    if twice:
        msg = f"{min(twice)} is named twice in {said!r}"
        raise BudgetError(msg)
    allowed: dict[str, float | None] = {}
    known = words()
    # Families come first, so that a limit's own name has the last word; `acc` is a family.
    for name, amount in sorted(pairs, key=lambda pair: known.get(pair[0]) == (pair[0],)):
        for limit in _meant(name, known):
            allowed[limit] = None if amount is None else _amount(name, amount, metrics.find(limit))
    return allowed


def _compared(metric: Metric) -> bool:
    return metric.tolerance is not None or metric.gated is not None


def _pair(part: str) -> tuple[str, str]:
    name, colon, amount = part.partition(":")
    if not colon or not name.strip():
        msg = f"{part.strip()!r} is no name with an allowed change, {EXAMPLE}"
        raise BudgetError(msg)
    return name.strip(), amount.strip()


def _meant(name: str, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if name in known:
        return known[name]
    if name in metrics.every():
        msg = f"{name} is never compared with a baseline; allowed: {', '.join(sorted(known))}"
        raise BudgetError(msg)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(sorted(known))}"
    msg = f"unknown limit {name!r}: {hint}"
    raise BudgetError(msg)


def _amount(name: str, said: object, metric: Metric) -> float:
    share = metric.unit is units.RATIO
    wanted = f"{name}:0.5pp" if share else f"{name}:3%"
    if isinstance(said, str):
        found = AMOUNT.fullmatch(said.strip())
        if found is None:
            msg = f"{name}: {said!r} is no allowed change; allowed: a percentage, in points for shares, as in {wanted}"
            raise BudgetError(msg)
        if share is not (found["unit"] == "pp"):
            kind = "is a share: give percentage points" if share else "is no share: give a percentage"
            msg = f"{name}:{said} cannot be meant: {metric.name} {kind}, as in {wanted}"
            raise BudgetError(msg)
        value = float(found["number"]) / 100
    elif isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said <= 1:
        value = float(said)
    else:
        percent = isinstance(said, int | float) and not isinstance(said, bool) and 1 < said <= 100
        hint = f"; did you mean {f'{said:g}' + ('pp' if share else '%')!r}?" if percent else ""
        msg = f"{name}={said!r}: allowed: a number from 0 to 1 (0.03 is 3 %), or text as in {wanted}{hint}"
        raise BudgetError(msg)
    if metric.gated and value < FINEST * (1 - 1e-9):
        msg = f"{name}: a change of {value:.3g} cannot be told from times; allowed: {FINEST:.1%} and more"
        raise BudgetError(msg)
    return value
