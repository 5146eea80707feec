import re
from pathlib import Path

import pytest

from edgesense.errors import ModelError
from edgesense.runtime import inspect, macs
from edgesense.testing import tiny_model_bytes

MODELS = Path(__file__).resolve().parents[2] / "models"


def conv(frames, bands, filters, weights):
    return frames * bands * filters * weights


def test_the_shipped_ds_cnn_is_what_its_layers_add_up_to():
    expected = conv(101, 16, 32, 3 * 3 * 4)
    frames, bands, before = 101, 16, 32
    for filters, stride in ((64, 2), (64, 1), (96, 1), (128, 2), (128, 1)):
        frames, bands = -(-frames // stride), -(-bands // stride)
        expected += conv(frames, bands, before, 3 * 3) + conv(frames, bands, filters, before)
        before = filters
    expected += 128 * 5
    assert macs.count(MODELS / "dscnn-int8" / "model.tflite") == expected
    assert macs.count(MODELS / "dscnn-float32" / "model.tflite") == expected


def test_an_lstm_multiplies_all_its_weights_at_each_step():
    path = MODELS / "crnn-float32" / "model.tflite"
    lstm = 101 * (4 * 256 * 256 + 4 * 256 * 256)
    assert (
        lstm
        < macs.count(path)
        < 1.01 * lstm
        + sum(
            conv(frames, bands, filters, 9 * before)
            for frames, bands, filters, before in (
                (101, 62, 16, 1),
                (101, 31, 24, 16),
                (101, 16, 48, 24),
                (101, 8, 64, 48),
            )
        )
    )


def test_a_dense_layer_is_inputs_times_outputs(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(tiny_model_bytes(inputs=(1, 6, 4), classes=3, work=2))
    assert macs.count(path) == 2 * 24 * 3


def test_what_cannot_be_told_is_refused(monkeypatch):
    monkeypatch.setattr(macs, "_UNKNOWN", frozenset({"DEPTHWISE_CONV_2D"}))
    with pytest.raises(ModelError, match="multiply-accumulates of DEPTHWISE_CONV_2D cannot be told from the file"):
        macs.count(MODELS / "dscnn-int8" / "model.tflite")


def test_a_shape_that_is_not_fixed_is_refused(monkeypatch):
    found = inspect.read(MODELS / "dscnn-int8" / "model.tflite")
    loose = found.tensors[0].__class__
    tensors = tuple(
        loose(**{name: getattr(one, name) for name in one.__slots__} | {"shape": (-1, *one.shape[1:])})
        for one in found.tensors
    )
    changed = inspect.ModelFile(**{name: getattr(found, name) for name in found.__slots__} | {"tensors": tensors})
    monkeypatch.setattr(inspect, "read", lambda path: changed)
    with pytest.raises(ModelError, match=re.escape("has no fixed shape (-1, ")):
        macs.count(found.path)
