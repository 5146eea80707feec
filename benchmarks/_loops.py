"""The front end as compiled loops of numba.

All compute what `FrontEnd` computes with `blocks=("mfcc", "delta", "delta2", "logmel")` and are given the same filters.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import scipy.fft

from edgesense.audio import normalize_level
from edgesense.features import FeatureSettings, frames, mel, mfcc

FrontEndCall = Callable[[np.ndarray], np.ndarray]


def weights_of(settings: FeatureSettings) -> np.ndarray:
    """Return (n_mels, bins) float32: the mel filters."""
    return mel.filterbank(settings.sample_rate, settings.n_fft, settings.n_mels, settings.fmin, settings.upper)


def columns(logmel: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return the blocks side by side; the slopes over frames are vectorised in all of them."""
    return np.concatenate([coefficients, mfcc.delta(coefficients), mfcc.delta2(coefficients), logmel], axis=1)


def numba_is_here() -> bool:
    """Return whether numba can be imported, without importing it."""
    return importlib.util.find_spec("numba") is not None


def numba_around_scipy(settings: FeatureSettings) -> FrontEndCall:
    """Return the front end as compiled loops around SciPy's transform of half a MiB of frames at a time."""
    import numba

    window = frames.hann(settings.n_fft).astype(np.float32)
    dct = mfcc.dct_matrix(settings.n_mels, settings.n_mfcc)
    low, high, weights = sparse(weights_of(settings))
    count, half, hop = settings.frames, settings.n_fft // 2, settings.hop_length

    block = (1 << 17) // settings.n_fft

    @numba.njit(fastmath=True)
    def windowed(samples: np.ndarray, begin: int, result: np.ndarray) -> None:
        result[:] = 0.0
        for t in range(result.shape[0]):
            start = (begin + t) * hop - half
            for n in range(max(0, -start), min(window.shape[0], samples.shape[0] - start)):
                result[t, n] = samples[start + n] * window[n]

    @numba.njit(fastmath=True)
    def logarithmic(spectrum: np.ndarray, result: np.ndarray) -> None:
        power = np.empty(spectrum.shape[1], np.float32)
        for t in range(result.shape[0]):
            for k in range(power.shape[0]):
                power[k] = spectrum[t, k].real ** 2 + spectrum[t, k].imag ** 2
            bands(power, low, high, weights, result[t])

    bands = numba.njit(fastmath=True)(_bands)
    clamp = numba.njit(fastmath=True)(_clamp)
    buffer = np.empty((block, settings.n_fft), np.float32)

    def features(samples: np.ndarray) -> np.ndarray:
        samples = normalize_level(samples, settings.level_dbfs)
        logmel = np.empty((count, settings.n_mels), np.float32)
        for begin in range(0, count, block):
            part = logmel[begin : begin + block]
            scratch = buffer[: part.shape[0]]
            windowed(samples, begin, scratch)
            logarithmic(scipy.fft.rfft(scratch, axis=1, workers=1), part)
        clamp(logmel, np.float32(settings.top_db))
        return columns(logmel, logmel @ dct)

    return features


def numba_alone(settings: FeatureSettings) -> FrontEndCall:
    """Return the front end as compiled loops with a radix-2 transform of their own: numba compiles none of NumPy's."""
    import numba

    window = frames.hann(settings.n_fft).astype(np.float32)
    dct = mfcc.dct_matrix(settings.n_mels, settings.n_mfcc)
    low, high, weights = sparse(weights_of(settings))
    count, length, hop = settings.frames, settings.n_fft, settings.hop_length
    half, bits = length // 2, (length // 2).bit_length() - 1
    if half != 1 << bits:
        msg = f"a radix-2 transform has a power of two of samples, not {length}"
        raise ValueError(msg)
    reverse = np.array([int(f"{index:0{bits}b}"[::-1], 2) for index in range(half)])
    turn = np.exp(-2j * np.pi * np.arange(half) / length).astype(np.complex64)

    @numba.njit(fastmath=True)
    def logarithmic(samples: np.ndarray) -> np.ndarray:
        result = np.empty((count, weights.shape[0]), np.float32)
        z, power = np.empty(half, np.complex64), np.empty(half + 1, np.float32)
        for t in range(count):
            start = t * hop - half
            # Two real samples are one complex one, so the transform is half as long.
            for n in range(half):
                first, second = start + 2 * n, start + 2 * n + 1
                real = samples[first] * window[2 * n] if 0 <= first < samples.shape[0] else np.float32(0.0)
                imaginary = samples[second] * window[2 * n + 1] if 0 <= second < samples.shape[0] else np.float32(0.0)
                z[reverse[n]] = complex(real, imaginary)
            size = 1
            while size < half:
                stride = half // size
                for block in range(0, half, 2 * size):
                    for k in range(size):
                        other = z[block + k + size] * turn[k * stride]
                        z[block + k + size] = z[block + k] - other
                        z[block + k] += other
                size *= 2
            power[0] = (z[0].real + z[0].imag) ** 2
            power[half] = (z[0].real - z[0].imag) ** 2
            for k in range(1, half):
                mirrored = z[half - k].conjugate()
                value = np.complex64(0.5) * (z[k] + mirrored) + turn[k] * (z[k] - mirrored) * np.complex64(-0.5j)
                power[k] = value.real**2 + value.imag**2
            bands(power, low, high, weights, result[t])
        return result

    bands = numba.njit(fastmath=True)(_bands)
    clamp = numba.njit(fastmath=True)(_clamp)

    def features(samples: np.ndarray) -> np.ndarray:
        logmel = logarithmic(normalize_level(samples, settings.level_dbfs))
        clamp(logmel, np.float32(settings.top_db))
        return columns(logmel, logmel @ dct)

    return features


def sparse(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the first bin of each band, one past its last, and (n_mels, widest) float32: what lies between."""
    used = [np.flatnonzero(one) for one in weights]
    low, high = np.array([one[0] for one in used]), np.array([one[-1] + 1 for one in used])
    packed = np.zeros((weights.shape[0], int((high - low).max())), np.float32)
    for band, row in enumerate(weights):
        packed[band, : high[band] - low[band]] = row[low[band] : high[band]]
    return low, high, packed


def _bands(power: np.ndarray, low: np.ndarray, high: np.ndarray, weights: np.ndarray, result: np.ndarray) -> None:
    for band in range(low.shape[0]):
        total = np.float32(0.0)
        for k in range(low[band], high[band]):
            total += power[k] * weights[band, k - low[band]]
        result[band] = np.float32(10.0) * np.log10(max(total, np.float32(1e-10)))


def _clamp(logmel: np.ndarray, top_db: float) -> None:
    floor = logmel.max() - top_db
    for t in range(logmel.shape[0]):
        for band in range(logmel.shape[1]):
            logmel[t, band] = max(logmel[t, band], floor)
