"""DS-CNN: depthwise-separable convolutions (Zhang et al., Hello Edge, 2017), the default pipeline's model.

Small in parameters and arithmetic, and it needs only the log-mel block, so its front end is cheap as well. The first
convolution sees `GROUP` neighbouring bands as channels instead of one channel: with one, an 8-bit convolution on a
processor without dot product spends most of its time on padding (4.4 million instructions against 0.9).
"""

from __future__ import annotations

from typing import Any

from edgesense.features.settings import FeatureSettings

NAME = "ds_cnn"
EPOCHS = 30

GROUP = 4
STEM = (32, (2, 1))
BLOCKS = ((64, (2, 2)), (64, (1, 1)), (96, (1, 1)), (128, (2, 2)), (128, (1, 1)))
"""(filters, (stride over frames, stride over bands)) of each 3 x 3 depthwise and 1 x 1 pair."""


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
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name=NAME)
