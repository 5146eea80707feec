import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

from edgesense.errors import DatasetError
from edgesense.evaluation import compare, score

LABELS = ("normal", "wheeze", "crackle")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60)
TRIPLES = st.lists(st.tuples(*[st.sampled_from(LABELS)] * 3), min_size=1, max_size=60)


@given(PAIRS)
def test_scores_equal_scikit_learns(pairs):
    expected, predicted = map(list, zip(*pairs, strict=True))
    found = score(expected, predicted, LABELS)
    present = sorted(set(expected))
    assert found.accuracy == pytest.approx(accuracy_score(expected, predicted))
    assert found.macro_f1 == pytest.approx(f1_score(expected, predicted, labels=present, average="macro"))
    recalls = [one.recall for one in found.classes if one.clips]
    assert found.balanced_accuracy == pytest.approx(sum(recalls) / len(recalls))
    assert [list(row) for row in found.confusion] == confusion_matrix(expected, predicted, labels=LABELS).tolist()


def test_balanced_accuracy_is_the_mean_recall():
    expected, predicted = ["normal"] * 8 + ["wheeze"] * 2, ["normal"] * 9 + ["wheeze"]
    assert score(expected, predicted, LABELS).balanced_accuracy == balanced_accuracy_score(expected, predicted) == 0.75


@given(PAIRS)
def test_the_interval_holds_the_accuracy(pairs):
    expected, predicted = map(list, zip(*pairs, strict=True))
    found = score(expected, predicted, LABELS)
    assert 0 <= found.low <= found.accuracy <= found.high <= 1
    assert found.low < found.high


@given(PAIRS)
def test_the_order_of_clips_changes_nothing(pairs):
    expected, predicted = map(list, zip(*pairs, strict=True))
    assert score(expected, predicted, LABELS) == score(expected[::-1], predicted[::-1], LABELS)


def test_a_class_without_clips_does_not_lower_the_macro_mean():
    assert score(["normal", "wheeze"], ["normal", "wheeze"], LABELS).macro_f1 == 1.0


def test_a_label_that_is_no_class_is_refused():
    with pytest.raises(DatasetError, match="poor_quality are none of the classes normal, wheeze, crackle"):
        score(["poor_quality"], ["normal"], LABELS)


def test_answers_must_be_as_many_as_clips():
    with pytest.raises(DatasetError, match="2 labelled clips and 1 answers"):
        score(["normal", "wheeze"], ["normal"], LABELS)
    with pytest.raises(DatasetError, match="0 labelled clips"):
        score([], [], LABELS)


@given(TRIPLES)
def test_the_drop_is_the_difference_of_the_accuracies(triples):
    expected, before, after = map(list, zip(*triples, strict=True))
    change = compare(expected, before, after)
    assert change.drop == pytest.approx(
        score(expected, before, LABELS).accuracy - score(expected, after, LABELS).accuracy
    )
    assert set(change.lost) | set(change.gained) <= set(change.changed)
    assert not set(change.lost) & set(change.gained)


@given(TRIPLES)
def test_the_other_way_round_lost_is_gained(triples):
    expected, before, after = map(list, zip(*triples, strict=True))
    there, back = compare(expected, before, after), compare(expected, after, before)
    assert (there.lost, there.gained, there.p) == (back.gained, back.lost, back.p)
    assert there.drop == pytest.approx(-back.drop)


def test_mcnemars_p_of_ten_lost_and_one_gained_is_the_binomial_tails():
    expected = ["normal"] * 11
    before, after = ["normal"] * 10 + ["wheeze"], ["wheeze"] * 10 + ["normal"]
    assert compare(expected, before, after).p == pytest.approx(2 * (math.comb(11, 0) + math.comb(11, 1)) / 2**11)


def test_a_wrong_answer_that_became_another_wrong_one_is_changed_but_neither_lost_nor_gained():
    change = compare(["normal"], ["wheeze"], ["crackle"])
    assert (change.lost, change.gained, change.changed, change.p) == ((), (), (0,), 1.0)


def test_comparing_needs_as_many_answers_from_both():
    with pytest.raises(DatasetError, match="1 and 2 answers for 1 clips"):
        compare(["normal"], ["normal"], ["normal", "normal"])
