"""Public architectures, untrained, as TFLite files: ``python benchmarks/_architectures.py MODEL DTYPE FILE``.

Weights do not matter to an instruction count. EfficientDet-Lite follows google/automl `efficientdet` (hparams_config,
efficientnet_lite, with 3.2, 4.3 and 5.3 M parameters), SSDLite the TensorFlow 1 Object Detection sample configuration
`ssdlite_mobilenet_v2_coco`, without its post-processing; the MobileNets are Keras's own.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

MOBILENETS = {
    "mobilenet-v1": "MobileNet",
    "mobilenet-v2": "MobileNetV2",
    "mobilenet-v3-large": "MobileNetV3Large",
    "mobilenet-v3-small": "MobileNetV3Small",
}

# Input size, width and depth factors of the backbone, channels and repeats of the feature pyramid, depth of the heads.
EFFICIENTDETS = {
    "efficientdet-lite0": (320, 1.0, 1.0, 64, 3, 3),
    "efficientdet-lite1": (384, 1.0, 1.1, 88, 4, 3),
    "efficientdet-lite2": (448, 1.1, 1.2, 112, 5, 3),
}
# Repeats, kernel size, stride, expansion, output channels of EfficientNet-Lite's stages.
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192))
LAST_STAGE = (1, 3, 1, 6, 320)
LEVELS = 5
ANCHORS = 9
COCO = 90


def main() -> int:
    """Build and convert one model."""
    name, dtype, target = sys.argv[1:]
    os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    Path(target).write_bytes(convert(build(name), dtype))
    return 0


def build(name: str) -> Any:
    """Return an untrained Keras model."""
    from tf_keras import applications

    if name in MOBILENETS:
        settings = {"include_preprocessing": False} if "v3" in name else {}
        return getattr(applications, MOBILENETS[name])(input_shape=(224, 224, 3), weights=None, **settings)
    return ssdlite() if name == "ssdlite-mobilenet-v2" else efficientdet(EFFICIENTDETS[name])


def convert(model: Any, dtype: str) -> bytes:
    """Return a model as TFLite, ``float32`` or ``int8`` with random calibration."""
    import numpy as np
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if dtype == "int8":
        shape = (1, *model.input_shape[1:])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [np.random.default_rng(seed).standard_normal(shape).astype(np.float32)] for seed in range(2)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
    return bytes(converter.convert())


def convolution(x: Any, filters: int, kernel: int, stride: int = 1, *, active: bool = True) -> Any:
    """Return convolution, batch normalisation and ReLU6."""
    from tf_keras import layers

    x = layers.Conv2D(filters, kernel, stride, "same", use_bias=False)(x)
    return activated(x) if active else layers.BatchNormalization()(x)


def depthwise(x: Any, kernel: int, stride: int = 1) -> Any:
    """Return depthwise convolution, batch normalisation and ReLU6."""
    from tf_keras import layers

    return activated(layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False)(x))


def activated(x: Any) -> Any:
    """Return batch normalisation and ReLU6."""
    from tf_keras import layers

    return layers.ReLU(6.0)(layers.BatchNormalization()(x))


def rounded(filters: int, width: float) -> int:
    """Return a number of channels scaled and rounded to a multiple of 8, never down by more than a tenth."""
    scaled = filters * width
    found = max(8, int(scaled + 4) // 8 * 8)
    return found + 8 if found < 0.9 * scaled else found


def efficientnet(x: Any, width: float, depth: float) -> list[Any]:
    """Return the features of EfficientNet-Lite at strides 8, 16 and 32."""
    from tf_keras import layers

    x = convolution(x, 32, 3, 2)
    found = []
    for index, (repeats, kernel, stride, expansion, filters) in enumerate((*STAGES, LAST_STAGE)):
        fixed = index in {0, len(STAGES)}
        for repeat in range(repeats if fixed else math.ceil(repeats * depth)):
            step = stride if repeat == 0 else 1
            y = convolution(x, x.shape[-1] * expansion, 1) if expansion > 1 else x
            y = convolution(depthwise(y, kernel, step), rounded(filters, width), 1, active=False)
            x = layers.Add()([x, y]) if step == 1 and x.shape[-1] == y.shape[-1] else y
        found.append(x)
    return [found[2], found[4], found[6]]


def resampled(x: Any, channels: int, size: int) -> Any:
    """Return features brought to a number of channels and a size, one pyramid level up or down."""
    import tensorflow as tf
    from tf_keras import layers

    if x.shape[-1] != channels:
        x = layers.BatchNormalization()(layers.Conv2D(channels, 1, padding="same")(x))
    if x.shape[1] > size:
        return layers.MaxPool2D(3, 2, "same")(x)
    if x.shape[1] < size:
        nearest = tf.compat.v1.image.resize_nearest_neighbor
        return layers.Lambda(lambda values: nearest(values, (size, size)))(x)
    return x


def fused(inputs: list[Any]) -> Any:
    """Return the sum of features after activation and a separable convolution."""
    from tf_keras import layers

    x = inputs[0]
    for other in inputs[1:]:
        x = layers.Add()([x, other])
    x = layers.SeparableConv2D(x.shape[-1], 3, padding="same")(layers.ReLU(6.0)(x))
    return layers.BatchNormalization()(x)


def efficientdet(settings: tuple[int, float, float, int, int, int]) -> Any:
    """Return an EfficientDet-Lite without post-processing."""
    from tf_keras import Input, Model, layers

    size, width, depth, channels, repeats, head_depth = settings
    image = Input((size, size, 3), batch_size=1)
    levels = efficientnet(image, width, depth)
    sizes = [levels[0].shape[1]]
    while len(sizes) < LEVELS:
        sizes.append((sizes[-1] + 1) // 2)
    levels.append(resampled(levels[2], channels, sizes[3]))
    levels.append(resampled(levels[3], channels, sizes[4]))
    for _ in range(repeats):
        down = [levels[4]]
        for index in (3, 2, 1, 0):
            ends = [levels[index], down[0]]
            down.insert(0, fused([resampled(end, channels, sizes[index]) for end in ends]))
        up = [down[0]]
        for index in (1, 2, 3, 4):
            ends = [levels[index], down[index], up[-1]] if index < LEVELS - 1 else [levels[index], up[-1]]
            up.append(fused([resampled(end, channels, sizes[index]) for end in ends]))
        levels = up
    boxes, classes = (efficientdet_head(levels, outputs, head_depth) for outputs in (4, COCO))
    return Model(image, [boxes, layers.Activation("sigmoid")(classes)])


def efficientdet_head(levels: list[Any], outputs: int, depth: int) -> Any:
    """Return one head's answers of all levels; the convolutions are shared, the normalisation is not."""
    from tf_keras import layers

    shared = [layers.SeparableConv2D(levels[0].shape[-1], 3, padding="same") for _ in range(depth)]
    last = layers.SeparableConv2D(outputs * ANCHORS, 3, padding="same")
    found = []
    for level in levels:
        x = level
        for layer in shared:
            x = activated(layer(x))
        found.append(layers.Reshape((-1, outputs))(last(x)))
    return layers.Concatenate(1)(found)


def ssdlite() -> Any:
    """Return SSDLite on MobileNet v2 at 300 x 300 without post-processing."""
    from tf_keras import Model, applications, layers

    body = applications.MobileNetV2(input_shape=(300, 300, 3), include_top=False, weights=None)
    levels = [body.get_layer("block_13_expand_relu").output, body.output]
    for filters in (512, 256, 256, 128):
        x = depthwise(convolution(levels[-1], filters // 2, 1), 3, 2)
        levels.append(convolution(x, filters, 1))

    def head(outputs: int) -> Any:
        found = []
        for index, level in enumerate(levels):
            anchors = 3 if index == 0 else 6
            x = layers.Conv2D(outputs * anchors, 1)(depthwise(level, 3))
            found.append(layers.Reshape((-1, outputs))(x))
        return layers.Concatenate(1)(found)

    return Model(body.input, [head(4), layers.Activation("sigmoid")(head(COCO + 1))])


if __name__ == "__main__":
    raise SystemExit(main())
