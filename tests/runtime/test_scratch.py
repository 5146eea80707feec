from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.runtime import macs, scratch
from edgesense.runtime.macs import Layer

SHIPPED = Path(__file__).parents[2] / "models"


def layer(operator: str, given: tuple[int, ...], weights: tuple[int, ...], made: tuple[int, ...]) -> Layer:
    return Layer(operator, 1, (given, weights, weights[:1]), (made,))


# Expected: the formulas of esp_nn_get_*_scratch_size_esp32s3, worked out by hand for the padding that SAME gives.
@pytest.mark.parametrize(
    ("one", "asked"),
    [
        (layer("CONV_2D", (1, 10, 10, 64), (64, 1, 1, 64), (1, 10, 10, 64)), 24 * 64 + 8 * 64 + 64),
        (layer("CONV_2D", (1, 5, 5, 256), (256, 1, 1, 256), (1, 5, 5, 256)), 24 * 256 + 16 * 1024 + 64),
        (layer("CONV_2D", (1, 8, 8, 16), (4, 5, 5, 16), (1, 8, 8, 4)), 12 * 12 * 16 + 4 * 5 * 80 + 64 + 16),
        (layer("DEPTHWISE_CONV_2D", (1, 10, 10, 32), (1, 3, 3, 32), (1, 10, 10, 32)), 288 + 12 * 12 * 32 + 32),
        (layer("DEPTHWISE_CONV_2D", (1, 10, 10, 8), (1, 5, 5, 8), (1, 10, 10, 8)), 2 * (200 + 800) + 32),
    ],
)
def test_no_more_is_asked_for_than_is_allowed(one: Layer, asked: int) -> None:
    assert scratch.esp32s3([one]) >= asked


def test_one_layer_runs_at_a_time() -> None:
    small = layer("CONV_2D", (1, 10, 10, 8), (8, 1, 1, 8), (1, 10, 10, 8))
    large = layer("CONV_2D", (1, 10, 10, 64), (64, 1, 1, 64), (1, 10, 10, 64))
    assert scratch.esp32s3([small, large, small]) == scratch.esp32s3([large])
    assert scratch.esp32s3([]) == 0


def test_a_large_depthwise_input_is_worked_through_in_strips() -> None:
    one = layer("DEPTHWISE_CONV_2D", (1, 200, 64, 32), (1, 3, 3, 32), (1, 200, 64, 32))
    assert scratch.esp32s3([one]) < 202 * 66 * 32


def test_a_shipped_model_asks_for_less_than_its_arena() -> None:
    assert 1024 < scratch.esp32s3(macs.layers(SHIPPED / "dscnn-int8" / "model.tflite")) < 76 * 1024
