"""The sounds a stethoscope picks up, each from a few drawn parameters: material for `edgesense.synthetic`.

Only `Generator.random` is drawn from, whose stream does not change between NumPy releases, and all is computed in
float64, so that every machine makes the same sounds to well below one 16-bit step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

POINTS = 40
"""Points of a spectral curve, evenly spaced in octaves from 20 Hz to half the sample rate."""


class Dice:
    """Random draws of one clip."""

    def __init__(self, *seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))

    def between(self, low: float, high: float) -> float:
        """Evenly from [low, high)."""
        return low + (high - low) * self._generator.random()

    def octaves(self, low: float, high: float) -> float:
        """Evenly on a logarithmic scale, as frequencies and durations are."""
        return float(low * (high / low) ** self._generator.random())

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self._generator.random() < probability)

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both possible."""
        return low + int((high - low + 1) * self._generator.random())

    def pick(self, items: Sequence[str], weights: Sequence[float]) -> str:
        """One of the items; weights sum to 1."""
        reached, drawn = 0.0, self._generator.random()
        for item, weight in zip(items, weights, strict=True):
            reached += weight
            if drawn < reached:
                return item
        return items[-1]

    def many(self, count: int) -> Array:
        """(count,) float64, evenly from [-1, 1)."""
        return 2.0 * self._generator.random(count) - 1.0


@dataclass(frozen=True)
class Event:
    """A sound with a start, and the band in which its level is set against the noise.

    Attributes:
        start: Sample at which it starts.
        wave: (m,) float64; its root mean square over its own length is what `snr_db` is about.
        low: Lower edge of its band in Hz.
        high: Upper edge of its band in Hz.
        snr_db: Level over the noise in that band.
    """

    start: int
    wave: Array
    low: float
    high: float
    snr_db: float


@lru_cache(maxsize=8)
def points(sample_rate: int) -> Array:
    """(POINTS,) float64, Hz: where spectral curves are given."""
    return np.asarray(20.0 * (sample_rate / 40.0) ** (np.arange(POINTS) / (POINTS - 1)), np.float64)


@lru_cache(maxsize=64)
def _bin_positions(length: int, sample_rate: int) -> Array:
    hz = np.maximum(scipy.fft.rfftfreq(length, 1.0 / sample_rate), 20.0)
    return np.asarray(np.log(hz / 20.0) / np.log(sample_rate / 40.0) * (POINTS - 1), np.float64)


def gains(curve_db: Array, length: int, sample_rate: int) -> Array:
    """(length // 2 + 1,) float64: a spectral curve in dB as a factor for each bin of a transform of that length."""
    positions = _bin_positions(length, sample_rate)
    return np.asarray(np.interp(positions, np.arange(POINTS), 10.0 ** (curve_db / 20.0)), np.float64)


def low_pass(hz: Array, corner: float, db_per_octave: float) -> Array:
    """(POINTS,) dB: flat below the corner, falling above."""
    return np.asarray(-10.0 * np.log10(1.0 + (hz / corner) ** (db_per_octave / 3.0)), np.float64)


def high_pass(hz: Array, corner: float, db_per_octave: float) -> Array:
    """(POINTS,) dB: rising below the corner, flat above."""
    return np.asarray(-10.0 * np.log10(1.0 + (corner / hz) ** (db_per_octave / 3.0)), np.float64)


def bump(hz: Array, centre: float, octaves: float, peak_db: float) -> Array:
    """(POINTS,) dB: a resonance, or with a negative peak a hollow."""
    return np.asarray(peak_db * np.exp(-0.5 * (np.log2(hz / centre) / octaves) ** 2), np.float64)


def white(dice: Dice, length: int, sample_rate: int) -> NDArray[np.complex128]:
    """(length // 2 + 1,) complex128: the transform of stationary white noise of power 1 a Hz."""
    # The real and imaginary parts are even in [-1, 1), of mean square 2/3 together.
    transform = dice.many(2 * (length // 2 + 1)).view(np.complex128)
    transform *= np.sqrt(0.75 * sample_rate * length)
    return transform


def filtered(wave: Array, curve_db: Array, sample_rate: int) -> Array:
    """(m,) float64: a short sound through a spectral curve."""
    length = scipy.fft.next_fast_len(wave.shape[0], real=True)
    transform = scipy.fft.rfft(wave, length, workers=1)
    transform *= gains(curve_db, length, sample_rate)
    result: Array = scipy.fft.irfft(transform, length, workers=1)[: wave.shape[0]]
    return result


def harmonics(frequency: Array, sample_rate: int) -> Array:
    """(m,) float64 in [-1, 1): a sawtooth that follows a frequency in Hz, as vocal folds roughly do."""
    turns = np.cumsum(frequency) / sample_rate
    return np.asarray(2.0 * (turns - np.floor(turns)) - 1.0, np.float64)


def wheeze(dice: Dice, start: int, sample_rate: int, snr_db: float) -> Event:
    """A wheeze or rhonchus: a narrow, gliding tone of at least 100 ms with few harmonics (Sovijarvi et al., 2000)."""
    seconds = dice.octaves(0.2, 0.9)
    base = dice.octaves(120.0, 900.0)
    unit = np.arange(int(seconds * sample_rate)) / (seconds * sample_rate)
    glide, waver = dice.between(-0.22, 0.22), dice.between(0.0, 0.03)
    frequency = base * (
        1.0 + glide * (unit - 0.5) + waver * np.sin(2.0 * np.pi * (dice.between(2.0, 6.0) * seconds * unit))
    )
    phase = 2.0 * np.pi * np.cumsum(frequency) / sample_rate
    wave = np.sin(phase)
    for number, most in ((2, 0.5), (3, 0.25)):
        if dice.chance(0.7):
            wave += dice.between(0.0, most) * np.sin(number * phase)
    envelope = np.minimum(1.0, np.minimum(unit, 1.0 - unit) * dice.between(3.0, 8.0))
    envelope *= 1.0 + dice.between(0.0, 0.35) * np.sin(2.0 * np.pi * (dice.between(3.0, 9.0) * seconds * unit))
    return Event(start, wave * envelope, base * 0.8, base * 1.25, snr_db)


def crackle(dice: Dice, start: int, sample_rate: int, snr_db: float, initial_ms: float) -> Event:
    """One crackle: a few cycles that slow down and die away.

    Kiyokawa et al. (2001): sin(4 pi t^a) * (1 + cos(2 pi (t^0.5 - 0.5))) / 2 over a unit of time, where a makes the
    first half cycle as short as wanted; the whole lasts about eight times as long.
    """
    length_ms = initial_ms * dice.between(7.0, 10.0)
    count = max(8, int(length_ms * sample_rate / 1000.0))
    unit = (np.arange(count) + 0.5) / count
    exponent = np.log(0.25) / np.log(initial_ms / length_ms)
    wave = np.sin(4.0 * np.pi * unit**exponent) * (0.5 + 0.5 * np.cos(2.0 * np.pi * (np.sqrt(unit) - 0.5)))
    middle = 500.0 / initial_ms
    sign = 1.0 if dice.chance(0.5) else -1.0
    return Event(start, sign * wave, middle * 0.4, middle * 1.6, snr_db)


def cough(dice: Dice, start: int, sample_rate: int, snr_db: float) -> Event:
    """One cough: an explosive burst, a noisy decay, and often a voiced end (Korpas et al., 1996)."""
    burst, decay, voiced = dice.between(0.02, 0.06), dice.between(0.1, 0.25), dice.between(0.06, 0.2)
    seconds = burst + decay + voiced
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    envelope = np.minimum(1.0, time / dice.between(0.004, 0.015)) * np.exp(-np.maximum(0.0, time - burst) / decay * 2.0)
    wave = dice.many(time.shape[0]) * envelope
    if dice.chance(0.7):
        within = np.clip((time - burst - 0.5 * decay) / (0.5 * decay + voiced), 0.0, 1.0)
        pitch = dice.octaves(140.0, 450.0) * (1.0 - 0.3 * within)
        wave += dice.between(0.2, 0.9) * harmonics(pitch, sample_rate) * np.sin(np.pi * within) ** 2
    wave *= np.minimum(1.0, (time[-1] - time) / 0.02)
    hz = points(sample_rate)
    size = dice.octaves(0.85, 1.5)
    curve = high_pass(hz, dice.octaves(120.0, 350.0), 12.0) + low_pass(hz, dice.octaves(1200.0, 4000.0), 9.0)
    for formant in (550.0, 1500.0, 2700.0):
        curve += bump(hz, formant * size * dice.between(0.85, 1.15), 0.2, dice.between(2.0, 9.0))
    return Event(start, filtered(wave, curve, sample_rate), 200.0, 3000.0, snr_db)


def heart(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """Heart sounds: a low first and a shorter, higher second sound a beat, 60 to 140 beats a minute."""
    period = 60.0 / dice.octaves(60.0, 140.0)
    second = dice.between(0.3, 0.42) * period
    pitch, loudness = dice.between(30.0, 70.0), dice.between(0.3, 1.0)
    wave = np.zeros(length)
    time = np.arange(int(0.14 * sample_rate)) / sample_rate - 0.07
    sounds = [
        np.sin(2.0 * np.pi * hz * time) * np.exp(-0.5 * (time / width) ** 2) * level
        for hz, width, level in ((pitch, 0.02, 1.0), (pitch * dice.between(1.1, 1.6), 0.014, loudness))
    ]
    beat = -dice.between(0.0, period)
    while beat < length / sample_rate:
        for sound, offset in zip(sounds, (0.0, second), strict=True):
            add(wave, sound, int((beat + offset) * sample_rate))
        beat += period * dice.between(0.97, 1.03)
    return Event(0, wave, 20.0, 150.0, snr_db)


def add(total: Array, wave: Array, start: int) -> None:
    """Add a sound in place, cut at both ends of the clip."""
    first, last = max(start, 0), min(start + wave.shape[0], total.shape[0])
    if first < last:
        total[first:last] += wave[first - start : last - start]
