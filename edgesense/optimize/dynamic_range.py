"""Weights in 8-bit integers, computed with in float: ranges of activations are taken anew in each run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEEDS_CALIBRATION = False


def convert(model: Any, calibration: NDArray[np.float32] | None = None) -> bytes:
    """A TFLite model of 8-bit weights that takes and gives floats.

    Args:
        model: `tf_keras.Model`, built with a batch of one.
        calibration: Not used.

    Returns:
        The `.tflite` file's content.
    """
    del calibration
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # With channels of their own, dense layers become FULLY_CONNECTED version 12, which tflite-runtime 2.14 lacks.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    return cast("bytes", converter.convert())
