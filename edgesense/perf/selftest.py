"""A pipeline measured beside itself: pairs that show the noise, and whole gates, plain or with real extra work."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgesense.errors import WorkerFailed
from edgesense.perf import gate, load, measure, pairs, statistics
from edgesense.perf.computer import Company, company
from edgesense.perf.interfaces import PairingDevice
from edgesense.perf.records import Job, Paired
from edgesense.perf.trials import Trial

SERIES = "calls"
PATIENCE = 3
"""Pairs that may fail at the start before the workload, and not the computer, is to blame."""

Told = Callable[[Paired, Company], None]
"""Given, after each pair, all so far and who else wanted the cores meanwhile."""


def side_by_side(device: PairingDevice, job: Job, wanted: int, told: Told) -> None:
    """Measure pairs of a job and itself while nobody else measures there.

    Raises:
        WorkerFailed: If none of the first pairs could be measured.
        EdgeSenseError: What the workload refused.
    """
    chance = random.SystemRandom()
    paired = Paired()
    with measure.held(device) as here, tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        arms = pairs.placed(here, pairs.Arms(job, job), (SERIES,))
        before = load.moment()
        for _ in range(wanted):
            try:
                times = pairs.pair(here, arms, (SERIES,), Path(scratch), chance)
            except WorkerFailed as error:
                paired = replace(paired, discarded=paired.discarded + 1, notes=(f"a pair was discarded: {error}",))
                if not paired.baseline and paired.discarded >= min(wanted, PATIENCE):
                    raise
            else:
                one, other = (statistics.quantile(arm[SERIES], pairs.SHARE) for arm in times)
                paired = replace(paired, baseline=(*paired.baseline, one), candidate=(*paired.candidate, other))
            told(paired, company(before, load.moment()))


def one_gate(device: PairingDevice, job: Job, rule: gate.Rule, slowdown: float = 0.0, operations: int = 0) -> Trial:
    """Run one gate of a job against itself while nobody else measures there.

    Args:
        device: Where.
        job: What.
        rule: What decides.
        slowdown: What the candidate is made slower by, as a share; it is only written down.
        operations: The real work that makes it so, as `work_for` gives it.

    Raises:
        WorkerFailed: If no pair could be measured.
        EdgeSenseError: What the workload refused.
    """
    with measure.held(device) as here, tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        before = load.moment()
        arms = pairs.Arms(job, job, slowed_by=operations)
        paired = pairs.compare(here, arms, {SERIES: rule}, Path(scratch))[SERIES]
        after = load.moment()
    others = company(before, after)
    return Trial(paired, slowdown, operations, after.now - before.now, others.busy, others.stolen)


def work_for(device: PairingDevice, job: Job, slowdown: float) -> int:
    """Return how many operations of real work make a job slower by a share.

    Raises:
        WorkerFailed: If the worker failed.
    """
    with measure.held(device) as here:
        return pairs.operations_for(here, job, slowdown)
