"""Weights, activations, input and output in 8-bit integers (Jacob et al., 2018), ranges from a representative set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from edgesense.optimize import calibration as calibrating

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEEDS_CALIBRATION = True


def convert(model: Any, calibration: NDArray[np.float32] | None = None) -> bytes:
    """A TFLite model that computes in integers only.

    Args:
        model: `tf_keras.Model`, built with a batch of one.
        calibration: (n, frames, columns) float32, inputs from which every tensor's range is taken.

    Returns:
        The `.tflite` file's content.

    Raises:
        ConversionError: There is no calibration input; ranges cannot be guessed.
    """
    inputs = calibrating.required(calibration, "int8")
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibrating.feed(inputs)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    # With channels of their own, dense layers become FULLY_CONNECTED version 12, which tflite-runtime 2.14 lacks.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    return cast("bytes", converter.convert())
