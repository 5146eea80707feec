"""Weights in 16-bit floating point: half the file, and float arithmetic on whatever has no 16-bit units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEEDS_CALIBRATION = False


def convert(model: Any, calibration: NDArray[np.float32] | None = None) -> bytes:
    """A TFLite model of float16 weights that takes and gives float32.

    Each weight gets a DEQUANTIZE operator; a CPU runs it once when the model is loaded, and a GPU delegate skips it.

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
    converter.target_spec.supported_types = [tf.float16]
    return cast("bytes", converter.convert())
