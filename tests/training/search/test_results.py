import json

import pytest

from edgesense.training.search import results
from edgesense.training.search import study as studies
from edgesense.training.search.evaluator import TrialFailed
from edgesense.training.search.table import TableEvaluator


def dominates(one, other):
    return one.score >= other.score and one.cost <= other.cost and (one.score, one.cost) != (other.score, other.cost)


def test_the_front_is_what_no_other_trial_dominates(searching):
    search = searching()
    search.run(15)
    rows = [row for row in results.rows(search.study) if row.state == "complete"]
    front = results.front(rows)
    assert front
    for row in rows:
        assert (row in front) == (not any(dominates(other, row) for other in rows))
    assert [row.cost for row in front] == sorted(row.cost for row in front)


def test_a_row_tells_what_became_of_a_trial(searching):
    def fail(candidate, step):
        if search.reporter.over:
            raise TrialFailed("out of luck")

    search = searching(TableEvaluator(during=fail))
    search.run(2)
    complete, failed = results.rows(search.study)
    assert (complete.state, complete.front, complete.why) == ("complete", True, "")
    assert complete.facts == {"steps": 4}
    assert (failed.state, failed.score, failed.why) == ("failed", None, "out of luck")
    assert failed.cost == search.evaluator.count_of(failed.candidate)
    assert failed.candidate == search.evaluator.trained[1]


def test_the_report_is_plain_json_with_every_trial(searching):
    search = searching()
    search.run(6)
    made = results.report(search.study, search.evaluator.cost, "sqlite:///a.db", "edgesense search")
    read = json.loads(json.dumps(made))
    assert read["schema"] == 1
    assert read["storage"] == "sqlite:///a.db"
    assert read["objectives"]["cost"]["about"] == "made up"
    assert read["fixed"]["evaluator"] == "table"
    assert len(read["trials"]) == 6
    best = [one["number"] for one in read["trials"] if one["front"]]
    assert sorted(read["front"]) == best
    assert read["tested"] is None


def test_without_a_finished_trial_there_is_no_front(searching):
    assert results.front(results.rows(searching().study)) == []


def test_a_trial_that_another_process_writes_just_now_has_no_candidate_yet(searching):
    # A store is read table by table: what was written between two reads is seen in the later table only.
    optuna = pytest.importorskip("optuna")
    search = searching()
    seen_early = optuna.trial.create_trial(
        state=optuna.trial.TrialState.RUNNING, user_attrs={studies.CANDIDATE: "chosen a moment ago"}
    )
    search.study.add_trial(seen_early)
    (row,) = results.rows(search.study)
    assert (row.state, row.candidate) == ("running", None)
