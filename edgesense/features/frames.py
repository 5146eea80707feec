"""Samples to the power spectrum of overlapping, centred, Hann-windowed frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from numpy.typing import NDArray


def hann(length: int) -> NDArray[np.float64]:
    """(length,) float64: the periodic Hann window, `scipy.signal.get_window("hann", length)`."""
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length), np.float64)


def centred(samples: NDArray[np.float32], n_fft: int, hop_length: int) -> NDArray[np.float32]:
    """Frames whose middles are `hop_length` apart from the first sample on, zeros beyond the ends.

    Args:
        samples: (n,) float32.
        n_fft: Samples of a frame.
        hop_length: Samples from one frame to the next.

    Returns:
        (frames, n_fft) float32, read-only, a view: overlapping frames share their memory.
    """
    half = n_fft // 2
    padded = np.zeros(samples.shape[0] + 2 * half, np.float32)
    padded[half : half + samples.shape[0]] = samples
    return sliding_window_view(padded, n_fft)[::hop_length]


def power_spectrum(
    frames: NDArray[np.float32], window: NDArray[np.float32] | NDArray[np.float64]
) -> NDArray[np.float32]:
    """Squared magnitude of each frame's transform.

    Args:
        frames: (frames, n_fft) float32.
        window: (n_fft,) float32 or float64; the transform is computed in the same precision.

    Returns:
        (frames, 1 + n_fft // 2) float32.
    """
    # Nothing holds the windowed frames while the squares are made: they take the memory that is given back here.
    return _squared(scipy.fft.rfft(frames * window, axis=1, workers=1))


def power(windowed: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float32]:
    """Squared magnitude of the transform of frames that a window has been put on.

    Args:
        windowed: (frames, n_fft) float32 or float64; the transform is computed in the same precision.

    Returns:
        (frames, 1 + n_fft // 2) float32.
    """
    return _squared(scipy.fft.rfft(windowed, axis=1, workers=1))


def _squared(spectrum: NDArray[Any]) -> NDArray[np.float32]:
    squared: NDArray[np.float32] = np.square(spectrum.real)
    squared += np.square(spectrum.imag)
    return squared.astype(np.float32, copy=False)
