from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import PipelineError, WorkerFailed
from edgesense.perf import gate, pairs
from edgesense.perf.devices.table import PairingTable, Played, told
from edgesense.perf.pairs import Arms, calls_a_block, operations_for
from edgesense.perf.records import Job, Paired
from edgesense.perf.verdicts import Outcome

OLD = Job("model", Path("/old"), ("latency_ms",))
NEW = Job("model", Path("/new"), ("latency_ms",))
ARMS = Arms(OLD, NEW, against="commit 1a2b3c4", uncovered="no git here")
DEAD = WorkerFailed("the worker for model was ended by SIGKILL")
RULES = {"calls": gate.Rule()}


def table(old: Sequence[float | Exception], new: Sequence[float | Exception]) -> PairingTable:
    return PairingTable({}, script=told({"/old": old, "/new": new}))


def compare(device: PairingTable, directory: Path, rules: Mapping[str, gate.Rule] = RULES, seed: int = 1) -> Paired:
    chance = random.Random(seed)  # noqa: S311 - an order that is the same in each run
    return pairs.compare(device, ARMS, rules, directory, chance=chance)["calls"]


SCRIPTS: list[tuple[str, Sequence[float], Outcome, int]] = [
    ("unchanged", [0.002], Outcome.SAME, 3),
    ("5 % slower", [0.0021], Outcome.REGRESSED, 15),
    ("2 % slower", [0.00204], Outcome.DRIFT, 15),
    ("5 % faster", [0.0019], Outcome.BETTER, 5),
    ("slower at first", [0.0021] * 5 + [0.002] * 10, Outcome.SAME, 11),
    ("noisy", [0.0021, 0.0026, 0.0023], Outcome.INCONCLUSIVE, 15),
]


@pytest.mark.parametrize(("new", "outcome", "count"), [one[1:] for one in SCRIPTS], ids=[one[0] for one in SCRIPTS])
def test_pairs_are_measured_until_the_gate_has_decided(
    tmp_path: Path, new: Sequence[float], outcome: Outcome, count: int
) -> None:
    paired = compare(table([0.002], new), tmp_path)
    assert gate.decide(paired).outcome is outcome
    assert len(paired.baseline) == len(paired.candidate) == count


def test_each_arms_times_stay_its_own(tmp_path: Path) -> None:
    paired = compare(table([0.002], [0.0021, 0.0022]), tmp_path)
    assert set(paired.baseline) == {0.002}
    assert paired.candidate == pytest.approx([0.0021, 0.0022] * 7 + [0.0021])


def test_what_the_arms_are_is_kept_with_their_pairs(tmp_path: Path) -> None:
    paired = compare(table([0.002], [0.002]), tmp_path)
    assert (paired.against, paired.uncovered) == ("commit 1a2b3c4", "no git here")


def test_a_number_of_a_process_is_the_tenth_percentile_of_all_its_calls(tmp_path: Path) -> None:
    def script(job: Job, before: int) -> float:
        # The blocks of one session in turn: 0.001 to 0.010 s.
        return 0.001 * (1 + sum(1 for one, what in device.log if (one, what) == (job, "block")) % 10)

    device = PairingTable({}, script=script)
    paired = compare(device, tmp_path)
    assert paired.baseline[0] == pytest.approx(0.0019, rel=0.06)


def blocks(device: PairingTable) -> list[str]:
    """Return the order of each pair's blocks, "b" for the baseline and "c" for the candidate."""
    letters = "".join({OLD: "b", NEW: "c"}[job] for job, what in device.log if what == "block")
    return [letters[start : start + 20] for start in range(0, len(letters), 20)]


def test_each_arm_has_ten_blocks_a_pair_and_is_first_in_half_of_them(tmp_path: Path) -> None:
    device = table([0.002], [0.0021])
    compare(device, tmp_path)
    turns = [[order[start : start + 2] for start in range(0, 20, 2)] for order in blocks(device)]
    assert [sorted(one) for one in turns] == [["bc"] * 5 + ["cb"] * 5] * 15


def test_the_order_of_blocks_is_left_to_chance_in_each_pair(tmp_path: Path) -> None:
    device = table([0.002], [0.0021])
    compare(device, tmp_path)
    assert len(set(blocks(device))) > 10


def test_another_chance_gives_another_order_and_the_same_chance_the_same(tmp_path: Path) -> None:
    found = []
    for index, seed in enumerate([1, 1, 2]):
        device = table([0.002], [0.002])
        (tmp_path / str(index)).mkdir()
        compare(device, tmp_path / str(index), seed=seed)
        found.append(blocks(device))
    assert found[0] == found[1] != found[2]


def moved(device: PairingTable, directory: Path) -> list[str]:
    """Return what one pair's sessions did between warming up and closing: the arm's letter and "m" or "b"."""
    pairs.pair(device, ARMS, ["calls"], directory, random.Random(1))  # noqa: S311 - no secret
    letters = {OLD: "b", NEW: "c"}
    return [letters[job] + what[0] for job, what in device.log if what in {"move", "block"}]


def test_both_arms_are_opened_anew_before_each_of_their_blocks(tmp_path: Path) -> None:
    device = PairingTable({}, moves=lambda _: 0.01)
    trial, done = (found := moved(device, tmp_path))[:2], found[2:]
    assert sorted(trial) == ["bm", "cm"]
    assert [one[1] for one in done] == ["m", "b"] * 20
    assert [one[0] for one in done[::2]] == [one[0] for one in done[1::2]]


@pytest.mark.parametrize("stays", [OLD, NEW], ids=["baseline", "candidate"])
def test_neither_arm_moves_where_one_cannot(tmp_path: Path, stays: Job) -> None:
    device = PairingTable({}, moves=lambda job: None if job is stays else 0.01)
    assert {one[1] for one in moved(device, tmp_path)} == {"b"}


@pytest.mark.parametrize("slow", [OLD, NEW], ids=["baseline", "candidate"])
def test_neither_arm_moves_on_where_one_takes_long_to_open(tmp_path: Path, slow: Job) -> None:
    device = PairingTable({}, moves=lambda job: 2.0 if job is slow else 0.01)
    found = moved(device, tmp_path)
    assert sorted(found[:2]) == ["bm", "cm"]
    assert {one[1] for one in found[2:]} == {"b"}


def test_which_arm_starts_first_is_left_to_chance_too(tmp_path: Path) -> None:
    device = table([0.002], [0.0021])
    compare(device, tmp_path)
    opened = [job for job, what in device.log if what == "open"]
    first = opened[2::2]
    assert {OLD, NEW} == set(first)


@pytest.mark.parametrize("seed", range(8))
def test_the_input_that_both_arms_share_is_the_candidates(tmp_path: Path, seed: int) -> None:
    compare(table([0.002], [0.002]), tmp_path, seed=seed)
    assert (tmp_path / "item.npy").read_text() == "/new"


def test_it_is_noted_where_the_arms_were_given_different_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device, said = table([0.002], [0.002]), "the two arms were given different input"
    assert said not in compare(device, tmp_path / "alike").notes
    given = iter(range(1000))
    opened = Played.opened
    monkeypatch.setattr(Played, "opened", lambda self: opened(self) | {"item": str(next(given))})
    assert said in compare(device, tmp_path / "apart").notes


def test_the_baselines_worker_starts_only_when_the_candidate_has_written_the_input(tmp_path: Path) -> None:
    device = table([0.002], [0.002])
    compare(device, tmp_path)
    assert device.log[:3] == [(NEW, "open"), (NEW, "opened"), (OLD, "open")]


def test_every_session_is_closed_before_the_next_pair_is_opened(tmp_path: Path) -> None:
    device = table([0.002, 0.002, DEAD], [DEAD, 0.0021, 0.0021, 0.0021])
    compare(device, tmp_path)
    open_now: set[str] = set()
    for job, what in device.log:
        if what == "open":
            assert str(job.root) not in open_now
            open_now.add(str(job.root))
        if what == "close":
            open_now.remove(str(job.root))
    assert not open_now


def test_a_pair_with_a_worker_that_died_is_discarded_measured_again_and_noted(tmp_path: Path) -> None:
    paired = compare(table([0.002], [0.002, DEAD, 0.002, 0.002, 0.002, 0.002]), tmp_path)
    assert (len(paired.baseline), paired.discarded) == (3, 1)
    assert "a pair was discarded: the worker for model was ended by SIGKILL" in paired.notes


def test_too_many_dead_workers_end_the_measurement_undecided(tmp_path: Path) -> None:
    paired = compare(table([0.002], [0.002, DEAD]), tmp_path)
    decision = gate.decide(paired)
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert "had to be discarded" in decision.why
    assert len(paired.baseline) + paired.discarded <= 6


@pytest.mark.parametrize(("old", "new"), [(DEAD, 0.002), (0.002, DEAD)], ids=["baseline", "candidate"])
def test_where_every_pair_dies_the_last_words_are_raised_after_five(
    tmp_path: Path, old: float | Exception, new: float | Exception
) -> None:
    device = table([old], [new])
    with pytest.raises(WorkerFailed, match="ended by SIGKILL"):
        compare(device, tmp_path)
    assert sum(1 for job, what in device.log if (job, what) == (NEW, "open")) == 5


def test_a_workload_that_is_refused_is_not_tried_again(tmp_path: Path) -> None:
    device = table([0.002], [PipelineError("no stage 'features'")])
    with pytest.raises(PipelineError, match="no stage 'features'"):
        compare(device, tmp_path)
    assert sum(1 for job, what in device.log if (job, what) == (NEW, "open")) == 1


def staged(features: float, calls: float) -> Callable[[Job, int], Mapping[str, float]]:
    def script(job: Job, before: int) -> Mapping[str, float]:
        slower = (1.0, 1.0) if job == OLD else (calls, features)
        return {"calls": 0.002 * slower[0], "calls.features": 0.001 * slower[1]}

    return script


def test_several_series_share_the_same_pairs_until_the_last_gate_has_decided(tmp_path: Path) -> None:
    device = PairingTable({}, script=staged(features=1.06, calls=1.0))
    rules = {"calls": gate.Rule(), "calls.features": gate.Rule()}
    found = pairs.compare(device, ARMS, rules, tmp_path)
    assert len(found["calls"].baseline) == len(found["calls.features"].baseline) == 15
    assert gate.decide(found["calls"]).outcome is Outcome.SAME
    assert gate.decide(found["calls.features"]).outcome is Outcome.REGRESSED


def test_each_series_has_a_limit_of_its_own(tmp_path: Path) -> None:
    device = PairingTable({}, script=staged(features=1.06, calls=1.06))
    rules = {"calls": gate.Rule(limit=0.2), "calls.features": gate.Rule(limit=0.1)}
    found = pairs.compare(device, ARMS, rules, tmp_path)
    assert gate.decide(found["calls"], rules["calls"]).outcome is Outcome.SAME
    assert gate.decide(found["calls.features"], rules["calls.features"]).outcome is Outcome.DRIFT


def test_each_pair_is_told_as_it_is_measured(tmp_path: Path) -> None:
    told_of: list[tuple[int, int]] = []

    def seen(baseline: pairs.Times, candidate: pairs.Times) -> None:
        told_of.append((len(baseline["calls"]), len(candidate["calls"])))

    pairs.compare(table([0.002], [0.002]), ARMS, RULES, tmp_path, seen=seen)
    assert told_of == [(100, 100)] * 3


def test_extra_work_slows_the_candidate_alone(tmp_path: Path) -> None:
    device = table([0.002], [0.002])
    found = pairs.compare(device, Arms(OLD, NEW, slowed_by=100), RULES, tmp_path)["calls"]
    assert set(found.baseline) == {0.002}
    assert found.candidate == pytest.approx([0.0021] * 15)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_the_extra_work_for_a_slowdown_is_found_from_what_calls_and_work_take(share: float) -> None:
    device = PairingTable({}, script=told({"model": [0.002]}), seconds_per_operation=2e-6)
    assert operations_for(device, NEW, share) == round(share * 0.002 / 2e-6)
    assert device.log[0] == (NEW, "open")
    assert device.log[-1] == (NEW, "close")


def test_there_is_always_some_extra_work_to_be_done() -> None:
    device = PairingTable({}, script=told({"model": [1e-6]}), seconds_per_operation=1e-3)
    assert operations_for(device, NEW, 0.05) == 1


CALLS = [
    (10.0, 1),
    (0.1, 1),
    (0.02, 5),
    (0.01, 5),
    (0.005, 5),
    (0.002, 10),
    (0.001, 20),
    (0.0001, 200),
    (0.000001, 200),
]


@pytest.mark.parametrize(("seconds", "calls"), CALLS)
def test_a_block_has_five_calls_fewer_of_slow_ones_and_more_of_fast_ones(seconds: float, calls: int) -> None:
    assert calls_a_block(seconds) == calls


@given(st.floats(1e-9, 1e3), st.floats(1e-9, 1e3))
def test_a_block_of_slower_calls_never_has_more_of_them(first: float, second: float) -> None:
    fast, slow = sorted((first, second))
    assert 1 <= calls_a_block(slow) <= calls_a_block(fast) <= 200
