"""The front end works on all frames at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from edgesense.audio import normalize_level
from edgesense.features import FrontEnd, frames, mel
from edgesense.techniques import Way, as_it_is, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesense.features import FeatureSettings

INSTEAD = "a loop over frames, each a handful of NumPy calls"


def without(directory: Path) -> Way:
    """The front end as a loop over frames."""
    found = opened(directory)
    features, classify = loop(found.settings), found.stages["inference"]
    return Way(found, lambda samples: classify(features(samples)))


def applied(directory: Path) -> Way:
    """The front end as it ships."""
    return as_it_is(directory)


def loop(settings: FeatureSettings) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The front end as a loop over frames; what follows the mel power needs none.

    Args:
        settings: The front end's.

    Returns:
        What computes (frames, width) float32 of (samples,) float32, as `FrontEnd` does but for the last digits.
    """
    front_end = FrontEnd(settings)
    window = frames.hann(settings.n_fft).astype(np.float32)
    to_mel = mel.filterbank(
        settings.sample_rate, settings.n_fft, settings.n_mels, settings.fmin, settings.upper
    ).T.copy()
    half, hop = settings.n_fft // 2, settings.hop_length

    def features(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        levelled = samples if settings.level_dbfs is None else normalize_level(samples, settings.level_dbfs)
        padded = np.pad(levelled, half)
        power = []
        for index in range(settings.frames):
            spectrum = scipy.fft.rfft(padded[index * hop : index * hop + settings.n_fft] * window)
            power.append((spectrum.real**2 + spectrum.imag**2) @ to_mel)
        return front_end.columns(np.stack(power))

    return features
