import os
import signal
import subprocess
import sys

import pytest

from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.training.search import loop, results
from edgesense.training.search import study as studies
from edgesense.training.search.evaluator import TrialFailed
from edgesense.training.search.table import TableEvaluator, cost_of

WORKER = """
import os, signal, sys, time
from pathlib import Path
from edgesense.training.search import storage, study as studies
from edgesense.training.search.loop import Search
from edgesense.training.search.presence import Presence
from edgesense.training.search.space import Space
from edgesense.training.search.table import TableEvaluator

class Quiet:
    def say(self, *_): pass
    began = step = ended = say

folder, trials, how = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def during(candidate, step):
    if how == "hang":
        print("training", flush=True)
        time.sleep(600)
    time.sleep(0.02)

evaluator = TableEvaluator(during=during)
space = Space.of(("float32", "int8"))
study = studies.open(storage.open(storage.url(None, folder), studies.put_back), "study",
                     {"space": space.to_dict(), **evaluator.identity()}, 1)
with Presence(folder / "presence") as presence:
    Search(study, space, evaluator, presence, Quiet()).run(trials)
print(len(evaluator.trained))
"""


def worker(folder, trials, how="work"):
    command = [sys.executable, "-c", WORKER, str(folder), str(trials), how]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def states(search):
    return [row.state for row in results.rows(search.study)]


def failing(candidate, step):
    raise TrialFailed("out of luck")


def test_it_runs_as_many_trials_as_are_wanted_and_then_none(searching):
    search = searching()
    search.run(5)
    search.run(5)
    assert results.done(results.rows(search.study)) == 5
    assert [done for _, done, _ in search.reporter.over] == [1, 2, 3, 4, 5]


def test_what_costs_too_much_is_counted_and_not_trained(searching):
    evaluator = TableEvaluator()
    search = searching(evaluator, most_cost=1e6)
    search.run(8)
    assert all(cost_of(candidate) <= 1e6 for candidate in evaluator.trained)
    dear = [row for row in results.rows(search.study) if row.state == "pruned"]
    assert len(evaluator.counted) == len(evaluator.trained) + len(dear)
    assert dear
    assert "not trained: it costs" in dear[0].why
    assert "over the limit of 1,000,000" in dear[0].why


def test_a_poor_trial_ends_early_and_says_why(searching):
    def score(candidate):
        return 0.9 if candidate.conversion == "float32" else 0.1

    steps = []
    search = searching(
        TableEvaluator(score=score, count_of=lambda _: 1.0, during=lambda c, step: steps.append((c, step)))
    )
    search.run(12)
    pruned = [row for row in results.rows(search.study) if row.state == "pruned"]
    assert pruned
    for row in pruned:
        assert row.candidate.conversion == "int8"
        assert max(step for candidate, step in steps if candidate == row.candidate) == 2
        assert "trials that cost no more" in row.why


def test_a_failed_trial_is_recorded_and_the_search_goes_on(searching):
    calls = []

    def once(candidate, step):
        calls.append(candidate)
        if len(calls) == 1:
            raise TrialFailed("out of luck")

    search = searching(TableEvaluator(during=once))
    search.run(3)
    assert states(search)[:3] == ["failed", "complete", "complete"]
    assert results.rows(search.study)[0].why == "out of luck"


def test_a_full_disk_is_a_failed_trial(searching):
    def full(candidate, step):
        raise OSError(28, "No space left on device")

    search = searching(TableEvaluator(during=full))
    with pytest.raises(EdgeSenseError, match="No space left on device"):
        search.run(9)


def test_failures_one_after_the_other_end_the_search_with_the_reason(searching):
    search = searching(TableEvaluator(during=failing))
    with pytest.raises(EdgeSenseError, match="3 trials failed one after the other, the last because: out of luck"):
        search.run(20)
    assert states(search) == ["failed"] * loop.MOST_FAILURES


def test_nothing_is_tried_twice_and_a_space_that_is_used_up_ends_the_search(searching, monkeypatch):
    monkeypatch.setattr(loop, "MOST_REPEATS", 12)
    one = {"depth": ["2"], "width": ["8"], "kernel": ["3"], "blocks": ["logmel"], "n_fft": ["512"], "n_mels": ["32"]}
    evaluator = TableEvaluator()
    search = searching(evaluator, narrowed={**one, "hop_length": ["160", "320"]})
    search.run(50)
    assert len(evaluator.trained) == len(set(evaluator.trained)) == 4
    assert set(states(search)) == {"complete", "repeat"}
    assert "had all been tried" in search.reporter.said[-1]


def test_an_interrupted_trial_is_run_again_by_the_next_search(searching):
    def interrupt(candidate, step):
        raise KeyboardInterrupt

    first = searching(TableEvaluator(during=interrupt))
    for _ in range(studies.MOST_TRIES + 1):
        with pytest.raises(KeyboardInterrupt):
            first.run(5)
    assert states(first) == ["put back"] * (studies.MOST_TRIES + 1) + ["waiting"]
    second = searching()
    second.run(1)
    rows = results.rows(second.study)
    assert rows[-1].state == "complete"
    assert {row.candidate for row in rows} == {second.evaluator.trained[0]}
    assert (len(first.evaluator.counted), second.evaluator.counted) == (1, [])


def test_a_study_that_was_tested_takes_no_more_trials(searching):
    search = searching()
    search.run(1)
    search.study.set_user_attr(studies.TESTED, {"clips": 1})
    search.run(1)
    with pytest.raises(SettingsError, match="have been looked at"):
        search.run(2)


def test_a_trial_that_others_gave_up_meanwhile_is_told_and_not_the_end(searching):
    import optuna

    def given_up(candidate, step):
        if not search.reporter.over and len(search.evaluator.trained) == 1:
            search.study.tell(0, state=optuna.trial.TrialState.FAIL)

    search = searching(TableEvaluator(during=given_up))
    search.run(2)
    assert "trial 0 had no heartbeat for a while; another process gave it up" in search.reporter.said[0]
    assert states(search) == ["failed", "complete"]


def test_a_defect_of_the_evaluator_is_not_hidden(searching):
    def broken(candidate, step):
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        searching(TableEvaluator(during=broken)).run(1)


def test_two_processes_share_the_trials_and_neither_repeats_the_other(on_disk, tmp_path):
    both = [worker(tmp_path, 8) for _ in range(2)]
    trained = [int(process.communicate(timeout=120)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    rows = [row for row in results.rows(on_disk().study) if row.state in results.DONE]
    # Each may begin the last one before it sees the other begin it.
    assert 8 <= len(rows) == sum(trained) <= 9
    assert min(trained) >= 1
    assert len({row.candidate for row in rows}) == len(rows)


def test_a_killed_process_loses_its_trial_to_the_next_one_at_once(on_disk, tmp_path):
    lost = worker(tmp_path, 3, "hang")
    with lost:
        assert lost.stdout.readline() == "training\n"
        os.kill(lost.pid, signal.SIGKILL)
    search = on_disk()
    assert states(search) == ["running"]
    search.run(1)
    assert search.reporter.said == ["trial 0 was left unfinished by a process that is gone; it is queued again"]
    rows = results.rows(search.study)
    assert [row.state for row in rows] == ["put back", "complete"]
    assert rows[0].candidate == rows[1].candidate
