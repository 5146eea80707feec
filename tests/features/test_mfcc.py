from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesense.features import mfcc


@settings(deadline=None)
@given(st.integers(1, 200), st.data())
def test_the_dct_matrix_is_scipys_orthonormal_dct(n_mels, data):
    n_mfcc = data.draw(st.integers(1, n_mels))
    expected = scipy.fft.dct(np.eye(n_mels), axis=1, type=2, norm="ortho")[:, :n_mfcc]
    assert mfcc.dct_matrix(n_mels, n_mfcc) == pytest.approx(expected, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(frames=st.integers(9, 60), columns=st.integers(1, 8), seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize(("ours", "order"), [(mfcc.delta, 1), (mfcc.delta2, 2)])
def test_deltas_are_librosas(ours, order, frames, columns, seed):
    values = np.random.default_rng(seed).normal(0.0, 20.0, (frames, columns)).astype(np.float32)
    expected = librosa.feature.delta(values.T, order=order).T
    assert np.abs(ours(values) - expected).max() <= 1e-4 * np.abs(expected).max()


def test_the_slope_of_a_ramp_is_its_step_at_every_frame():
    ramp = np.arange(0.0, 60.0, 3.0, dtype=np.float32)[:, None]
    assert mfcc.delta(ramp) == pytest.approx(np.full((20, 1), 3.0), rel=1e-6)


def test_the_curvature_of_a_parabola_is_its_second_derivative_at_every_frame():
    parabola = (np.arange(20, dtype=np.float32) ** 2)[:, None]
    assert mfcc.delta2(parabola) == pytest.approx(np.full((20, 1), 2.0), rel=1e-4)
