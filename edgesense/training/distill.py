"""Knowledge distillation (Hinton et al., 2015): a small model learns from a larger one's answers beside the labels.

    loss = (1 - alpha) * cross entropy(labels, p) + alpha * T^2 * KL(softmax(teacher / T), softmax(student / T))

on logits. The logarithm of a softmax differs from its logits by a constant that no softmax sees, so any model that
gives probabilities can teach and be taught, also one that is only there as a `.tflite` file. T^2 keeps the second
part's gradients as large as the first's when T changes; without it, and on probabilities in the place of logits, as
the guide has it, a temperature of 4 makes the teacher all but silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesense.training.objective import Objective

LEAST = 1e-30
"""Where logarithms are cut off: a float32 softmax of logits that are 69 apart."""


@dataclass(frozen=True)
class Distillation:
    """How much a teacher is listened to, and how softly.

    Attributes:
        teacher: Identity of its model.
        temperature: What logits are divided by; higher tells more of how alike classes are.
        alpha: Share of the teacher in the loss; 0 hears the labels only, 1 the teacher only.

    Raises:
        SettingsError: The temperature is not above 0, or alpha is outside 0 to 1.
    """

    teacher: str
    temperature: float = 4.0
    alpha: float = 0.7

    def __post_init__(self) -> None:
        if not 0 < self.temperature < np.inf:
            raise SettingsError(f"the temperature must be above 0, not {self.temperature!r}")
        if not 0 <= self.alpha <= 1:
            raise SettingsError(f"alpha must be from 0 (labels only) to 1 (teacher only), not {self.alpha!r}")


def soften(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Softmax of logits divided by a temperature, from the probabilities that they gave.

    Args:
        probabilities: (n, classes) float32, each row sums to 1.
        temperature: Above 0.

    Returns:
        (n, classes) float32, each row sums to 1.
    """
    logits = np.log(np.maximum(probabilities, LEAST)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    raised = np.exp(logits)
    softened: NDArray[np.float32] = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return softened


class Distilled:
    """The labels' objective and a teacher's answers together; an `edgesense.training.objective.Objective`.

    Args:
        labels: What the training would try to reach without a teacher.
        answers: (examples, classes) float32, the teacher's probabilities for each training example.
        classes: How many classes there are.
        how: Temperature and alpha.

    Raises:
        SettingsError: The teacher gives another number of scores.
    """

    def __init__(self, labels: Objective, answers: NDArray[np.float32], classes: int, how: Distillation) -> None:
        if answers.shape[1] != classes:
            raise SettingsError(f"the teacher gives {answers.shape[1]} scores, and there are {classes} classes")
        self._labels, self._classes, self._how = labels, classes, how
        self._soft = soften(answers, how.temperature)

    def targets(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        """(len(which), 2 * classes) float32: what the labels' objective wants, then the softened answers."""
        return np.concatenate([self._labels.targets(which), self._soft[which]], axis=1)

    def loss(self, probabilities: Any, targets: Any) -> Any:
        """Mean over the batch; see `edgesense.training.objective.Objective.loss`."""
        import tensorflow as tf

        alpha, temperature = self._how.alpha, self._how.temperature
        hard = self._labels.loss(probabilities, targets[:, : self._classes])
        soft = targets[:, self._classes :]
        student = tf.nn.log_softmax(tf.math.log(tf.maximum(probabilities, LEAST)) / temperature)
        apart = tf.reduce_sum(soft * (tf.math.log(tf.maximum(soft, LEAST)) - student), axis=1)
        return (1 - alpha) * hard + alpha * temperature**2 * tf.reduce_mean(apart)
