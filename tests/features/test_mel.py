from __future__ import annotations

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesense.features import mel
from edgesense.testing import feature_settings


@given(st.floats(0.0, 30_000.0))
def test_the_mel_scale_is_librosas(hz):
    assert float(mel.hz_to_mel(hz)) == pytest.approx(float(librosa.hz_to_mel(hz)), rel=1e-12)


@given(st.floats(0.0, 30_000.0))
def test_mel_to_hz_undoes_hz_to_mel(hz):
    assert float(mel.mel_to_hz(mel.hz_to_mel(hz))) == pytest.approx(hz, rel=1e-12, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(feature_settings())
def test_filters_are_librosas(wanted):
    ours = mel.filterbank(wanted.sample_rate, wanted.n_fft, wanted.n_mels, wanted.fmin, wanted.upper)
    theirs = librosa.filters.mel(
        sr=wanted.sample_rate, n_fft=wanted.n_fft, n_mels=wanted.n_mels, fmin=wanted.fmin, fmax=wanted.upper
    )
    assert ours.dtype == theirs.dtype
    assert np.abs(ours - theirs).max() <= 1e-6 * theirs.max()


@settings(max_examples=60, deadline=None)
@given(feature_settings(), st.integers(0, 2**32 - 1))
def test_the_product_over_used_bins_is_the_whole_product(wanted, seed):
    weights = mel.filterbank(wanted.sample_rate, wanted.n_fft, wanted.n_mels, wanted.fmin, wanted.upper)
    power = np.random.default_rng(seed).random((7, weights.shape[1])).astype(np.float32)
    expected = power.astype(np.float64) @ weights.T
    assert mel.MelProduct(weights)(power) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n_fft", "n_mels", "empty"), [(2048, 128, 0), (512, 160, 0), (512, 200, 3), (256, 128, 13)])
def test_empty_bands_are_those_without_weights(n_fft, n_mels, empty):
    weights = mel.filterbank(16000, n_fft, n_mels, 0.0, 8000.0)
    assert np.count_nonzero(~weights.any(axis=1)) == empty
    assert mel.empty_bands(16000, n_fft, n_mels, 0.0, 8000.0) == empty


@given(
    st.lists(st.floats(0.0, 1e6, width=32), min_size=1, max_size=40),
    st.sampled_from([None, 0.0, 40.0, 80.0]),
)
def test_decibels_are_librosas(power, top_db):
    values = np.array(power, np.float32)
    expected = librosa.power_to_db(values, top_db=top_db)
    assert mel.power_to_db(values, top_db) == pytest.approx(expected, abs=1e-4)


def test_decibels_leave_their_input_alone():
    power = np.array([0.0, 1.0, 100.0], np.float32)
    mel.power_to_db(power, 80.0)
    assert power.tolist() == [0.0, 1.0, 100.0]


def test_silence_is_100_db_down():
    assert mel.power_to_db(np.zeros(3, np.float32), 80.0) == pytest.approx([-100.0] * 3, abs=1e-4)
