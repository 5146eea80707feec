"""Two arms side by side: pairs of fresh processes, timed in alternating blocks until a gate can decide."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from edgesense.errors import WorkerFailed
from edgesense.perf import gate, layout, load, placement, progress, statistics
from edgesense.perf.interfaces import PairingDevice, Talk
from edgesense.perf.records import Job, Json, Paired

BLOCKS = 10
CALLS = 5
"""Calls a block, 50 a process: what the rule was proved with. Where a process lies in memory moves its times more than
few calls do: 80 pairs of one pipeline of 7 ms spread by 1.26 % with 10 calls a block, 1.37 % with 5, 1.71 % with 2."""
BLOCK_SECONDS = 0.1
SHORT_BLOCK_SECONDS = 0.02
MOST_CALLS = 200
SHARE = 0.1
BUSY_CORES = 0.25
MOVE_SECONDS = 0.5
"""A workload that takes longer to open again stays where it is."""
TRIAL = 1000
TRIALS = 200

Times = Mapping[str, Sequence[float]]
"""Seconds of each call, by series."""

Seen = Callable[[Times, Times], None]
"""Told the baseline's and the candidate's calls after each pair."""


class Chance(Protocol):
    """Where the order of the arms comes from; `random.Random` is one."""

    def shuffle(self, x: list[bool], /) -> None:
        """Put a list into a random order, in place."""


@dataclass(frozen=True)
class Arms:
    """The two jobs that are compared, on one device.

    Attributes:
        baseline: What is run again.
        candidate: What is judged.
        against: What the baseline is, in words.
        uncovered: Why a change of the code would not show, "" where it would.
        files: What the baseline and the candidate are opened from, as paths from their projects; None while unknown.
        slowed_by: Operations of real work that each call of the candidate does on top: how a known slowdown is made.
    """

    baseline: Job
    candidate: Job
    against: str = ""
    uncovered: str = ""
    slowed_by: int = 0
    files: tuple[tuple[str, ...], tuple[str, ...]] | None = None


def placed(device: PairingDevice, arms: Arms, series: Sequence[str]) -> Arms:
    """Return arms whose files are known, so that each pair can lay them out anew.

    Raises:
        WorkerFailed: If the worker of a factory, which is asked, crashed, hung or was killed.
        EdgeSenseError: What a factory refused.
    """
    if arms.files is not None:
        return arms
    candidate = placement.files(device, arms.candidate, series)
    alike = arms.baseline == arms.candidate
    return replace(arms, files=(candidate if alike else placement.files(device, arms.baseline, series), candidate))


def compare(
    device: PairingDevice,
    arms: Arms,
    rules: Mapping[str, gate.Rule],
    directory: Path,
    *,
    chance: Chance | None = None,
    seen: Seen = lambda _, __: None,
) -> dict[str, Paired]:
    """Measure pairs until each series' gate has decided.

    Args:
        device: Where; it opens sessions.
        arms: What is compared.
        rules: Series (``calls``, ``calls.features`` ...) -> its gate's rule.
        directory: For the input that both arms share.
        chance: Where the order of blocks comes from; the system's by default.
        seen: Told of each pair.

    Returns:
        Series -> its pairs.

    Raises:
        EdgeSenseError: If the candidate's workload cannot be opened or lacks a stage.
        WorkerFailed: If no pair could be measured.
    """
    chance = chance or random.SystemRandom()
    kept: list[tuple[dict[str, float], dict[str, float]]] = []
    calls: tuple[dict[str, list[float]], ...] = tuple({name: [] for name in rules} for _ in range(2))
    discarded: list[str] = []
    before = load.moment()
    paired: dict[str, Paired] = {}
    arms = placed(device, arms, tuple(rules))
    remarks: dict[str, None] = {}
    wanted = 1
    most = max(rule.at_most for rule in rules.values())
    while wanted:
        progress.tell("pairs beside the baseline", len(kept), most)
        try:
            times = pair(device, arms, tuple(rules), directory, chance, remark=remarks.setdefault)
        except WorkerFailed as error:
            discarded.append(str(error))
            if not kept and len(discarded) >= min(rule.first for rule in rules.values()):
                raise
        else:
            seen(*times)
            kept.append(_tenths(times))
            for name in rules:
                for every, one in zip(calls, times, strict=True):
                    every[name] += one[name]
        paired = {name: _paired(name, kept, len(discarded), arms) for name in rules}
        wanted = max(gate.decide(paired[name], rule).wanted for name, rule in rules.items())
    notes = [
        *remarks,
        *_busy(load.others(before, load.moment())),
        *(f"a pair was discarded: {text}" for text in discarded[:1]),
    ]
    spreads = {name: (statistics.sketch(calls[0][name]), statistics.sketch(calls[1][name])) for name in rules}
    return {name: replace(one, notes=tuple(notes), spread=spreads[name]) for name, one in paired.items()}


def pair(
    device: PairingDevice,
    arms: Arms,
    series: Sequence[str],
    directory: Path,
    chance: Chance,
    *,
    remark: Callable[[str], object] = lambda _: None,
) -> tuple[Times, Times]:
    """Measure one pair of fresh processes; return each one's calls, the baseline's first.

    Args:
        device: Where; it opens sessions.
        arms: What is compared.
        series: What is timed.
        directory: For the input that both arms share.
        chance: Where the order of blocks comes from.
        remark: Told what else is to be known.

    Raises:
        WorkerFailed: If one of the two crashed, hung or was killed.
    """
    arms = placed(device, arms, series)
    directory.mkdir(parents=True, exist_ok=True)
    item = directory / "item.npy"
    options = {"series": list(series), "item": str(item)}
    # Which arm's files are written first, and which starts, opens and warms up first, is left to chance too; but the
    # input is the candidate's own.
    turns = [True, False]
    chance.shuffle(turns)
    if not item.exists():
        turns = [False, True]
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=directory)))
        jobs = {arm: _laid_out(arms, place, baseline=arm) for arm in turns}
        files = dict(zip((True, False), arms.files or ((), ()), strict=True))
        sessions: dict[bool, Talk] = {}
        for arm in turns:
            extra: dict[str, Json] = {"own_files": list(placement.own(jobs[arm], files[arm]))}
            if arms.slowed_by:
                extra["slowed_by"] = 0 if arm else arms.slowed_by
            sessions[arm] = stack.enter_context(device.session(jobs[arm], options | extra))
            if not item.exists():
                sessions[arm].opened()
        both = tuple(sessions.values())
        opened = [session.opened() for session in both]
        _remark_on_input(opened, remark)
        # Both or neither: a baseline's own measuring code may be older than moves.
        moving = all(said.get("moves") for said in opened)
        seconds = max(session.do("warm")["seconds_per_call"] for session in both)
        if moving:
            moving = max(session.do("move")["seconds"] for session in both) <= MOVE_SECONDS
        return _in_turns(sessions, series, calls_a_block(seconds), chance, moving=moving)


def _in_turns(
    sessions: Mapping[bool, Talk], series: Sequence[str], calls: int, chance: Chance, *, moving: bool
) -> tuple[Times, Times]:
    """Time both arms block by block; return the baseline's calls and the candidate's."""
    times: dict[bool, dict[str, list[float]]] = {arm: {name: [] for name in series} for arm in (False, True)}
    # Whether the baseline's block goes first: half the time each, in random order.
    order = [index % 2 == 0 for index in range(BLOCKS)]
    chance.shuffle(order)
    for first in order:
        for arm in (first, not first):
            if moving:
                sessions[arm].do("move")
            said = sessions[arm].do("block", calls=calls)["series"]
            for name in series:
                times[arm][name] += said[name]
    return times[True], times[False]


def _remark_on_input(opened: Sequence[Mapping[str, Json]], remark: Callable[[str], object]) -> None:
    """Say where one arm could not take the other's input: it has another shape, or is not made of arrays."""
    if len({said.get("item") for said in opened}) > 1:
        remark("the two arms were given different input")


def _laid_out(arms: Arms, place: Path, *, baseline: bool) -> Job:
    """Return one arm's job on fresh copies of its files."""
    of_baseline, of_candidate = arms.files or ((), ())
    if baseline:
        return placement.anew(arms.baseline, of_baseline, place, layout.BASELINE)
    return placement.anew(arms.candidate, of_candidate, place, layout.CANDIDATE)


def operations_for(device: PairingDevice, job: Job, share: float) -> int:
    """Return how many operations of extra work make a job's calls slower by `share`.

    10th percentiles of both, measured in turn in one process: their ratio is steadier than either.

    Raises:
        WorkerFailed: If the worker crashed, hung or was killed.
    """
    with device.session(job, {"series": ["calls"], "slowed_by": 0}) as session:
        session.opened()
        seconds = session.do("warm")["seconds_per_call"]
        trial: int = max(1, round(share * seconds / max(session.do("work", operations=TRIAL)["seconds"] / TRIAL, 1e-9)))
        calls, works = [], []
        for _ in range(TRIALS):
            calls += session.do("block", calls=1)["series"]["calls"]
            works.append(session.do("work", operations=trial)["seconds"])
    wanted: float = share * statistics.quantile(calls, SHARE) / statistics.quantile(works, SHARE)
    return max(1, round(trial * wanted))


def calls_a_block(seconds_per_call: float) -> int:
    """Return how many calls a block has: 5, fewer of slow ones, more of fast ones."""
    few = max(1, min(CALLS, round(BLOCK_SECONDS / seconds_per_call)))
    return max(few, min(MOST_CALLS, math.floor(SHORT_BLOCK_SECONDS / seconds_per_call)))


def _tenths(times: tuple[Times, Times]) -> tuple[dict[str, float], dict[str, float]]:
    first, second = ({name: statistics.quantile(values, SHARE) for name, values in one.items()} for one in times)
    return first, second


def _paired(
    name: str, kept: Sequence[tuple[Mapping[str, float], Mapping[str, float]]], discarded: int, arms: Arms
) -> Paired:
    return Paired(
        baseline=tuple(one[name] for one, _ in kept),
        candidate=tuple(other[name] for _, other in kept),
        discarded=discarded,
        against=arms.against,
        uncovered=arms.uncovered,
    )


def _busy(cores: float | None) -> list[str]:
    if cores is None or cores < BUSY_CORES:
        return []
    return [f"other work kept {cores:.1f} cores busy meanwhile"]
