"""Quantisation-aware training (Jacob et al., 2018): the model learns with the rounding of 8-bit integers in it.

It trains on and its conversion takes the ranges that were learned, so it needs no representative data set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEEDS_CALIBRATION = False
EPOCHS = 6


@dataclass(frozen=True)
class Technique:
    """Weights and activations in 8 bits; see `edgesense.optimize.FineTuning`.

    Attributes:
        after: Fine-tunings that came before; zeros of a pruning and shared values of a clustering stay as they are.
    """

    after: tuple[str, ...] = ()

    def epochs(self, steps_an_epoch: int) -> int:
        """A few: the model has learned nearly all before."""
        del steps_an_epoch
        return EPOCHS

    def wrap(self, model: Any) -> Any:
        """A model that rounds weights and activations in its forward pass.

        Raises:
            SettingsError: A layer that cannot be trained so, as a recurrent one.
        """
        from tensorflow_model_optimization.python.core.api import quantization
        from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.cluster_preserve import (
            default_8bit_cluster_preserve_quantize_scheme as clustered,
        )
        from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.prune_preserve import (
            default_8bit_prune_preserve_quantize_scheme as pruned,
        )

        _refuse_recurrent(model)
        try:
            if "cluster" in self.after:
                scheme = clustered.Default8BitClusterPreserveQuantizeScheme(preserve_sparsity="prune" in self.after)
            elif "prune" in self.after:
                scheme = pruned.Default8BitPrunePreserveQuantizeScheme()
            else:
                return quantization.keras.quantize_model(model)
            annotated = quantization.keras.quantize_annotate_model(model)
            return quantization.keras.quantize_apply(annotated, scheme)
        except (ValueError, RuntimeError) as error:
            raise SettingsError(f"this model cannot be trained with 8-bit rounding: {error}") from error

    def before(self, step: int, model: Any) -> None:
        """Nothing to do."""

    def ready(self, steps: int) -> bool:
        """Always: the rounding is there from the first step on."""
        return steps > 0

    def strip(self, model: Any) -> Any:
        """The same model: its conversion needs the ranges that it has learned."""
        return model


def refuse(model: Any) -> None:
    """Refuse a `tf_keras.Model` with a layer whose rounding TensorFlow Model Optimization does not know.

    Raises:
        SettingsError: A recurrent layer, or another one that it does not wrap.
    """
    Technique().wrap(model)


def _refuse_recurrent(model: Any) -> None:
    import tf_keras

    recurrent = [layer.name for layer in model.layers if isinstance(layer, tf_keras.layers.RNN)]
    if recurrent:
        raise SettingsError(f"qat does not know recurrent layers ({', '.join(recurrent)}): use int8")


def convert(model: Any, calibration: NDArray[np.float32] | None = None) -> bytes:
    """A TFLite model that computes in integers only.

    Args:
        model: What `Technique.wrap` gave, built with a batch of one, with the weights that were trained.
        calibration: Not used.

    Returns:
        The `.tflite` file's content.
    """
    del calibration
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    # As in int8: dense layers with channels of their own need an operator version that tflite-runtime 2.14 lacks.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    return cast("bytes", converter.convert())
