import numpy as np
import pytest

from edgesense.training.objective import CrossEntropy, class_weights


def test_a_class_weighs_by_its_rarity_when_balanced():
    # Five times as many clips of one class: its weight is 48 / (2 * 40), the other's 48 / (2 * 8).
    assert class_weights(np.array([1] * 8 + [0] * 40), 2, balance=True) == pytest.approx([0.6, 3.0])
    assert class_weights(np.array([1] * 8 + [0] * 40), 2, balance=False).tolist() == [1.0, 1.0]


def loss(balance):
    import tensorflow as tf

    labels = np.array([0, 0, 0, 1])
    objective = CrossEntropy(labels, 2, balance=balance)
    answers = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.9, 0.1]], np.float32)
    return float(objective.loss(tf.constant(answers), tf.constant(objective.targets(np.arange(4)))))


def test_the_loss_is_the_labels_cross_entropy_each_class_weighed(with_tensorflow):
    assert with_tensorflow(loss, False) == pytest.approx((3 * np.log(2) + np.log(10)) / 4, rel=1e-5)
    # 4 / (2 * 3) for the common class, 4 / (2 * 1) for the rare one.
    assert with_tensorflow(loss, True) == pytest.approx((3 * np.log(2) * 2 / 3 + np.log(10) * 2) / 4, rel=1e-5)


def test_targets_are_those_of_the_examples_asked():
    objective = CrossEntropy(np.array([2, 0, 1]), 3, balance=False)
    assert objective.targets(np.array([2, 0])).tolist() == [[0, 1, 0], [0, 0, 1]]
