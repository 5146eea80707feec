from edgesense.training.search.space import Candidate
from edgesense.training.search.table import TableEvaluator, cost_of, score_of

SMALL = Candidate(2, 8, 3, "logmel", 512, 320, 32, "int8")
LARGE = Candidate(6, 48, 5, "logmel", 512, 320, 32, "int8")


def test_more_network_costs_more_and_is_more_often_right():
    assert cost_of(LARGE) > cost_of(SMALL)
    assert score_of(LARGE) > score_of(SMALL)


def test_it_tells_rising_scores_up_to_its_outcome():
    told = []
    found = TableEvaluator(steps=3).train(LARGE, lambda step, score: told.append((step, score)))
    assert [step for step, _ in told] == [1, 2, 3]
    assert [score for _, score in told] == sorted(score for _, score in told)
    assert told[-1][1] == found.score == score_of(LARGE)
    assert found.cost == cost_of(LARGE)
