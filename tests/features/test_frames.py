from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesense.features import frames


@given(st.integers(1, 3000))
def test_the_window_is_scipys_periodic_hann(length):
    expected = scipy.signal.get_window("hann", length)
    assert frames.hann(length) == pytest.approx(expected if length > 1 else [0.0], abs=1e-12)


@given(st.integers(16, 300), st.integers(1, 200), st.integers(16, 2000))
def test_there_are_as_many_frames_as_librosa_makes(n_fft, hop, samples):
    expected = 1 + (samples + 2 * (n_fft // 2) - n_fft) // hop
    assert frames.centred(np.ones(samples, np.float32), n_fft, hop).shape == (expected, n_fft)


@pytest.mark.parametrize(("samples", "expected"), [(31999, 200), (32000, 201), (32159, 201), (32160, 202)])
def test_a_frame_more_comes_with_each_whole_hop(samples, expected):
    assert frames.centred(np.ones(samples, np.float32), 1024, 160).shape[0] == expected


def test_the_first_frame_is_centred_on_the_first_sample_with_zeros_before():
    first = frames.centred(np.arange(1, 101, dtype=np.float32), 8, 4)[0]
    assert first.tolist() == [0, 0, 0, 0, 1, 2, 3, 4]


@settings(max_examples=30, deadline=None)
@given(n_fft=st.integers(16, 600), hop=st.integers(1, 200), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_power_is_that_of_librosas_transform(dtype, n_fft, hop, seed):
    samples = np.random.default_rng(seed).uniform(-1.0, 1.0, 1200).astype(np.float32)
    expected = np.abs(librosa.stft(samples, n_fft=n_fft, hop_length=hop).T) ** 2
    found = frames.power_spectrum(frames.centred(samples, n_fft, hop), frames.hann(n_fft).astype(dtype))
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= 1e-5 * expected.max()
