"""The front end: one clip in, its feature columns out, with everything that does not change made beforehand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from edgesense.audio import normalize_level
from edgesense.errors import AudioError
from edgesense.features import frames, mel, mfcc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesense.features.settings import FeatureSettings


# A float32 transform rounds some 140 dB below a frame's loudest bin. What is kept lower than 80 dB, or lies 10 dB below
# something loud outside the bands, would be that rounding, so then, and only then, the transform is in float64.
_FLOAT32_RANGE_DB = 80.0
_OUTSIDE_RATIO = 10.0
# Half a MiB of windows at a time stays in a Cortex-A72's cache and in memory that the allocator keeps: a MiB was given
# back and mapped again by every call, which took half as long again. Smaller blocks cost more instructions.
_BLOCK_SAMPLES = 1 << 17


class FrontEnd:
    """Features of clips of one length, at one setting.

    Holds nothing that changes, so threads may share one.

    Args:
        settings: What to compute; only the blocks named there are computed.

    Attributes:
        settings: The same.
    """

    def __init__(self, settings: FeatureSettings) -> None:
        self.settings = settings
        self._precise_window = frames.hann(settings.n_fft)
        self._window = self._precise_window.astype(np.float32)
        weights = mel.filterbank(settings.sample_rate, settings.n_fft, settings.n_mels, settings.fmin, settings.upper)
        self._to_mel = mel.MelProduct(weights)
        used = np.flatnonzero(weights.any(axis=0))
        self._band = slice(int(used[0]), int(used[-1]) + 1)
        blocks = math.ceil(settings.frames * settings.n_fft / _BLOCK_SAMPLES)
        self._block = math.ceil(settings.frames / blocks)
        self._precise = settings.top_db is None or settings.top_db > _FLOAT32_RANGE_DB
        # With full-band settings nothing is outside: what lies in the edge bins leaks into weighted ones.
        self._whole = settings.fmin == 0.0 and settings.upper == settings.sample_rate / 2
        self._dct = mfcc.dct_matrix(settings.n_mels, settings.n_mfcc)
        self._columns: list[tuple[str, slice]] = []
        start = 0
        for name, width in settings.block_widths.items():
            self._columns.append((name, slice(start, start + width)))
            start += width
        self._mean = np.array(settings.column_mean, np.float32)
        self._scale = (1.0 / np.array(settings.column_std)).astype(np.float32)

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of one clip.

        Args:
            samples: (settings.samples,) float32, mono, in [-1, 1].

        Returns:
            (settings.frames, settings.width) float32, a column block after the other in the order of
            `settings.blocks`: `mel` in power, `logmel` in dB, `mfcc` in dB, `delta` and `delta2` in dB a frame.

        Raises:
            AudioError: The samples have another shape than the settings ask for.
        """
        return self.columns(self.mel_power(samples))

    def columns(self, power: NDArray[np.float32]) -> NDArray[np.float32]:
        """The part after the mel power: logarithm, cepstral coefficients, their slopes, and standardisation.

        Args:
            power: (settings.frames, settings.n_mels) float32, mel power of the level-normalised clip.

        Returns:
            (settings.frames, settings.width) float32, as of the whole front end.
        """
        names = set(self.settings.blocks)
        blocks = {"mel": power}
        if names - {"mel"}:
            blocks["logmel"] = mel.power_to_db(power, self.settings.top_db)
        if names - {"mel", "logmel"}:
            blocks["mfcc"] = blocks["logmel"] @ self._dct
        if "delta" in names:
            blocks["delta"] = mfcc.delta(blocks["mfcc"])
        if "delta2" in names:
            blocks["delta2"] = mfcc.delta2(blocks["mfcc"])
        result = np.empty(self.settings.shape, np.float32)
        for name, columns in self._columns:
            result[:, columns] = blocks[name]
        if self._mean.size:
            result -= self._mean
        if self._scale.size:
            result *= self._scale
        return result

    def mel_power(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mel power of one clip, the part before the logarithm.

        Args:
            samples: (settings.samples,) float32, mono, in [-1, 1].

        Returns:
            (settings.frames, settings.n_mels) float32, power of the level-normalised clip.

        Raises:
            AudioError: The samples have another shape than the settings ask for.
        """
        settings = self.settings
        if samples.shape != (settings.samples,):
            raise AudioError(
                f"it takes {settings.samples} samples ({settings.seconds:g} s at {settings.sample_rate} Hz), "
                f"not an array of shape {samples.shape}; see edgesense.audio.fit_length"
            )
        if settings.level_dbfs is not None:
            samples = normalize_level(samples, settings.level_dbfs)
        windows = frames.centred(samples, settings.n_fft, settings.hop_length)
        bands = np.empty((settings.frames, settings.n_mels), np.float32)
        for start in range(0, settings.frames, self._block):
            rows = slice(start, start + self._block)
            self._to_mel(self._power(windows[rows]), out=bands[rows])
        return bands

    def frame_bands(self, windows: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Mel power of frames that belong to no one clip, as of a stream: each is judged alone, whatever is beside it.

        Args:
            windows: (n, settings.n_fft) float32, such as a view of overlapping frames.
            rows: (m,) integers: which of them.

        Returns:
            (m, settings.n_mels) float32, power; no level is changed.
        """
        bands = np.empty((rows.shape[0], self.settings.n_mels), np.float32)
        for start in range(0, rows.shape[0], self._block):
            part = slice(start, start + self._block)
            self._to_mel(self._power_alone(windows[rows[part]]), out=bands[part])
        return bands

    def _power_alone(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._precise:
            return frames.power_spectrum(windows, self._precise_window)
        power = frames.power_spectrum(windows, self._window)
        if not self._whole:
            # A loud neighbour hides a frame's rounding in this clip, but need not be in the next.
            drowned = power.max(axis=1) > _OUTSIDE_RATIO * power[:, self._band].max(axis=1)
            if drowned.any():
                power[drowned] = frames.power_spectrum(windows[drowned], self._precise_window)
        return power

    def _power(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._precise:
            return frames.power_spectrum(windows, self._precise_window)
        power = frames.power_spectrum(windows, self._window)
        if not self._whole and power.max() > _OUTSIDE_RATIO * power[:, self._band].max():
            return frames.power_spectrum(windows, self._precise_window)
        return power
