"""Sounds that are in the room or on the tube and no sign of illness: each imitates one cue of a class.

A hum or beep is tonal like a wheeze, ticks and rustling are short like crackles, a knock or a voice is loud and
sudden like a cough, wind swells like breath.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesense.synthetic import sounds
from edgesense.synthetic.sounds import Dice, Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def speech(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """Speech, or a child's cry: a gliding voice and hissing in syllables, through formants."""
    cry = dice.chance(0.3)
    start = dice.whole(0, length // 2)
    count = min(length - start, int(dice.octaves(0.4, 2.0) * sample_rate))
    time = np.arange(count) / sample_rate
    pace = dice.between(0.8, 1.6) if cry else dice.between(2.5, 6.0)
    pitch = dice.octaves(280.0, 520.0) if cry else dice.octaves(90.0, 280.0)
    drift = dice.between(0.05, 0.25) * np.sin(2.0 * np.pi * dice.between(0.5, 2.5) * time + dice.between(0.0, 6.0))
    syllables = np.sin(np.pi * pace * time + dice.between(0.0, 3.0)) ** 2
    hiss = np.sin(np.pi * pace * time + dice.between(0.0, 3.0)) ** 8 * (0.05 if cry else dice.between(0.1, 0.7))
    wave = sounds.harmonics(pitch * (1.0 + drift), sample_rate) * syllables + dice.many(count) * hiss
    hz = sounds.points(sample_rate)
    curve = sounds.low_pass(hz, dice.octaves(500.0, 3000.0), 12.0)
    for formant in (500.0, 1500.0, 2600.0):
        curve += sounds.bump(hz, formant * dice.octaves(0.7, 1.5), 0.2, dice.between(3.0, 12.0))
    wave *= np.minimum(1.0, np.minimum(time, time[-1] - time) / 0.03)
    return Event(start, sounds.filtered(wave, curve, sample_rate), 150.0, 2500.0, snr_db)


def tone(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """A monitor's beeps: steady pitch, sudden start and end, often repeated."""
    base = dice.octaves(200.0, 2500.0)
    time = np.arange(length) / sample_rate
    wave = np.sin(2.0 * np.pi * base * time) + dice.between(0.0, 0.5) * np.sin(6.0 * np.pi * base * time)
    on, period = dice.octaves(0.06, 0.5), dice.octaves(0.25, 1.5)
    within = np.mod(time + dice.between(0.0, period), period)
    wave *= within < on
    return Event(0, wave * np.minimum(1.0, period / on) ** 0.5, base * 0.8, base * 1.25, snr_db)


def whine(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """A motor or mains hum: harmonics that hardly move and never stop."""
    mains = dice.chance(0.4)
    base = dice.pick(("50", "60"), (0.5, 0.5)) if mains else ""
    pitch = float(base) if mains else dice.octaves(100.0, 900.0)
    time = np.arange(length) / sample_rate
    turns = 2.0 * np.pi * (pitch * time + (0.0 if mains else dice.between(-4.0, 4.0)) * time**2)
    numbers = (1, 2, 3, 5) if mains else (1, 2)
    wave = np.zeros(length)
    for number in numbers:
        wave += dice.between(0.1, 1.0) * np.sin(number * turns + dice.between(0.0, 6.0))
    return Event(0, wave, pitch * 0.8, pitch * 1.25 * len(numbers), snr_db)


def knocks(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """One to four knocks against the tube or the bed: low, damped, some with a crack at the start."""
    wave = np.zeros(length)
    pitch, seconds = dice.octaves(50.0, 400.0), dice.octaves(0.01, 0.06)
    time = np.arange(int(6.0 * seconds * sample_rate)) / sample_rate
    crack = dice.between(0.0, 1.0)
    for _ in range(dice.whole(1, 4)):
        knock = np.sin(2.0 * np.pi * pitch * time) + crack * dice.many(time.shape[0]) * np.exp(-time / 0.004)
        sounds.add(wave, knock * np.exp(-time / seconds) * dice.between(0.4, 1.0), dice.whole(0, length))
    return Event(0, wave, pitch * 0.5, pitch * 4.0, snr_db - 4.0)


def ticks(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """A clock, a drip, a loose contact: equal clicks of a few milliseconds, evenly in time."""
    pitch, seconds = dice.octaves(400.0, 3000.0), dice.octaves(0.0008, 0.004)
    time = np.arange(int(6.0 * seconds * sample_rate)) / sample_rate
    click = np.sin(2.0 * np.pi * pitch * time) * np.exp(-time / seconds)
    wave = np.zeros(length)
    period = dice.octaves(0.1, 0.7)
    moment = dice.between(0.0, period)
    while moment < length / sample_rate:
        sounds.add(wave, click, int(moment * sample_rate))
        moment += period
    return Event(0, wave, pitch * 0.5, pitch * 2.0, snr_db - 8.0)


def rustle(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """Cloth or fingers on the membrane: irregular bursts of noise, 5 to 80 ms each."""
    wave = np.zeros(length)
    start, stop = sorted((dice.whole(0, length), dice.whole(0, length)))
    for _ in range(dice.whole(3, 14)):
        count = int(dice.octaves(0.005, 0.08) * sample_rate)
        unit = np.arange(count) / count
        burst = dice.many(count) * np.sqrt(unit) * (1.0 - unit) * dice.octaves(0.2, 1.0)
        sounds.add(wave, burst, dice.whole(start, stop))
    hz = sounds.points(sample_rate)
    curve = sounds.high_pass(hz, dice.octaves(60.0, 500.0), 6.0) + sounds.low_pass(hz, dice.octaves(500.0, 4000.0), 9.0)
    return Event(0, sounds.filtered(wave, curve, sample_rate), 150.0, 2500.0, snr_db - 4.0)


def wind(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """Wind or a fan: noise that swells without the pair of in and out."""
    time = np.arange(length) / sample_rate
    swell = 1.0 + dice.between(0.2, 1.0) * np.sin(2.0 * np.pi * dice.between(0.2, 1.5) * time + dice.between(0.0, 6.0))
    swell += dice.between(0.0, 0.7) * np.sin(2.0 * np.pi * dice.between(1.0, 4.0) * time + dice.between(0.0, 6.0))
    hz = sounds.points(sample_rate)
    curve = sounds.low_pass(hz, dice.octaves(80.0, 1500.0), dice.between(6.0, 15.0))
    wave = sounds.filtered(dice.many(length) * np.maximum(swell, 0.05), curve, sample_rate)
    return Event(0, wave, 60.0, 1000.0, snr_db - 4.0)


KINDS: dict[str, Callable[[Dice, int, int, float], Event]] = {
    "speech": speech,
    "tone": tone,
    "whine": whine,
    "knocks": knocks,
    "ticks": ticks,
    "rustle": rustle,
    "wind": wind,
}
WEIGHTS = (0.22, 0.13, 0.12, 0.14, 0.13, 0.14, 0.12)


def draw(dice: Dice, length: int, sample_rate: int, snr_db: float) -> Event:
    """One distractor of a drawn kind.

    Args:
        dice: Draws.
        length: Samples of the clip.
        sample_rate: Hz.
        snr_db: Level over the noise in the sound's own band.

    Returns:
        The sound; it may be shorter than the clip.
    """
    return KINDS[dice.pick(tuple(KINDS), WEIGHTS)](dice, length, sample_rate, snr_db)
