"""The embedded data set: seeded respiratory sounds with labels, the same on every machine.

How difficult they are was fixed before any model was trained, and why is told in `docs/synthetic.md`. A change of
anything here that changes a clip is a new `GENERATOR_VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import scipy.fft

from edgesense.errors import DatasetError
from edgesense.synthetic import distractors, sounds
from edgesense.synthetic.sounds import Dice, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

GENERATOR_VERSION = 1
CLASSES = ("normal", "wheeze", "crackle", "cough", "background")
Split = Literal["train", "validation", "calibration", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


_SIXTEENTHS = (np.arange(16) + 0.5) / 16.0


@dataclass(frozen=True)
class Clip:
    """One labelled sound.

    Attributes:
        samples: (n,) float32, mono, in [-1, 1), whole 16-bit steps.
        label: One of `CLASSES`.
        id: Names it for good: generator version, split and index.
    """

    samples: NDArray[np.float32]
    label: str
    id: str


@dataclass(frozen=True)
class _Phase:
    """One breathing-in or -out, in samples; it may begin before the clip or end after it."""

    start: int
    length: int
    inward: bool


def clip(split: Split, index: int, *, seconds: float = 2.0, sample_rate: int = 16000) -> Clip:
    """One clip of the embedded data set.

    Args:
        split: Which part; no two parts share a seed.
        index: From 0; classes follow one another, so that every run of five is balanced.
        seconds: Length, at least 0.5 s.
        sample_rate: Hz, at least 8000.

    Returns:
        The clip; the same arguments always give the same one.

    Raises:
        DatasetError: No such split, or a negative index, or too short or too low.
    """
    if split not in SPLITS:
        raise DatasetError(f"no split {split!r}; there are {', '.join(SPLITS)}")
    if index < 0:
        raise DatasetError(f"clips are counted from 0, not {index}")
    if seconds < 0.5 or sample_rate < 8000:
        raise DatasetError(f"clips need 0.5 s at 8000 Hz at least, not {seconds:g} s at {sample_rate} Hz")
    label = CLASSES[index % len(CLASSES)]
    dice = Dice(GENERATOR_VERSION, SPLITS.index(split), index)
    samples = _record(dice, label, round(seconds * sample_rate), sample_rate)
    return Clip(samples, label, f"v{GENERATOR_VERSION}-{split}-{index:06d}")


def clips(
    split: Split,
    count: int,
    *,
    seconds: float = 2.0,
    sample_rate: int = 16000,
    first: int = 0,
    step: int = 1,
) -> Iterator[Clip]:
    """The first `count` clips of a split, one at a time.

    Args:
        split: Which part.
        count: How many.
        seconds: Length of each.
        sample_rate: Hz.
        first: Index of the first of them that is made.
        step: Every how-manieth from there on is made.

    Yields:
        Clips in order of their index.
    """
    for index in range(first, count, step):
        yield clip(split, index, seconds=seconds, sample_rate=sample_rate)


def _record(dice: Dice, label: str, length: int, rate: int) -> NDArray[np.float32]:
    """(length,) float32: one recording of a class."""
    hz = sounds.points(rate)
    ambient = _ambient_curve(dice, hz)
    ambient -= _band_db(ambient, hz, 100.0, 1500.0)
    noise_power: Array = 10.0 ** (ambient / 10.0)
    body = np.zeros(length)
    phases = _phases(dice, length, rate)
    if label != "background":
        noise_power += _breathe(dice, body, phases, rate, dice.between(5.0, 25.0))
    noise_db = 10.0 * np.log10(noise_power)
    for event in _events(dice, label, phases, length, rate):
        level = event.snr_db + _band_db(noise_db, hz, event.low, event.high)
        strength = float(np.sqrt(np.mean(event.wave**2)))
        if strength > 0.0:
            sounds.add(body, event.wave * (10.0 ** (level / 20.0) / strength), event.start)
    return _through_stethoscope(dice, body, ambient, rate)


def _ambient_curve(dice: Dice, hz: Array) -> Array:
    """(POINTS,) dB: the colour of the room's noise, from white to steeper than red."""
    curve: Array = dice.between(-8.0, 0.0) * np.log2(hz / 1000.0)
    for _ in range(dice.whole(0, 3)):
        curve += sounds.bump(hz, dice.octaves(60.0, 5000.0), dice.between(0.2, 0.8), dice.between(-6.0, 12.0))
    return curve


def _band_db(curve_db: Array, hz: Array, low: float, high: float) -> float:
    """Power within a band of a curve of spectral density, in dB; a band narrower than a step is one step."""
    inside = np.interp(low + (min(high, hz[-1]) - low) * _SIXTEENTHS, hz, 10.0 ** (curve_db / 10.0))
    return float(10.0 * np.log10(inside.sum() / 16.0 * (high - low)))


def _phases(dice: Dice, length: int, rate: int) -> list[_Phase]:
    """Breaths that cover the clip, with the middle of a breathing-in inside it; 14 to 40 breaths a minute."""
    cycle = 60.0 / dice.octaves(14.0, 40.0) * rate
    inward = dice.between(0.3, 0.48) * cycle
    outward = (cycle - inward) * dice.between(0.75, 1.0)
    start = dice.between(0.2, 0.8) * length - inward / 2
    while start > 0:
        start -= cycle
    phases = []
    while start < length:
        phases += [_Phase(int(start), int(inward), inward=True)]
        phases += [_Phase(int(start + inward), int(outward), inward=False)]
        start += cycle
    return [phase for phase in phases if phase.start + phase.length > 0 and phase.start < length]


def _breathe(dice: Dice, body: Array, phases: list[_Phase], rate: int, snr_db: float) -> Array:
    """Add breath to a body; returns its mean power density, (POINTS,)."""
    length = body.shape[0]
    hz = sounds.points(rate)
    outward_level = dice.between(0.15, 0.9)
    corner = dice.octaves(220.0, 900.0)
    slope = dice.between(9.0, 20.0)
    resonance = sounds.bump(hz, dice.octaves(120.0, 1200.0), dice.between(0.2, 0.6), dice.between(-5.0, 8.0))
    white = sounds.white(dice, length, rate)
    density: Array = np.zeros(sounds.POINTS)
    # An envelope is smooth, so its powers are taken at every 64th sample only.
    coarse = np.arange(0, length + 64, 64)
    for inward, level in ((True, 1.0), (False, outward_level)):
        if not inward:
            corner *= dice.between(0.55, 1.0)
        curve = sounds.high_pass(hz, 70.0, 12.0) + sounds.low_pass(hz, corner, slope) + resonance
        curve += snr_db - _band_db(curve, hz, 100.0, 1500.0)
        sharpness = dice.between(0.7, 1.6) if inward else dice.between(0.5, 1.0)
        envelope = np.zeros(coarse.shape[0])
        for phase in phases:
            if phase.inward is inward:
                unit = np.clip((coarse - phase.start) / phase.length, 0.0, 1.0)
                swell = np.abs(np.sin(np.pi * (unit if inward else unit**0.65))) ** sharpness
                envelope += level * dice.between(0.8, 1.0) * swell
        noise = scipy.fft.irfft(white * sounds.gains(curve, length, rate), length, workers=1)
        noise *= np.interp(np.arange(length), coarse, envelope)
        body += noise
        density += 10.0 ** (curve / 10.0) * np.mean(envelope**2)
    return density


def _events(dice: Dice, label: str, phases: list[_Phase], length: int, rate: int) -> Iterator[Event]:
    """What is to be heard in a clip besides breath and noise."""
    breathing = label != "background"
    if dice.chance(0.6 if breathing else 0.35):
        yield sounds.heart(dice, length, rate, dice.between(-4.0, 14.0))
    if label in _SIGNS:
        yield from _SIGNS[label](dice, phases, length, rate)
    for _ in range(int(dice.pick("012", (0.55, 0.35, 0.10) if breathing else (0.20, 0.45, 0.35)))):
        yield distractors.draw(dice, length, rate, dice.between(-2.0, 13.0) if breathing else dice.between(4.0, 24.0))


def _wheezes(dice: Dice, phases: list[_Phase], length: int, rate: int) -> Iterator[Event]:
    for _ in range(dice.whole(1, 2)):
        start = _moment(dice, phases, length, rate, inward=dice.chance(0.3))
        snr_db = dice.between(11.0, 27.0)
        yield sounds.wheeze(dice, start, rate, snr_db)
        if dice.chance(0.25):
            yield sounds.wheeze(dice, start + dice.whole(0, rate // 10), rate, snr_db - dice.between(0.0, 6.0))


def _crackles(dice: Dice, phases: list[_Phase], length: int, rate: int) -> Iterator[Event]:
    initial_ms, snr_db, spread = dice.octaves(0.4, 1.8), dice.between(13.0, 26.0), dice.between(0.15, 0.7)
    for _ in range(dice.whole(1, 2)):
        start = _moment(dice, phases, length, rate, inward=dice.chance(0.75))
        for _ in range(dice.whole(4, 12)):
            moment = start + int(dice.between(0.0, spread) * rate)
            yield sounds.crackle(
                dice, moment, rate, snr_db - dice.between(0.0, 7.0), initial_ms * dice.between(0.8, 1.25)
            )


def _coughs(dice: Dice, phases: list[_Phase], length: int, rate: int) -> Iterator[Event]:
    del phases
    start, snr_db = dice.whole(0, int(0.75 * length)), dice.between(9.0, 25.0)
    for _ in range(dice.whole(1, 3)):
        yield sounds.cough(dice, start, rate, snr_db - dice.between(0.0, 6.0))
        start += int(dice.between(0.35, 0.7) * rate)


_SIGNS: dict[str, Callable[[Dice, list[_Phase], int, int], Iterator[Event]]] = {
    "wheeze": _wheezes,
    "crackle": _crackles,
    "cough": _coughs,
}


def _moment(dice: Dice, phases: list[_Phase], length: int, rate: int, *, inward: bool) -> int:
    """A sample in the first 60 % of a breathing-in or -out, at least 0.3 s before the clip's end."""
    last = length - int(0.3 * rate)
    spans = [
        (max(0, phase.start), min(last, phase.start + int(0.6 * phase.length)))
        for phase in phases
        if phase.inward is inward
    ]
    fitting = [span for span in spans if span[0] < span[1]] or [(0, last)]
    return dice.whole(*fitting[dice.whole(0, len(fitting) - 1)])


def _through_stethoscope(dice: Dice, body: Array, ambient: Array, rate: int) -> NDArray[np.float32]:
    """Room noise, the instrument's response, its own noise, gain, clipping and 16-bit steps."""
    length = body.shape[0]
    hz = sounds.points(rate)
    response = sounds.high_pass(hz, dice.octaves(20.0, 90.0), 12.0)
    response += sounds.low_pass(hz, dice.octaves(900.0, 6000.0), dice.between(12.0, 36.0))
    for _ in range(3):
        response += sounds.bump(hz, dice.octaves(80.0, 3000.0), dice.between(0.15, 0.5), dice.between(-6.0, 6.0))
    sensor = dice.between(-75.0, -45.0)
    noise = 10.0 * np.log10(10.0 ** ((ambient + response) / 10.0) + 10.0 ** (sensor / 10.0))
    transform = scipy.fft.rfft(body, workers=1)
    transform *= sounds.gains(response, length, rate)
    transform += sounds.white(dice, length, rate) * sounds.gains(noise, length, rate)
    wave = scipy.fft.irfft(transform, length, workers=1)
    level = 10.0 ** (dice.between(-45.0, -20.0) / 20.0)
    wave *= level / np.sqrt(np.mean(wave**2))
    return np.asarray(np.clip(np.rint(wave * 32768.0), -32768.0, 32767.0) / 32768.0, np.float32)
