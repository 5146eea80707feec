from hypothesis import given
from hypothesis import strategies as st

from edgesense.training.search.pruning import LEAST_RIVALS, Rival, verdict

STEPS = 8
scores = st.lists(st.floats(0, 1), min_size=STEPS, max_size=STEPS).map(tuple)
rivals = st.lists(st.builds(Rival, st.floats(1, 100), scores), max_size=12)
GOOD = [Rival(10.0, (0.5,) * STEPS)] * LEAST_RIVALS


def test_a_trial_worse_than_the_median_of_those_that_cost_no_more_is_ended():
    why = verdict([0.1, 0.2, 0.4], 10.0, GOOD, STEPS)
    assert why == (
        "after 3 of 8 steps its best validation score is 0.4000; "
        "the median of 3 trials that cost no more was 0.5000 by then"
    )


def test_a_trial_as_good_as_the_median_goes_on():
    assert verdict([0.1, 0.2, 0.5], 10.0, GOOD, STEPS) is None


def test_the_best_score_so_far_counts_and_not_the_last():
    assert verdict([0.1, 0.6, 0.2], 10.0, GOOD, STEPS) is None


def test_what_a_rival_reached_later_does_not_count():
    late = [Rival(10.0, (0.0, 0.0, 0.0, *(0.9,) * 5))] * LEAST_RIVALS
    assert verdict([0.0, 0.0, 0.1], 10.0, late, STEPS) is None


def test_a_trial_that_costs_less_than_all_is_never_ended():
    assert verdict([0.0] * 5, 9.9, GOOD, STEPS) is None


def test_too_few_rivals_end_nothing():
    assert verdict([0.0] * 5, 10.0, GOOD[1:], STEPS) is None


def test_a_trial_gets_its_first_steps_and_its_last():
    assert verdict([0.0, 0.0], 10.0, GOOD, STEPS) is None
    assert verdict([0.0, 0.0, 0.0], 10.0, GOOD, STEPS) is not None
    assert verdict([0.0] * STEPS, 10.0, GOOD, STEPS) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=STEPS), st.floats(1, 100), rivals)
def test_whatever_is_ended_is_dominated_so_far(own, cost, others):
    if verdict(own, cost, others, STEPS):
        better = [one for one in others if one.cost <= cost and max(one.scores[: len(own)]) > max(own)]
        assert 2 * len(better) >= LEAST_RIVALS


@given(scores.map(lambda all_of_them: all_of_them[:5]), st.floats(1, 100), rivals, st.floats(0, 100))
def test_a_cheaper_trial_is_not_ended_where_only_dearer_rivals_are_better(own, cost, others, saved):
    dearer = [Rival(one.cost + cost + saved + 1e-3, one.scores) for one in others]
    assert verdict(own, cost, dearer, STEPS) is None
