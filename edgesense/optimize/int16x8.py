"""Weights in 8-bit, activations in 16-bit integers, where every operator of the model has such a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from edgesense.errors import ConversionError
from edgesense.optimize import calibration as calibrating

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEEDS_CALIBRATION = True


def convert(model: Any, calibration: NDArray[np.float32] | None = None) -> bytes:
    """A TFLite model that computes in integers only, activations, input and output in 16 bits.

    Args:
        model: `tf_keras.Model`, built with a batch of one.
        calibration: (n, frames, columns) float32, inputs from which every tensor's range is taken.

    Returns:
        The `.tflite` file's content.

    Raises:
        ConversionError: There is no calibration input, or the model has a layer that cannot be computed so.
    """
    inputs = calibrating.required(calibration, "int16x8")
    refuse(model)
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibrating.feed(inputs)
    kinds = tf.lite.OpsSet
    converter.target_spec.supported_ops = [kinds.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
    converter.inference_input_type = tf.int16
    converter.inference_output_type = tf.int16
    # With channels of their own, dense layers become FULLY_CONNECTED version 12, which tflite-runtime 2.14 lacks.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    try:
        return cast("bytes", converter.convert())
    except RuntimeError as error:
        # What the converter says here names the operator: "Quantization to 16x8-bit not yet supported for op: ..."
        said = str(error).strip().split("\n", 1)[0].rstrip(".")
        raise ConversionError(f"int16x8 cannot convert {model.name}: {said}; {_INSTEAD}") from error


_INSTEAD = "use int8, or mixed, which keeps chosen operators in float"


def refuse(model: Any) -> None:
    """Refuse a model with a recurrent layer, before the converter is started.

    Args:
        model: `tf_keras.Model`.

    Raises:
        ConversionError: TFLite's LSTM has no kernel of 16-bit activations, and its loops are not quantised at all.
    """
    import tf_keras

    recurrent = [one for one in model.submodules if isinstance(one, tf_keras.layers.RNN)]
    if recurrent:
        named = " and ".join(f"{one.name} ({type(one).__name__})" for one in recurrent)
        raise ConversionError(
            f"int16x8 cannot convert {model.name}: TFLite has no recurrent operator with 16-bit activations, which "
            f"{named} would need; {_INSTEAD}"
        )
