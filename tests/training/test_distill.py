import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgesense.errors import SettingsError
from edgesense.training.distill import Distillation, Distilled, soften
from edgesense.training.objective import CrossEntropy

logits = arrays(np.float64, (3, 4), elements=st.floats(-20, 20))


def softmax(values):
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


@given(logits, st.floats(0.5, 20))
def test_probabilities_soften_as_the_logits_that_gave_them(values, temperature):
    softened = soften(softmax(values).astype(np.float32), temperature)
    assert softened == pytest.approx(softmax(values / temperature), abs=1e-4)


def test_a_temperature_of_one_changes_nothing():
    given_ = np.array([[0.7, 0.2, 0.1]], np.float32)
    assert soften(given_, 1.0) == pytest.approx(given_, abs=1e-6)


LABELS = np.array([0, 1])
TEACHER = np.array([[0.6, 0.4], [0.1, 0.9]], np.float32)
STUDENT = np.array([[0.5, 0.5], [0.2, 0.8]], np.float32)


def losses(alpha, temperature, student=STUDENT):
    """The loss of two clips, and its gradient with respect to the student's logits."""
    import tensorflow as tf

    plain = CrossEntropy(LABELS, 2, balance=False)
    objective = Distilled(plain, TEACHER, 2, Distillation("teacher", temperature, alpha))
    raw = tf.Variable(np.log(student))
    with tf.GradientTape() as tape:
        loss = objective.loss(tf.nn.softmax(raw), tf.constant(objective.targets(np.arange(2))))
    return float(loss), tape.gradient(loss, raw).numpy()


def test_the_loss_is_the_formula(with_tensorflow):
    loss, _ = with_tensorflow(losses, 0.3, 2.0)
    hard = -np.mean([np.log(0.5), np.log(0.8)])
    teacher, student = soften(TEACHER, 2.0), soften(STUDENT, 2.0)
    apart = np.mean(np.sum(teacher * np.log(teacher / student), axis=1))
    assert loss == pytest.approx(0.7 * hard + 0.3 * 4.0 * apart, rel=1e-5)


def test_a_student_that_answers_as_its_teacher_has_nothing_to_learn_from_it(with_tensorflow):
    loss, gradient = with_tensorflow(losses, 1.0, 3.0, TEACHER)
    assert loss == pytest.approx(0.0, abs=1e-6)
    assert gradient == pytest.approx(0.0, abs=1e-6)


def test_without_alpha_only_the_labels_are_heard(with_tensorflow):
    loss, _ = with_tensorflow(losses, 0.0, 4.0)
    assert loss == pytest.approx(-np.mean([np.log(0.5), np.log(0.8)]), rel=1e-5)


def test_the_temperatures_square_keeps_the_teachers_gradient_as_large(with_tensorflow):
    # Hinton et al., 2015, section 2: at high temperatures the gradient tends to (student - teacher logits) / classes.
    _, at_ten = with_tensorflow(losses, 1.0, 10.0)
    _, at_forty = with_tensorflow(losses, 1.0, 40.0)
    assert at_ten == pytest.approx(at_forty, rel=0.1)
    assert np.abs(at_forty).max() > 0.01


@pytest.mark.parametrize("alpha", [-0.1, 1.1])
def test_an_alpha_that_is_no_share_is_refused(alpha):
    with pytest.raises(SettingsError, match="alpha must be from 0"):
        Distillation("teacher", alpha=alpha)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_cannot_divide_is_refused(temperature):
    with pytest.raises(SettingsError, match="the temperature must be above 0"):
        Distillation("teacher", temperature=temperature)


def test_a_teacher_with_another_number_of_classes_is_refused():
    plain = CrossEntropy(LABELS, 3, balance=False)
    with pytest.raises(SettingsError, match="the teacher gives 2 scores, and there are 3 classes"):
        Distilled(plain, TEACHER, 3, Distillation("teacher"))
