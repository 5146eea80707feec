"""Working memory that Espressif's ESP-NN kernels ask for on an ESP32-S3, beside what TFLite Micro's own need.

After `esp_nn_get_conv_scratch_size_esp32s3` and `esp_nn_get_depthwise_conv_scratch_size_esp32s3` of espressif/esp-nn
(commit 1017042); other releases ask for other amounts. Strides and paddings are not looked at, so this is the most that
they may ask for. On an ESP32, whose kernels are plain C, they ask for nothing (`esp_nn_get_conv_scratch_size_opt`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgesense.runtime.macs import Layer

LANES = 16
"""Numbers of a vector register."""
MARGIN = 256
PANEL_OVER, PANEL = 24 * 1024, 16 * 1024
STRIP = 40 * 1024


def esp32s3(layers: Iterable[Layer]) -> int:
    """Return the most bytes that one layer of an int8 model may ask for; one runs at a time."""
    return max((_asked(layer) for layer in layers), default=0)


def _asked(layer: Layer) -> int:
    if layer.kind in {"pointwise", "convolution"}:
        return _convolution(layer)
    if layer.kind == "depthwise":
        return _depthwise(layer)
    # Softmax asks for one int32 a column.
    return 4 * layer.outputs[0][-1] if layer.operator == "SOFTMAX" and layer.outputs[0] else 0


def _convolution(layer: Layer) -> int:
    filters, high, wide, channels = layer.inputs[1]
    if layer.kind == "pointwise" and layer.inputs[0][1:3] == layer.outputs[0][1:3]:
        panel = PANEL if channels * filters > PANEL_OVER else 0
        return 24 * channels + 8 * filters + panel + MARGIN
    return _padded(layer, channels) + filters * high * _up(wide * channels) + 4 * filters + MARGIN


def _depthwise(layer: Layer) -> int:
    _, high, wide, channels = layer.inputs[1]
    weights = high * wide * channels
    padded = _padded(layer, layer.inputs[0][-1])
    if (high, wide) == (3, 3) and channels % LANES == 0:
        strip = high * (layer.inputs[0][2] + wide - 1) * channels
        return weights + min(padded, max(STRIP, strip)) + MARGIN
    widened = _up(channels) / channels
    return math.ceil(widened * (2 * (weights + padded) + math.prod(layer.outputs[0]) + 12 * channels)) + MARGIN


def _padded(layer: Layer, channels: int) -> int:
    """Bytes of an input with as much padding around it as its filter can want."""
    high, wide = layer.inputs[1][1:3]
    return (layer.inputs[0][1] + high - 1) * (layer.inputs[0][2] + wide - 1) * channels


def _up(count: int) -> int:
    return -(-count // LANES) * LANES
