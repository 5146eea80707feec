from collections import Counter

import numpy as np
import pytest

from edgesense.errors import ConversionError, SettingsError
from edgesense.optimize import mixed


@pytest.mark.parametrize("architecture", ["crnn", "ds_cnn"])
def test_scores_are_nearer_to_the_float_models_than_those_of_all_integers(made, architecture):
    notes = made(architecture, "mixed").notes
    assert 0 < len(notes["kept_float"]) < len(notes["ranking"])
    assert notes["reached"]["divergence"] <= 0.25 * notes["all_in_integers"]["divergence"]
    reference = made(architecture, "float32").scores()
    errors = {name: abs(made(architecture, name).scores() - reference).mean() for name in ("int8", "mixed")}
    assert errors["mixed"] < errors["int8"]


@pytest.mark.parametrize("architecture", ["crnn", "ds_cnn"])
def test_the_operators_that_are_said_to_be_float_are(made, architecture):
    found = made(architecture, "mixed")
    kinds = Counter(name.split()[0] for name in found.notes["kept_float"])
    # Version 1 of these operators computes in float, later ones in integers; reshapes have one version for both.
    floats = Counter({one.name: one.count for one in found.file.operators if one.version == 1})
    assert kinds
    assert kinds <= floats
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
