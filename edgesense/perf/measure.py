"""Make a job's measurement on a device, one at a time, and beside its baseline's where that can run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from edgesense.errors import DeviceUnavailable, NotMeasured, WorkerFailed
from edgesense.perf import arms, gate, locks, metrics, origins, pairs
from edgesense.perf.interfaces import Device, LeasingDevice, PairingDevice
from edgesense.perf.records import Baseline, Job, Measurement, Paired

STAGE = "calls."


@contextmanager
def alone(device: str) -> Iterator[None]:
    """Wait until nobody on this machine measures or profiles on a device, and keep others waiting."""
    with locks.hold(device):
        yield


@contextmanager
def held(device: PairingDevice) -> Iterator[PairingDevice]:
    """Wait until nobody measures on a device, and have it alone; of several behind one name, the one that is free.

    Raises:
        DeviceUnavailable: If none of several can be used.
    """
    if isinstance(device, LeasingDevice):
        with device.lease() as one:
            yield one
    else:
        with alone(device.name):
            yield device


def measure(device: Device, job: Job) -> Measurement:
    """Measure a job on a device while nobody else measures there.

    Raises:
        WorkerFailed: If a measuring process crashed, hung or was killed.
        EdgeSenseError: What the workload itself refused.
    """
    with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        if isinstance(device, LeasingDevice):
            # It has one of its own alone, and takes another where that one goes away.
            return device.run(job, Path(scratch))
        with alone(device.name):
            return with_origin(device, job, device.run(job, Path(scratch)))


def with_origin(device: Device, job: Job, measurement: Measurement) -> Measurement:
    """Return a measurement that knows what its workload is made of, where a later one may be gated against it."""
    if job.project is None or not isinstance(device, PairingDevice) or not gated(device, job):
        return measurement
    return replace(measurement, origin=origins.ask(device, job).origin or measurement.origin)


def gated(device: Device, job: Job) -> dict[str, str]:
    """Return which of a job's limits a device can gate: limit -> series."""
    if not isinstance(device, PairingDevice):
        return {}
    bound = {name for name, _ in job.bounds}
    series = {name: metrics.find(name).gated for name in job.metrics if name in bound}
    return {name: one for name, one in series.items() if one is not None}


def beside(
    device: Device,
    job: Job,
    baseline: Baseline | None,
    record: Path,
    *,
    allowed: Mapping[str, float],
    against: str | None = None,
) -> dict[str, Paired]:
    """Measure a candidate beside its baseline while nobody else measures there.

    Args:
        device: Where.
        job: The candidate, which has been measured and so can run.
        baseline: What it is compared with, None where there is none.
        record: The baseline's file, which need not be there.
        allowed: Limit -> share that is let pass, where it is not the usual one.
        against: A commit, branch or tag to compare with instead.

    Returns:
        Limit -> its pairs, or why there are none, for each limit that the device can gate.

    Raises:
        EdgeSenseError: What the candidate itself refused; a baseline that cannot run is no error.
    """
    limits = gated(device, job)
    if not limits or not isinstance(device, PairingDevice):
        return {}
    if baseline is None and against is None:
        return dict.fromkeys(limits, Paired(absent="no baseline"))
    try:
        with held(device) as here, tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
            found = arms.find(here, job, baseline, record, Path(scratch), against=against)
            lacking = _lacking(here, found, limits)
            rules = {
                series: gate.Rule(limit=allowed.get(name, gate.LIMIT))
                for name, series in limits.items()
                if name not in lacking
            }
            paired = _compared(here, found, rules, Path(scratch)) if rules else {}
    except (NotMeasured, DeviceUnavailable) as error:
        return dict.fromkeys(limits, Paired(refused=str(error)))
    return {name: lacking[name] if name in lacking else paired[series] for name, series in limits.items()}


def _lacking(device: PairingDevice, found: pairs.Arms, limits: Mapping[str, str]) -> dict[str, Paired]:
    """Return the limits of a stage that one of the two arms does not have."""
    wanted = {name: series.removeprefix(STAGE) for name, series in limits.items() if series.startswith(STAGE)}
    lacking: dict[str, Paired] = {}
    for whose, side in (("the baseline's pipeline", found.baseline), ("the pipeline", found.candidate)):
        stages = origins.ask(device, side).stages if wanted else None
        if stages is not None:
            absent = {name: stage for name, stage in wanted.items() if stage not in stages}
            lacking |= {name: Paired(refused=f"{whose} has no stage {stage!r}") for name, stage in absent.items()}
    return lacking


def _compared(
    device: PairingDevice, found: pairs.Arms, rules: Mapping[str, gate.Rule], scratch: Path
) -> Mapping[str, Paired]:
    """Return the pairs of each series; where every one was lost and the candidate runs by itself, how many."""
    try:
        return pairs.compare(device, found, rules, scratch)
    except WorkerFailed as error:
        origins.ask(device, found.candidate, tuple(rules))
        lost = min(rule.first for rule in rules.values())
        note = f"a pair was discarded: {arms.brief(error)}"
        return dict.fromkeys(rules, Paired(discarded=lost, against=found.against, notes=(note,)))


def with_pairs(measurement: Measurement, paired: Mapping[str, Paired]) -> Measurement:
    """Return a measurement that also knows what was measured beside the baseline."""
    return replace(measurement, paired=dict(paired))
