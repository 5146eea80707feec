"""CNN: the small student that a teacher's answers are to help; plain convolutions and few parameters.

A third of the DS-CNN's parameters or less, so that there is something for a teacher to make up for. As there, the
first convolution sees `GROUP` neighbouring bands as channels.
"""

from __future__ import annotations

from typing import Any

from edgesense.features.settings import FeatureSettings

NAME = "cnn"
EPOCHS = 30

GROUP = 4
CONVOLUTIONS = ((16, (2, 1)), (24, (2, 2)), (32, (2, 2)))
"""(filters, (stride over frames, stride over bands)) of each 3 x 3 convolution."""


def features() -> FeatureSettings:
    """64 log-mel bands from 1024-point windows."""
    return FeatureSettings.optimized(blocks=("logmel",))


def build(input_shape: tuple[int, int], classes: int, *, batch_size: int | None = None) -> Any:
    """An untrained model; see `edgesense.models.Architecture.build`."""
    from tf_keras import Model, layers

    frames, bands = input_shape
    group = GROUP if bands % GROUP == 0 else 1
    inputs = layers.Input(input_shape, batch_size=batch_size)
    x = layers.Reshape((frames, bands // group, group))(inputs)
    for filters, strides in CONVOLUTIONS:
        x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name=NAME)
