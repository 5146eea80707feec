from __future__ import annotations

import math
from pathlib import Path

import pytest

from edgesense.errors import WorkerFailed
from edgesense.perf import gate, selftest
from edgesense.perf.devices.table import PairingTable, told
from edgesense.perf.records import Job, Paired
from edgesense.perf.verdicts import Outcome

JOB = Job("mine", Path(), ())
DEAD = WorkerFailed("the worker for mine was ended by SIGKILL")
RULE = gate.Rule()


def measured(device: PairingTable, wanted: int) -> list[Paired]:
    seen: list[Paired] = []
    selftest.side_by_side(device, JOB, wanted, lambda paired, _: seen.append(paired))
    return seen


def test_all_pairs_so_far_are_told_after_each_one() -> None:
    seen = measured(PairingTable({}, script=told({"mine": [0.002, 0.0021]})), 3)
    assert [len(one.baseline) for one in seen] == [1, 2, 3]
    assert all({*pair} == {0.002, 0.0021} for pair in zip(seen[-1].baseline, seen[-1].candidate, strict=True))


def test_a_pair_that_failed_is_counted_with_its_reason() -> None:
    seen = measured(PairingTable({}, script=told({"mine": [0.002, 0.002, DEAD, 0.002]})), 4)
    assert seen[-1].discarded > 0
    assert seen[-1].notes == (f"a pair was discarded: {DEAD}",)
    assert len(seen[-1].baseline) + seen[-1].discarded == 4


def test_a_workload_that_never_works_is_an_error_and_not_noise() -> None:
    device = PairingTable({}, script=told({"mine": [DEAD]}))
    with pytest.raises(WorkerFailed, match="SIGKILL"):
        measured(device, 15)
    assert sum(1 for _, what in device.log if what == "open") <= 2 * selftest.PATIENCE


def test_a_gate_of_a_pipeline_against_itself_is_the_same() -> None:
    trial = selftest.one_gate(PairingTable({}, script=told({"mine": [0.002]})), JOB, RULE)
    assert gate.decide(trial.paired, RULE).outcome is Outcome.SAME
    assert (trial.slowdown, trial.operations) == (0.0, 0)


def test_real_work_makes_the_candidate_slower_by_what_was_asked_for() -> None:
    device = PairingTable({}, script=told({"mine": [0.002]}))
    operations = selftest.work_for(device, JOB, 0.05)
    trial = selftest.one_gate(device, JOB, RULE, 0.05, operations)
    decision = gate.decide(trial.paired, RULE)
    assert decision.outcome is Outcome.REGRESSED
    assert decision.change == pytest.approx(0.05, rel=0.02)
    assert (trial.slowdown, trial.operations) == (0.05, operations)


def test_what_a_gate_took_is_kept() -> None:
    trial = selftest.one_gate(PairingTable({}, script=told({"mine": [0.002]})), JOB, RULE)
    assert 0 < trial.seconds < math.inf
