import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import ConversionError, SettingsError
from edgesense.optimize.sensitivity import Loss, Target, choose, compare


def shares(rows):
    values = np.array(rows, np.float64)
    return values / values.sum(axis=1, keepdims=True)


tables = st.integers(1, 6).flatmap(
    lambda clips: st.lists(st.lists(st.floats(0.001, 1.0), min_size=3, max_size=3), min_size=clips, max_size=clips).map(
        shares
    )
)


def adding(costs, agreement=1.0):
    """A model whose operators each lose something of their own in integers, and the losses add up."""
    asked = []

    def measure(kept):
        asked.append(tuple(kept))
        lost = [cost for number, cost in enumerate(costs) if number not in kept]
        return Loss(float(sum(lost)), agreement if lost else 1.0)

    measure.asked = asked
    return measure


@given(tables)
def test_the_same_scores_lose_nothing(scores):
    assert compare(scores, scores) == Loss(0.0, 1.0)


@given(st.data())
def test_divergence_is_symmetric_and_at_most_one_bit(data):
    first = data.draw(tables)
    second = shares(
        data.draw(
            st.lists(st.lists(st.floats(0.001, 1), min_size=3, max_size=3), min_size=len(first), max_size=len(first))
        )
    )
    one, other = compare(first, second).divergence, compare(second, first).divergence
    assert one == pytest.approx(other)
    assert 0.0 <= one <= 1.0


def test_opposite_certainties_are_one_bit_apart():
    assert compare(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])) == Loss(1.0, 0.0)


def test_a_score_of_zero_is_no_infinite_loss():
    found = compare(np.array([[0.998, 0.002]]), np.array([[1.0, 0.0]]))
    assert found.divergence == pytest.approx(0.001, rel=0.01)


def test_agreement_is_the_share_of_equal_labels():
    reference = shares([[3, 1], [1, 3], [3, 1], [1, 3]])
    assert compare(reference, shares([[2, 1], [1, 2], [1, 2], [1, 2]])).agreement == 0.75


def test_operators_are_ranked_by_what_each_alone_loses():
    choice = choose(4, adding([1.0, 8.0, 2.0, 4.0]), Target(divergence_share=0.2))
    assert choice.ranking == (1, 3, 2, 0)
    assert [loss.divergence for loss in choice.alone] == [1.0, 8.0, 2.0, 4.0]


def test_the_fewest_that_reach_the_target_are_kept():
    # 15 in all: a fifth is 3, which is what is left without the two worst.
    choice = choose(4, adding([1.0, 8.0, 2.0, 4.0]), Target(divergence_share=0.2))
    assert choice.kept == (1, 3)
    assert (choice.integers.divergence, choice.reached.divergence) == (15.0, 3.0)


def test_nothing_is_kept_where_integers_are_good_enough():
    assert choose(3, adding([1.0, 2.0, 3.0]), Target(divergence_share=1.0)).kept == ()


def test_too_little_agreement_keeps_operators_that_divergence_would_not():
    choice = choose(3, adding([1.0, 2.0, 3.0], agreement=0.9), Target(divergence_share=1.0, agreement=0.95))
    assert sorted(choice.kept) == [0, 1, 2]


def test_an_operator_that_does_not_help_in_company_is_given_up():
    def measure(kept):
        # 0 alone loses most, but what it loses is lost anyway while 1 is in integers.
        if 1 in kept:
            return Loss(0.1, 1.0)
        return Loss(3.0 if 0 not in kept else 2.0, 1.0)

    choice = choose(2, measure, Target(divergence_share=0.5))
    assert choice.kept == (1,)
    assert choice.reached == Loss(0.1, 1.0)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_number_of_operators_is_kept_to(count):
    choice = choose(3, adding([1.0, 8.0, 2.0]), Target(operators=count))
    assert choice.kept == (1, 2, 0)[:count]


@given(st.lists(st.floats(0.001, 10.0), min_size=1, max_size=8), st.floats(0.0, 1.0))
def test_the_target_is_met_and_no_kept_operator_is_idle(costs, share):
    measure = adding(costs)
    target = Target(divergence_share=share)
    choice = choose(len(costs), measure, target)
    assert target.met(choice.reached, choice.integers)
    assert measure(choice.kept) == choice.reached
    for number in choice.kept:
        assert not target.met(measure([other for other in choice.kept if other != number]), choice.integers)


def test_a_quantiser_that_ignores_what_it_is_told_is_an_error():
    with pytest.raises(ConversionError, match="even with all 3 operators in float"):
        choose(3, lambda kept: Loss(1.0, 1.0), Target())


@pytest.mark.parametrize(
    "wrong", [{"divergence_share": -0.1}, {"divergence_share": 1.1}, {"agreement": 99}, {"operators": -1}]
)
def test_a_target_out_of_range_is_refused(wrong):
    with pytest.raises(SettingsError, match=f"{next(iter(wrong))} must be"):
        Target(**wrong)


def test_more_operators_than_there_are_cannot_be_kept():
    with pytest.raises(SettingsError, match="4 operators cannot be kept in float: the model has 3"):
        choose(3, adding([1.0, 2.0, 3.0]), Target(operators=4))
