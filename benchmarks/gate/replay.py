"""The committed samples, decided again: by this gate, and by each other rule against a stored run."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rules
import samples
from scipy import special

from edgesense.perf import gate, statistics
from edgesense.perf.verdicts import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

SEED = 1
BOUND = 0.95
PROCESSES = 3
"""What a gate of an unchanged pipeline starts, and so what every other rule gets at most."""
STORED = ("another", "before")
"""Where a stored run comes from: another gate of the condition at random, the gate just before."""


@dataclass(frozen=True)
class Share:
    """How often something happened.

    Attributes:
        count: Times it happened.
        of: Times it could have.
    """

    count: int
    of: int

    @property
    def percent(self) -> float:
        """The share seen."""
        return 100 * self.count / self.of

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower and upper bound in percent, each of 95 % confidence (Clopper & Pearson 1934)."""
        k, n = self.count, self.of
        low = float(special.betaincinv(k, n - k + 1, 1 - BOUND)) if k else 0.0
        high = float(special.betaincinv(k + 1, n - k, BOUND)) if k < n else 1.0
        return 100 * low, 100 * high


@dataclass(frozen=True)
class Condition:
    """What this gate makes of one condition's gates.

    Attributes:
        outcomes: Outcome -> gates.
        second: Gates that went on to the second stage.
        seconds: Median time a gate took.
        call: Median seconds of a call, the 10th percentile of each process.
        busy: Mean cores that other work kept busy.
    """

    outcomes: Mapping[Outcome, int]
    second: int
    seconds: float
    call: float
    busy: float

    @property
    def gates(self) -> int:
        """How many there are."""
        return sum(self.outcomes.values())

    def share(self, outcome: Outcome) -> Share:
        """Return how often an outcome came."""
        return Share(self.outcomes.get(outcome, 0), self.gates)


def decide(one: samples.Gate) -> gate.Decision:
    """Return what this gate came to."""
    ratios = [gate.log_ratio(*pair) for pair in one.pairs[:, :, 0].tolist()]
    return gate.decide_ratios(ratios, one.discarded, gate.Rule())


def condition(kept: samples.Samples) -> Condition:
    """Decide all gates of a condition.

    Raises:
        ValueError: If there are none, or one of them lacks pairs.
    """
    if not kept.gates:
        msg = f"no gates of {kept.name!r}: collect.py {kept.name} measures some"
        raise ValueError(msg)
    outcomes: Counter[Outcome] = Counter()
    for number, one in enumerate(kept.gates):
        decision = decide(one)
        if decision.outcome is None:
            msg = f"gate {number} of {kept.name} has {len(one.pairs)} pairs and wants {decision.wanted} more"
            raise ValueError(msg)
        outcomes[decision.outcome] += 1
    return Condition(
        outcomes,
        second=sum(len(one.pairs) > samples.FIRST for one in kept.gates),
        seconds=statistics.median([one.seconds for one in kept.gates]),
        call=statistics.median([float(tenth) for one in kept.gates for tenth in one.pairs[:, 0, 0]]),
        busy=sum(one.busy for one in kept.gates) / len(kept.gates),
    )


def alarms(rule: rules.Rule, gates: Sequence[samples.Gate], stored: str) -> Share:
    """Return how often a rule reports a gate's candidate as slower than another gate's baseline on that computer.

    Args:
        rule: What decides.
        gates: Of one condition, in the order they were measured.
        stored: One of `STORED`.
    """
    said: list[bool] = []
    for host in dict.fromkeys(one.host for one in gates):
        whole = [one for one in gates if one.host == host and len(one.pairs) >= PROCESSES]
        pairs = before(len(whole)) if stored == "before" else another(len(whole))
        said += [rule(_run(whole[first], 0), _run(whole[second], 1)) for first, second in pairs]
    return Share(sum(said), len(said))


def before(count: int) -> list[tuple[int, int]]:
    """Return (stored, current): each with the one just before it; the first has none."""
    return [(index - 1, index) for index in range(1, count)]


def another(count: int, seed: int = SEED) -> list[tuple[int, int]]:
    """Return (stored, current): each with another one, each used once, in a random ring."""
    ring = list(range(count))
    random.Random(seed).shuffle(ring)  # noqa: S311 - no secret
    return [(ring[place - 1], current) for place, current in enumerate(ring)] if count > 1 else []


def _run(one: samples.Gate, arm: int) -> rules.Run:
    return rules.Run(one.pairs[:PROCESSES, arm])


def counts(kept: Iterable[samples.Samples]) -> dict[str, dict[str, int]]:
    """Return everything that is decided as plain counts, by condition: what a change of a rule would change."""
    found = {}
    for one in kept:
        outcomes = condition(one).outcomes
        row = {"gates": len(one.gates)} | {outcome.value: outcomes[outcome] for outcome in outcomes}
        for name, rule in rules.PEERS.items():
            row |= {f"{name}, {stored}": alarms(rule, one.gates, stored).count for stored in STORED}
        found[one.name] = dict(sorted(row.items()))
    return found
