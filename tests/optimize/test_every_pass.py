import numpy as np
import pytest

from edgesense import optimize
from edgesense.optimize import loading
from edgesense.runtime import backends

CONVERSIONS = [name for name in optimize.names() if not hasattr(optimize.get(name), "Technique")]
"""Those that need no training of their own: tests/optimize/test_finetuning.py has the others."""
COMBINATIONS = [
    (architecture, name)
    for architecture in ("crnn", "ds_cnn")
    for name in CONVERSIONS
    if (architecture, name) != ("crnn", "int16x8")
]


@pytest.mark.parametrize(("architecture", "name"), COMBINATIONS)
def test_every_runtime_loads_it_by_its_operators_and_really(made, architecture, name):
    _, found = loading.check(made(architecture, name).path)
    assert [one.reason for one in found] == ["", ""]


@pytest.mark.parametrize(("architecture", "name"), COMBINATIONS)
def test_the_runtimes_answer_alike(made, architecture, name):
    answers = [made(architecture, name).scores(runtime) for runtime in backends.installed()]
    assert answers
    tolerance = 1e-5 if name in {"float32", "float16"} else 0.03
    for one in answers:
        assert one == pytest.approx(answers[0], abs=tolerance)


@pytest.mark.parametrize(("architecture", "name"), COMBINATIONS)
def test_labels_are_mostly_the_float_models(made, targets, architecture, name):
    labels = made(architecture, name).scores().argmax(axis=1)
    reference = made(architecture, "float32").scores().argmax(axis=1)
    assert np.mean(reference == targets) >= 0.9
    assert np.mean(labels == reference) >= 0.9


@pytest.mark.parametrize("name", CONVERSIONS)
def test_the_lstm_is_one_fused_operator(made, name):
    if name == "int16x8":
        pytest.skip("refused: tests/optimize/test_int16x8.py")
    found = made("crnn", name).file
    operators = {one.name: one.count for one in found.operators}
    assert operators["UNIDIRECTIONAL_SEQUENCE_LSTM"] == 1
    assert not {"WHILE", "IF", "CALL_ONCE"} & set(operators)
    assert found.stateful


def guide():
    """What TensorFlow says to the guide's 8-bit conversion, which gives no representative data set."""
    import tensorflow as tf
    import tf_keras

    inputs = tf_keras.layers.Input((4,), batch_size=1)
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(2)(inputs))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.int8]
    with pytest.raises(ValueError, match="representative_dataset` must be specified"):
        converter.convert()
    return True


def test_the_guides_conversion_is_refused_by_tensorflow_as_the_documentation_says(with_tensorflow):
    assert with_tensorflow(guide)


def test_a_pass_converts_or_trains_on():
    for name in optimize.names():
        module = optimize.get(name)
        assert hasattr(module, "convert") or hasattr(module, "Technique"), name
        assert not hasattr(module, "convert") or isinstance(module.NEEDS_CALIBRATION, bool), name
