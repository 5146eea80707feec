import numpy as np
import pytest

from edgesense.errors import ConversionError
from edgesense.optimize import int16x8


def test_weights_are_8_bit_and_activations_16_bit_integers(made):
    found = made("ds_cnn", "int16x8").file
    assert (found.dtype, found.inputs[0].dtype, found.outputs[0].dtype) == ("int16x8", "int16", "int16")
    assert [tensor.name for tensor in found.tensors if tensor.dtype.startswith("float")] == []


def test_it_is_nearer_to_the_float_model_than_int8_is(made):
    reference = made("ds_cnn", "float32").scores()
    errors = {name: abs(made("ds_cnn", name).scores() - reference).mean() for name in ("int8", "int16x8")}
    assert errors["int16x8"] < errors["int8"]


def test_without_a_representative_data_set_it_is_refused():
    with pytest.raises(ConversionError, match="int16x8 needs a representative data set"):
        int16x8.convert(None, None)


def refusal(layer):
    """What a model with one such layer is refused with, by a TensorFlow that cannot convert anything."""
    import tensorflow as tf
    import tf_keras
    from tf_keras import layers

    recurrent = layers.Bidirectional(layers.GRU(2)) if layer == "Bidirectional" else getattr(layers, layer)(2)
    inner = tf_keras.Sequential([layers.Input((4, 3), batch_size=1), recurrent])
    inputs = layers.Input((4, 3), batch_size=1)
    model = tf_keras.Model(inputs, layers.Dense(2)(inner(inputs)), name="outer")
    converter, tf.lite.TFLiteConverter = tf.lite.TFLiteConverter, None
    try:
        int16x8.convert(model, [0])
    except ConversionError as error:
        return str(error)
    finally:
        tf.lite.TFLiteConverter = converter
    return ""


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN", "Bidirectional"])
def test_a_recurrent_layer_is_refused_before_the_converter_starts_wherever_it_is(with_tensorflow, layer):
    told = with_tensorflow(refusal, layer)
    assert told.startswith("int16x8 cannot convert outer: TFLite has no recurrent operator with 16-bit activations")
    assert ("GRU" if layer == "Bidirectional" else layer) in told
    assert "use int8, or mixed" in told


def unsupported():
    """What a model with an activation that has no 16-bit kernel is refused with."""
    import tf_keras
    from tf_keras import layers

    inputs = layers.Input((4, 3), batch_size=1)
    model = tf_keras.Model(inputs, layers.Dense(2, activation="elu")(inputs), name="eluding")
    try:
        int16x8.convert(model, np.random.default_rng(0).normal(size=(4, 4, 3)).astype(np.float32))
    except ConversionError as error:
        return str(error)
    return "converted"


def test_another_operator_without_such_a_kernel_is_named(with_tensorflow):
    told = with_tensorflow(unsupported)
    assert told.startswith("int16x8 cannot convert eluding: Quantization to 16x8-bit not yet supported for op: 'ELU';")
