"""Attention in the place of the LSTM: each channel weighs the frames by a gate that it computes from them.

An LSTM carries what it heard along; this model looks at all frames at once and says for each channel which ones count
(gated attention pooling, Ilse et al., 2018, with as many heads as channels). The gate is a sigmoid and not a softmax
over the frames (as in Ramapuram et al., 2024): a softmax over 51 frames gives shares near 0.02, of which an 8-bit
output has five steps; a sigmoid's gates use all 256. It needs dense layers, a logistic, a product and a mean, which
both TFLite runtimes and TFLite Micro have in 8-bit integers; products of two activations, as queries with keys are,
most releases of TFLite Micro refuse.
"""

from __future__ import annotations

from typing import Any

from edgesense.features.settings import FeatureSettings

NAME = "attention"
EPOCHS = 30

GROUP = 4
STEM = (32, (2, 1))
BLOCKS = ((64, (2, 2)), (64, (1, 1)), (96, (1, 2)))
"""(filters, (stride over frames, stride over bands)) of each 3 x 3 depthwise and 1 x 1 pair."""
CONTEXT = 9
"""Frames that the depthwise convolution before the attention sees: it tells frames apart by what is around them."""
WIDTH = 128
"""Channels, and so heads, of the attention."""


def features() -> FeatureSettings:
    """64 log-mel bands from 1024-point windows."""
    return FeatureSettings.optimized(blocks=("logmel",))


def build(input_shape: tuple[int, int], classes: int, *, batch_size: int | None = None) -> Any:
    """An untrained model; see `edgesense.models.Architecture.build`."""
    from tf_keras import Model, layers

    def activate(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))

    frames, bands = input_shape
    group = GROUP if bands % GROUP == 0 else 1
    inputs = layers.Input(input_shape, batch_size=batch_size)
    x = layers.Reshape((frames, bands // group, group))(inputs)
    filters, strides = STEM
    x = activate(layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x))
    for filters, strides in BLOCKS:
        x = activate(layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x))
        x = activate(layers.Conv2D(filters, 1, use_bias=False)(x))
    # One convolution over all bands that are left: (frames, 1, WIDTH).
    x = activate(layers.DepthwiseConv2D((1, int(x.shape[2])), use_bias=False)(x))
    x = activate(layers.Conv2D(WIDTH, 1, use_bias=False)(x))
    x = activate(layers.DepthwiseConv2D((CONTEXT, 1), padding="same", use_bias=False)(x))
    values = layers.Conv2D(WIDTH, 1)(x)
    gates = layers.Conv2D(WIDTH, 1, activation="sigmoid")(x)
    x = layers.GlobalAveragePooling2D()(layers.Multiply()([values, gates]))
    x = layers.ReLU()(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name=NAME)
