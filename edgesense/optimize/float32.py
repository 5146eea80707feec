"""No change of numbers: 32-bit floating point throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEEDS_CALIBRATION = False


def convert(model: Any, calibration: NDArray[np.float32] | None = None) -> bytes:
    """A float32 TFLite model.

    Args:
        model: `tf_keras.Model`, built with a batch of one.
        calibration: Not used.

    Returns:
        The `.tflite` file's content.
    """
    del calibration
    import tensorflow as tf

    return cast("bytes", tf.lite.TFLiteConverter.from_keras_model(model).convert())
