"""What a training tries to reach: targets for each example, and how far answers are from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Objective(Protocol):
    """What a training tries to reach."""

    def targets(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        """(len(which), n) float32: what the answers of some training examples are held against, each row on its own."""

    def loss(self, probabilities: Any, targets: Any) -> Any:
        """A scalar tensor: how far a batch's answers are from their targets.

        Args:
            probabilities: (batch, classes) float32 tensor, the model's answers.
            targets: (batch, n) float32 tensor, rows of `targets`, mixed where the clips were.
        """


def class_weights(targets: NDArray[np.int64], classes: int, *, balance: bool) -> NDArray[np.float32]:
    """(classes,) float32: what a clip of each class weighs; balanced, all clips of a class weigh the same together."""
    if not balance:
        return np.ones(classes, np.float32)
    counts = np.maximum(np.bincount(targets, minlength=classes), 1)
    return np.asarray(len(targets) / (classes * counts), np.float32)


class CrossEntropy:
    """The labels' cross entropy, rare classes weighed up or not.

    Args:
        labels: (examples,) whole numbers, the class of each.
        classes: How many there are.
        balance: Whether all clips of a class weigh the same together.
    """

    def __init__(self, labels: NDArray[np.int64], classes: int, *, balance: bool) -> None:
        self._labels = labels
        self._one_hot = np.eye(classes, dtype=np.float32)
        self._weights = class_weights(labels, classes, balance=balance)

    def targets(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        """(len(which), classes) float32: 1 at each example's class."""
        chosen: NDArray[np.float32] = self._one_hot[self._labels[which]]
        return chosen

    def loss(self, probabilities: Any, targets: Any) -> Any:
        """Mean over the batch; see `Objective.loss`."""
        import tensorflow as tf

        per_class = self._weights * targets * tf.math.log(probabilities + 1e-7)
        return -tf.reduce_mean(tf.reduce_sum(per_class, axis=1))
