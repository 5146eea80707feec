"""CRNN: four convolutions that pool the spectrum early, one LSTM that holds nearly all parameters.

The float32 model is the "before" of the project: about 567,000 parameters, 2.1 MiB. The LSTM is run on 101 steps, so
it does most of the arithmetic too; that is where 8-bit integers save most (a convolution of this size costs a
Cortex-A72, which has no dot product, nearly the same number of instructions in both).
"""

from __future__ import annotations

from typing import Any

from edgesense.features.settings import FeatureSettings

NAME = "crnn"
EPOCHS = 12

UNITS = 256
KERNEL = 3
CONVOLUTIONS = ((16, (2, 4)), (24, (1, 2)), (48, (1, 2)), (64, (1, 2)))
"""(filters, (stride over frames, stride over columns)) of each 3 x 3 convolution."""


def features() -> FeatureSettings:
    """40 MFCC with deltas and 128 log-mel bands: 248 columns."""
    return FeatureSettings.full()


def build(input_shape: tuple[int, int], classes: int, *, batch_size: int | None = None) -> Any:
    """An untrained model; see `edgesense.models.Architecture.build`.

    tf-keras (Keras 2) and a fixed batch of one give the fused UNIDIRECTIONAL_SEQUENCE_LSTM; Keras 3 gives while
    loops, on which 8-bit calibration crashes.
    """
    from tf_keras import Model, layers

    inputs = layers.Input(input_shape, batch_size=batch_size)
    x = layers.Reshape((*input_shape, 1))(inputs)
    for filters, strides in CONVOLUTIONS:
        same = max(strides) <= KERNEL
        if not same:
            x = layers.ZeroPadding2D([_padding(size, step) for size, step in zip(x.shape[1:3], strides, strict=True)])(
                x
            )
        padding = "same" if same else "valid"
        x = layers.Conv2D(filters, KERNEL, strides=strides, padding=padding, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.95)(x)
        x = layers.ReLU()(x)
    x = layers.AveragePooling2D((1, 2), padding="same")(x)
    steps, bands, filters = x.shape[1:]
    x = layers.Reshape((steps, bands * filters))(x)
    x = layers.LSTM(UNITS, return_sequences=True)(x)
    x = layers.GlobalAveragePooling1D()(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name=NAME)


def _padding(size: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis that "same" padding stands for.

    Written out, because where a stride is longer than the kernel, XNNPACK in tflite-runtime 2.14 computes something
    else from "same", without a word.
    """
    missing = max(0, (-(-size // stride) - 1) * stride + KERNEL - size)
    return missing // 2, missing - missing // 2
