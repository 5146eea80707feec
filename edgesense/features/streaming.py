"""Features of a stream: a clip begins every hop, and what two clips share is computed once.

What makes a clip's features its own is left until all of it is there: its level (a gain, so a factor on the power of
each frame), the frames that reach beyond its ends, where a clip has zeros and a stream has sound, and `top_db`, which
is relative to its loudest value. The transforms of all other frames are kept from one clip to the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from edgesense import audio
from edgesense.errors import AudioError, SettingsError
from edgesense.features.front_end import FrontEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from edgesense.features.settings import FeatureSettings

# Some 200 dB below full scale; 100 dB less, which is all that the logarithm sees below it, is still a float32.
_QUIET_POWER = 1e-20
# The inverse of 2**-126, the least normal float32, is a float32, too.
_LEAST_EXPONENT = -126


@dataclass(frozen=True)
class Window:
    """One clip of a stream.

    Attributes:
        start_seconds: Where it begins, from the stream's first sample.
        features: (frames, columns) float32, as `FrontEnd` gives them for the same samples; None if all are zero.
        seconds: How long its features took to compute on this computer.
    """

    start_seconds: float
    features: NDArray[np.float32] | None
    seconds: float


class FeatureStream:
    """Features of overlapping clips of one stream, a hop apart; its memory does not grow.

    Args:
        settings: The front end's.
        hop_seconds: From the beginning of one clip to that of the next: a whole number of the settings' hop lengths,
            shorter or longer than a clip.

    Attributes:
        settings: The same.
        hop_samples: The hop in samples.

    Raises:
        SettingsError: The hop is no whole number of hop lengths; the text names the nearest that are.
    """

    def __init__(self, settings: FeatureSettings, hop_seconds: float) -> None:
        self.settings = settings
        self._hop_frames = _hop_frames(settings, hop_seconds)
        self.hop_samples = self._hop_frames * settings.hop_length
        self._front_end = FrontEnd(settings)
        half = settings.n_fft // 2
        # The zeros at both ends of the buffer are those around a clip, so a clip in it is padded already.
        padded = np.zeros(settings.samples + 2 * half, np.float32)
        self._clip = padded[half : half + settings.samples]
        self._windows = np.lib.stride_tricks.sliding_window_view(padded, settings.n_fft)[:: settings.hop_length]
        # Frames from `first` up to `end` lie within the clip and are the same in every clip that they lie within.
        self._first = -(-half // settings.hop_length)
        self._end = max(self._first, (settings.samples - settings.n_fft + half) // settings.hop_length + 1)
        self._bands = np.empty((settings.frames, settings.n_mels), np.float32)
        self._exponents = np.zeros(settings.frames, np.int32)
        self._known = 0
        self._filled = 0
        self._skip = 0
        self._start_samples = 0

    def windows(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[Window]:
        """Each clip, as soon as its last sample is there.

        Samples after the last whole clip wait for the next call, which goes on where this one ended.

        Args:
            blocks: (n,) float32, mono, in [-1, 1]: the stream's samples in blocks of any sizes, also of none.

        Yields:
            One window a hop. Features are arrays of their own; nothing of the stream is changed through them.

        Raises:
            AudioError: A block is no one-dimensional array of finite floating-point numbers. None of it is taken.
        """
        for block in blocks:
            rest = self._checked(block)
            while rest.size:
                # Not before: until here the clip of the last window is asked for again by `recomputed`.
                if self._filled == self.settings.samples:
                    self._advance()
                rest = self._take(rest)
                if self._filled == self.settings.samples:
                    started = perf_counter()
                    features = self._features()
                    seconds = perf_counter() - started
                    yield Window(self._start_samples / self.settings.sample_rate, features, seconds)

    def recomputed(self) -> NDArray[np.float32]:
        """Features of the last window's clip as `FrontEnd` gives them, to the bit; until the next window is asked for.

        Returns:
            (frames, columns) float32.
        """
        return self._front_end(self._clip)

    def _checked(self, block: object) -> NDArray[np.float32]:
        try:
            return audio.check_block(block)
        except AudioError as error:
            seconds = (self._start_samples + self._filled - self._skip) / self.settings.sample_rate
            raise AudioError(f"the block at {seconds:g} s of the stream: {error}") from error

    def _take(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put the beginning of a block where the clip lacks it; return the rest."""
        if self._skip:
            skipped = min(self._skip, block.shape[0])
            self._skip -= skipped
            return block[skipped:]
        taken = min(self._clip.shape[0] - self._filled, block.shape[0])
        self._clip[self._filled : self._filled + taken] = block[:taken]
        self._filled += taken
        return block[taken:]

    def _features(self) -> NDArray[np.float32] | None:
        level = self.settings.level_dbfs
        gain = None if level is None else audio.level_gain(self._clip, level)
        # A clip whose energy underflows has no gain and yet is no silence.
        silent = gain is None and not self._clip.any()
        self._transform(ends=not silent)
        if silent:
            return None
        factors = np.full(1, 1.0 if gain is None else float(gain) ** 2)
        if self._exponents.any():
            factors = np.ldexp(factors, 2 * self._exponents)[:, None]
        # So that silence stays silence beside what is next to nothing.
        finite = np.minimum(factors, np.finfo(np.float32).max).astype(np.float32)
        return self._front_end.columns(self._bands * finite)

    def _transform(self, *, ends: bool) -> None:
        """Bring the bands of the frames up to date: of those not known yet, and of those at the ends if asked for."""
        rows = np.arange(self._first + self._known, self._end)
        if ends:
            rows = np.concatenate([np.arange(self._first), rows, np.arange(self._end, self.settings.frames)])
        self._known = self._end - self._first
        if not rows.size:
            return
        bands = self._front_end.frame_bands(self._windows, rows)
        self._bands[rows] = bands
        self._exponents[rows] = 0
        quiet = rows[bands.max(axis=1) < _QUIET_POWER]
        if quiet.size and self._windows[quiet].any():
            self._transform_quiet(quiet)

    def _transform_quiet(self, rows: NDArray[np.intp]) -> None:
        """Frames whose power would underflow, at scales of their own: powers of two, which cost no digits."""
        windows = self._windows[rows]
        exponents = np.maximum(np.frexp(np.abs(windows).max(axis=1))[1], _LEAST_EXPONENT)
        windows *= np.ldexp(np.float32(1.0), -exponents)[:, None]
        self._bands[rows] = self._front_end.frame_bands(windows, np.arange(rows.shape[0]))
        self._exponents[rows] = exponents

    def _advance(self) -> None:
        """Move what the next clip shares with this one to its place there."""
        kept = max(0, self._clip.shape[0] - self.hop_samples)
        self._clip[:kept] = self._clip[self._clip.shape[0] - kept :]
        self._filled = kept
        self._start_samples += self.hop_samples
        self._skip = max(0, self.hop_samples - self._clip.shape[0])
        self._known = max(0, self._end - self._first - self._hop_frames)
        begin, shared = self._first + self._hop_frames, slice(self._first, self._first + self._known)
        for kind in (self._bands, self._exponents):
            kind[shared] = kind[begin : begin + self._known]


def _hop_frames(settings: FeatureSettings, hop_seconds: float) -> int:
    """A hop in frames, if it is a whole number of them."""
    length, rate = settings.hop_length, settings.sample_rate
    if isinstance(hop_seconds, bool) or not isinstance(hop_seconds, (int, float)) or not 0 < hop_seconds < math.inf:
        raise SettingsError(
            f"hop_seconds must be a number above 0, not {hop_seconds!r}; the shortest hop is {length / rate!r} s"
        )
    wanted = hop_seconds * rate / length
    count = round(wanted)
    # Rounding of a product of two doubles, no more.
    if count and abs(wanted - count) <= 1e-9 * wanted:
        return count
    near = [n for n in (math.floor(wanted), math.ceil(wanted)) if n]
    usable = " and ".join(f"{n * length / rate!r} s ({n} frames)" for n in near)
    raise SettingsError(
        f"hop_seconds={hop_seconds!r} is {wanted:.6g} hops of {length} samples at {rate} Hz, and clips share frames "
        f"only a whole number of them apart; the nearest usable: {usable}"
    )
