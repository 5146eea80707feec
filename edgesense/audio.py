"""Audio: read it, resample it, bring it to a length and level, and refuse what no model should hear."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.errors import AudioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesense.features.settings import FeatureSettings


def read(path: str | Path, sample_rate: int) -> NDArray[np.float32]:
    """A recording as mono samples of the wanted rate.

    Args:
        path: A WAV, FLAC or other file that libsndfile reads, of any rate and number of channels.
        sample_rate: Hz wanted; other rates are resampled with soxr's high quality.

    Returns:
        (n,) float32, the mean of the channels, in [-1, 1].

    Raises:
        AudioError: The file is missing, no audio, or empty, or the `audio` extra is not installed.
    """
    try:
        import soundfile
        import soxr
    except ImportError as error:
        raise AudioError(f"reading audio needs {error.name}: pip install 'pytest-edgesense[audio]'") from error
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"no such audio file: {path}")
    try:
        channels, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise AudioError(f"cannot read {path} as audio: {error}") from error
    if not channels.size:
        raise AudioError(f"{path} holds no samples")
    samples: NDArray[np.float32] = channels.mean(axis=1, dtype=np.float32)
    if rate != sample_rate:
        samples = soxr.resample(samples, rate, sample_rate, quality="HQ")
        if not samples.size:
            raise AudioError(f"{path} is too short: {channels.shape[0]} samples at {rate} Hz")
    np.clip(samples, -1.0, 1.0, out=samples)
    return samples


def fit_length(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """The middle of a longer clip, or a shorter one with silence on both sides.

    Args:
        samples: (n,) float32.
        length: Samples wanted.

    Returns:
        (length,) float32; the odd sample of silence or crop goes to the end.
    """
    missing = length - samples.shape[0]
    if missing <= 0:
        start = -missing // 2
        return samples[start : start + length]
    result = np.zeros(length, np.float32)
    start = missing // 2
    result[start : start + samples.shape[0]] = samples
    return result


def level_gain(samples: NDArray[np.float32], dbfs: float) -> np.float32 | None:
    """The factor that brings a sound to a given root mean square.

    Args:
        samples: (n,) float32.
        dbfs: Wanted level in dB of full scale: -20 is a root mean square of 0.1.

    Returns:
        The factor; None for silence, which no factor brings anywhere.
    """
    energy = float(np.dot(samples, samples))
    if energy <= 0.0:
        return None
    return np.float32(10.0 ** (dbfs / 20.0) * (samples.shape[0] / energy) ** 0.5)


def normalize_level(samples: NDArray[np.float32], dbfs: float) -> NDArray[np.float32]:
    """The same sound at a given root mean square.

    Args:
        samples: (n,) float32.
        dbfs: Wanted level in dB of full scale: -20 is a root mean square of 0.1.

    Returns:
        (n,) float32, not limited to [-1, 1]; silence stays silence.
    """
    gain = level_gain(samples, dbfs)
    return samples if gain is None else samples * gain


def check(samples: object, sample_rate: int, settings: FeatureSettings) -> NDArray[np.float32]:
    """Refuse audio that would only look like a result.

    Args:
        samples: What was handed in.
        sample_rate: Its rate in Hz.
        settings: What the pipeline was built for.

    Returns:
        (n,) float32, the same samples.

    Raises:
        AudioError: They are no one-dimensional array of floating-point numbers, empty, not finite, silent, or of
            another rate.
    """
    mono = _mono(samples)
    if not mono.size:
        raise AudioError("the audio is empty")
    if sample_rate != settings.sample_rate:
        raise AudioError(f"the audio has {sample_rate} Hz, the pipeline takes {settings.sample_rate} Hz; resample it")
    _refuse_not_finite(mono)
    if not mono.any():
        raise AudioError(f"the audio is silent: all {mono.size} samples are zero")
    return mono.astype(np.float32, copy=False)


def check_block(samples: object) -> NDArray[np.float32]:
    """Refuse a part of a stream that is no audio; unlike a whole clip it may be empty or silent.

    Args:
        samples: What was handed in.

    Returns:
        (n,) float32, the same samples.

    Raises:
        AudioError: They are no one-dimensional array of floating-point numbers, or not finite.
    """
    mono = _mono(samples)
    # A microphone's blocks are many and short; their energy tells NaN and infinity in one pass.
    if mono.dtype != np.float32 or not np.dot(mono, mono) < np.inf:
        _refuse_not_finite(mono)
    return mono.astype(np.float32, copy=False)


def _mono(samples: object) -> NDArray[np.floating[Any]]:
    if not isinstance(samples, np.ndarray):
        raise AudioError(f"audio must be a NumPy array of float32 samples, not {type(samples).__name__}")
    if samples.dtype not in (np.float32, np.float64):
        raise AudioError(f"audio must be float32 in [-1, 1], not {samples.dtype}; divide 16-bit samples by 32768")
    if samples.ndim != 1:
        raise AudioError(f"audio must be mono, of shape (n,), not {samples.shape}; take the mean of its channels")
    return samples


def _refuse_not_finite(samples: NDArray[np.floating[Any]]) -> None:
    if not np.isfinite(samples).all():
        raise AudioError(f"the audio holds {np.count_nonzero(~np.isfinite(samples))} samples that are NaN or infinite")
