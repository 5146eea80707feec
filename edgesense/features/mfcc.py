"""Cepstral coefficients and their slopes over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def dct_matrix(n_mels: int, n_mfcc: int) -> NDArray[np.float32]:
    """(n_mels, n_mfcc) float32: the first columns of the orthonormal DCT-II, `scipy.fft.dct(type=2, norm="ortho")`."""
    position = (np.arange(n_mels) + 0.5)[:, None]
    matrix = np.cos(np.pi / n_mels * position * np.arange(n_mfcc)[None, :]) * np.sqrt(2.0 / n_mels)
    matrix[:, 0] = np.sqrt(1.0 / n_mels)
    return np.asarray(matrix, np.float32)


def delta(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Slope over nine frames, equal to `librosa.feature.delta(width=9, order=1, mode="interp")`.

    A straight line is fitted to nine frames (Savitzky and Golay, 1964): sum of k * (x[t+k] - x[t-k]) / 60 for k of
    1..4. The line through the first nine frames has one slope, so the four frames at each end repeat it.

    Args:
        values: (frames, n) float32, at least nine frames.

    Returns:
        (frames, n) float32, change a frame.
    """
    inner = values.shape[0] - 8
    part = values[8:] - values[:inner]
    total = part.copy()
    for k in (3, 2, 1):
        part += values[4 + k : 4 + k + inner]
        part -= values[4 - k : 4 - k + inner]
        total += part
    total *= np.float32(1 / 60)
    return _repeat_ends(values, total)


def delta2(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Curvature over nine frames, equal to `librosa.feature.delta(width=9, order=2, mode="interp")`.

    Second derivative of the parabola fitted to nine frames: weights 28, 7, -8, -17, -20, -17, -8, 7, 28 over 462;
    constant within one fit, so the four frames at each end repeat it.

    Args:
        values: (frames, n) float32, at least nine frames.

    Returns:
        (frames, n) float32, change a frame, a frame.
    """
    inner = values.shape[0] - 8
    total = values[4 : 4 + inner] * np.float32(-20 / 462)
    for k, weight in ((4, 28), (3, 7), (2, -8), (1, -17)):
        pair = values[4 + k : 4 + k + inner] + values[4 - k : 4 - k + inner]
        pair *= np.float32(weight / 462)
        total += pair
    return _repeat_ends(values, total)


def _repeat_ends(values: NDArray[np.float32], inner: NDArray[np.float32]) -> NDArray[np.float32]:
    result = np.empty_like(values)
    result[4:-4] = inner
    result[:4] = inner[0]
    result[-4:] = inner[-1]
    return result
