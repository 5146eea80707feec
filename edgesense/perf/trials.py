"""Gates of a pipeline against itself, or against itself made slower: what was measured, kept and counted up; pure."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from edgesense.errors import InvalidInput
from edgesense.perf import gate, statistics
from edgesense.perf.records import Json, Paired
from edgesense.perf.verdicts import Outcome

SCHEMA = 1
CONFIDENCE = 0.95
HALVINGS = 60


@dataclass(frozen=True)
class Trial:
    """One finished gate.

    Attributes:
        paired: Its pairs.
        slowdown: What was injected, as a share; 0 for a pipeline against itself.
        operations: The real work that makes that.
        seconds: What the gate took.
        busy: Cores that other work kept busy meanwhile; None where the system does not tell.
        stolen: Cores' worth of time that the hypervisor gave to others meanwhile.
    """

    paired: Paired
    slowdown: float = 0.0
    operations: int = 0
    seconds: float = 0.0
    busy: float | None = None
    stolen: float = 0.0


@dataclass(frozen=True)
class Kept:
    """Finished gates, and what they are gates of.

    Attributes:
        about: Pipeline, device, its fingerprint, rule: what later gates must have in common with these.
        trials: In the order they were measured.
    """

    about: Mapping[str, Json]
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True)
class Tally:
    """What gates came to.

    Attributes:
        gates: How many.
        outcomes: Outcome -> how many.
        second: Gates that needed the second stage.
        seconds: Median of what a gate took.
        change: Median of all first-stage pairs, as a share, with its 99 % interval: the slowdown that was measured.
    """

    gates: int
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    second: int = 0
    seconds: float = 0.0
    change: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def regressed(self) -> int:
        """Gates that came to REGRESSED: false alarms, or slowdowns caught."""
        return self.outcomes.get(Outcome.REGRESSED, 0)

    @property
    def at_most(self) -> float:
        """Upper 95 % bound of the share that comes to REGRESSED."""
        return upper_bound(self.regressed, self.gates)

    @property
    def at_least(self) -> float:
        """Lower 95 % bound of the share that comes to REGRESSED."""
        return 1 - upper_bound(self.gates - self.regressed, self.gates)


def tally(trials: Sequence[Trial], rule: gate.Rule) -> Tally:
    """Return what gates came to."""
    if not trials:
        return Tally(0)
    decided = [gate.decide(one.paired, rule) for one in trials]
    # Only the first stage has every gate in it; the second would count those twice that looked slow.
    ratios = [ratio for one in trials for ratio in gate.log_ratios(one.paired)[: rule.first]]
    ends = (statistics.median(ratios), *statistics.quantile_interval(ratios, 0.5)) if ratios else (0.0, 0.0, 0.0)
    return Tally(
        gates=len(trials),
        outcomes=Counter(one.outcome for one in decided if one.outcome is not None),
        second=sum(1 for one in trials if len(one.paired.baseline) > rule.first),
        seconds=statistics.median([one.seconds for one in trials]),
        change=(math.expm1(ends[0]), math.expm1(ends[1]), math.expm1(ends[2])),
    )


def upper_bound(events: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """Return Clopper and Pearson's upper bound of a share (Biometrika 26, 1934), one-sided.

    Of no events in n trials it is 1 - 0.05 ** (1 / n), the rule of three.

    Raises:
        ValueError: If there are no trials, or more events than trials.
    """
    if not 0 <= events <= trials or trials < 1:
        msg = f"{events} of {trials} is no share"
        raise ValueError(msg)
    if events == trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        # The share at which so few events, or fewer, are as rare as the bound may be wrong.
        low, high = (middle, high) if _at_most(events, trials, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(events: int, trials: int, share: float) -> float:
    if share in {0.0, 1.0}:
        return 1.0 - share
    logs = (
        math.log(math.comb(trials, k)) + k * math.log(share) + (trials - k) * math.log1p(-share)
        for k in range(events + 1)
    )
    return math.fsum(math.exp(one) for one in logs)


def dump(kept: Kept) -> str:
    """Return JSON lines: what they are gates of, then one gate a line."""
    head = {"schema": SCHEMA, "gates_of": dict(kept.about)}
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in (head, *map(_line, kept.trials)))


def _line(trial: Trial) -> dict[str, Json]:
    pairs = {name: getattr(trial.paired, name) for name in ("baseline", "candidate", "discarded")}
    return {**asdict(trial), "paired": pairs}


def load(text: str, name: str, rule: gate.Rule) -> Kept:
    """Return what `dump` wrote.

    Args:
        text: The lines.
        name: The file's name, for messages.
        rule: What a finished gate has finished by.

    Raises:
        InvalidInput: If it is another kind of file, of another schema, or one of its lines is no finished gate.
    """
    lines = text.splitlines()
    try:
        head = json.loads(lines[0])
        schema, about = head["schema"], dict(head["gates_of"])
    except (ValueError, LookupError, TypeError) as error:
        msg = f"{name} holds no gates of `edgesense doctor`"
        raise InvalidInput(msg) from error
    if schema != SCHEMA:
        msg = f"{name} is of schema {schema!r}; this release reads {SCHEMA}"
        raise InvalidInput(msg)
    return Kept(about, tuple(_finished(enumerate(lines[1:], start=2), name, rule)))


def _finished(lines: Iterable[tuple[int, str]], name: str, rule: gate.Rule) -> Iterable[Trial]:
    for number, line in lines:
        try:
            body = json.loads(line)
            pairs = body.pop("paired")
            baseline, candidate = (tuple(map(float, pairs[arm])) for arm in ("baseline", "candidate"))
            trial = Trial(Paired(baseline, candidate, int(pairs["discarded"])), **body)
            decision = gate.decide(trial.paired, rule)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            msg = f"{name}, line {number}, is no gate: {error}"
            raise InvalidInput(msg) from error
        if decision.outcome is None:
            msg = f"{name}, line {number}, is a gate that lacks {decision.wanted} pairs"
            raise InvalidInput(msg)
        yield trial
