"""Mel bands: Slaney's scale and filters as librosa makes them, and the product that skips their zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

AMIN = 1e-10
"""Least mel power that the logarithm sees: the default of `librosa.power_to_db`."""
BANDS_PER_PRODUCT = 8

_HZ_PER_MEL = 200.0 / 3
_LOG_START_HZ = 1000.0
_LOG_START_MEL = _LOG_START_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: ArrayLike) -> NDArray[np.float64]:
    """Slaney's mel scale: linear to 1 kHz, logarithmic above (Auditory Toolbox, 1998; librosa's `htk=False`)."""
    frequency = np.asarray(hz, dtype=np.float64)
    logarithmic = _LOG_START_MEL + np.log(np.maximum(frequency, _LOG_START_HZ) / _LOG_START_HZ) / _LOG_STEP
    return np.where(frequency < _LOG_START_HZ, frequency / _HZ_PER_MEL, logarithmic)


def mel_to_hz(mel: ArrayLike) -> NDArray[np.float64]:
    """The inverse of `hz_to_mel`."""
    value = np.asarray(mel, dtype=np.float64)
    logarithmic = _LOG_START_HZ * np.exp(_LOG_STEP * (np.maximum(value, _LOG_START_MEL) - _LOG_START_MEL))
    return np.where(value < _LOG_START_MEL, value * _HZ_PER_MEL, logarithmic)


def filterbank(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> NDArray[np.float32]:
    """Triangular filters of equal area, equal to `librosa.filters.mel(norm="slaney", htk=False)`.

    Returns:
        (n_mels, 1 + n_fft // 2) float32, weights by Hz: each row sums to about 1 / (Hz between two bins).
    """
    edges = mel_to_hz(np.linspace(hz_to_mel(fmin), hz_to_mel(fmax), n_mels + 2))
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
    ramps = edges[:, None] - bins[None, :]
    widths = np.diff(edges)
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    norm = 2.0 / (edges[2:] - edges[:-2])
    # librosa rounds the triangles to float32 before the norm; the same order keeps the last bit.
    return np.asarray(triangles.astype(np.float32) * norm[:, None], np.float32)


def empty_bands(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> int:
    """How many mel bands hold no bin of the transform, and so would always be silent."""
    edges = mel_to_hz(np.linspace(hz_to_mel(fmin), hz_to_mel(fmax), n_mels + 2))
    step = sample_rate / n_fft
    first_above = np.floor(edges[:-2] / step) + 1
    return int(np.count_nonzero(first_above * step >= edges[2:]))


class MelProduct:
    """Spectrum to mel bands, a few neighbouring bands at a time over just the bins that they use.

    Args:
        weights: (n_mels, bins) float32, as `filterbank` returns them.
    """

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self.n_mels, self.bins = weights.shape
        self._parts = []
        for start in range(0, self.n_mels, BANDS_PER_PRODUCT):
            stop = min(start + BANDS_PER_PRODUCT, self.n_mels)
            used = np.flatnonzero(weights[start:stop].any(axis=0))
            low, high = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 1)
            part = np.ascontiguousarray(weights[start:stop, low:high].T)
            self._parts.append((start, stop, low, high, part))

    def __call__(self, power: NDArray[np.float32], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Mel power of each frame.

        Args:
            power: (frames, bins) float32, squared magnitudes.
            out: (frames, n_mels) float32 to write into; None makes one.

        Returns:
            (frames, n_mels) float32.
        """
        bands = np.empty((power.shape[0], self.n_mels), np.float32) if out is None else out
        for start, stop, low, high, part in self._parts:
            np.matmul(power[:, low:high], part, out=bands[:, start:stop])
        return bands


def power_to_db(power: NDArray[np.float32], top_db: float | None = None) -> NDArray[np.float32]:
    """Decibels, equal to `librosa.power_to_db(ref=1.0, amin=1e-10, top_db=top_db)`.

    Args:
        power: (...) float32, not negative.
        top_db: Values lower than this below the highest are raised to it.

    Returns:
        (...) float32, dB of full-scale power, at least -100.
    """
    decibels = np.maximum(power, np.float32(AMIN))
    np.log(decibels, out=decibels)
    decibels *= np.float32(10.0 / np.log(10.0))
    if top_db is not None:
        np.maximum(decibels, decibels.max() - np.float32(top_db), out=decibels)
    return decibels
