import numpy as np
import pytest

from edgesense.errors import ConversionError, SettingsError
from edgesense.optimize import mixed

WEIGHTS = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "UNIDIRECTIONAL_SEQUENCE_LSTM": 8}
"""Tensors of weights that an operator has, biases apart."""


@pytest.mark.parametrize("architecture", ["crnn", "ds_cnn"])
def test_scores_are_nearer_to_the_float_models_than_those_of_all_integers(made, architecture):
    notes = made(architecture, "mixed").notes
    assert 0 < len(notes["kept_float"]) < len(notes["ranking"])
    assert notes["reached"]["divergence"] <= 0.25 * notes["all_in_integers"]["divergence"]
    reference = made(architecture, "float32").scores()
    errors = {name: abs(made(architecture, name).scores() - reference).mean() for name in ("int8", "mixed")}
    assert errors["mixed"] < errors["int8"]


@pytest.mark.parametrize("architecture", ["crnn", "ds_cnn"])
def test_the_operators_that_are_said_to_be_float_are_and_no_others(made, architecture):
    found = made(architecture, "mixed")
    kept = [name.split()[0] for name in found.notes["kept_float"]]
    floats = [one for one in found.file.tensors if one.constant and one.dtype == "float32" and len(one.shape) > 1]
    assert kept
    assert len(floats) == sum(WEIGHTS.get(kind, 0) for kind in kept)
    assert {one.name for one in found.file.operators} >= {"QUANTIZE", "DEQUANTIZE"}


def test_the_ranking_has_every_operator_once_the_worst_first(made):
    notes = made("ds_cnn", "mixed").notes
    losses = [row["divergence_alone_in_integers"] for row in notes["ranking"]]
    assert losses == sorted(losses, reverse=True)
    assert len({row["operator"] for row in notes["ranking"]}) == len(notes["ranking"]) == 15
    assert [row["operator"] for row in notes["ranking"] if row["kept"] == "float"] == notes["kept_float"]
    assert notes["kept_float"][0] in notes["why"][0]


def test_the_fused_lstm_can_be_the_one_that_stays_float(made):
    everything = made("crnn", "mixed").notes["ranking"]
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in {row["operator"] for row in everything}
    assert made("crnn", "mixed", operators=len(everything)).scores() == pytest.approx(
        made("crnn", "float32").scores(), abs=1e-5
    )


def test_without_a_representative_data_set_it_is_refused():
    with pytest.raises(ConversionError, match="mixed needs a representative data set"):
        mixed.convert(None, np.zeros((0, 12, 32), np.float32))


def test_an_option_out_of_range_is_refused():
    with pytest.raises(SettingsError, match="agreement must be from 0 to 1"):
        mixed.convert(None, np.zeros((1, 12, 32), np.float32), agreement=99)


@pytest.mark.parametrize(
    ("tensor", "name"),
    [
        ("m/re_lu_1/Relu;m/batch_normalization_1/FusedBatchNormV3;m/conv2d_1/Conv2D1", "CONV_2D conv2d_1"),
        ("m/re_lu_1/Relu;m/conv2d_1/Conv2D;m/batch_normalization_1/FusedBatchNormV31", "CONV_2D conv2d_1"),
        ("m/batch_normalization/FusedBatchNormV3", "CONV_2D batch_normalization"),
        ("StatefulPartitionedCall:0", "CONV_2D"),
    ],
)
def test_an_operator_is_called_by_the_layer_it_came_from(tensor, name):
    assert mixed._name("CONV_2D", tensor) == name
