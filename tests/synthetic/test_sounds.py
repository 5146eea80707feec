from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.synthetic import sounds
from edgesense.synthetic.sounds import Dice

RATE = 16000
seeds = st.integers(0, 2**31)


@given(seeds)
def test_draws_stay_in_their_ranges(seed):
    dice = Dice(seed)
    assert -3.0 <= dice.between(-3.0, 5.0) < 5.0
    assert 20.0 <= dice.octaves(20.0, 40.0) <= 40.0
    assert dice.whole(2, 4) in {2, 3, 4}
    assert dice.pick(("a", "b"), (0.3, 0.7)) in {"a", "b"}
    assert np.abs(dice.many(50)).max() <= 1.0


def test_a_seed_of_the_same_numbers_in_another_order_is_another_seed():
    assert Dice(1, 2).between(0.0, 1.0) != Dice(2, 1).between(0.0, 1.0)


def test_white_noise_has_a_power_of_one_a_hertz():
    wave = np.fft.irfft(sounds.white(Dice(3), 64000, RATE), 64000)
    assert np.mean(wave**2) == pytest.approx(RATE / 2, rel=0.03)


def test_a_filtered_sound_loses_what_the_curve_takes():
    time = np.arange(RATE) / RATE
    low, high = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 4000 * time)
    curve = sounds.low_pass(sounds.points(RATE), 800.0, 24.0)
    kept = sounds.filtered(low + high, curve, RATE)
    assert kept[1000:-1000] == pytest.approx(low[1000:-1000], abs=0.05)


@pytest.mark.parametrize(("corner", "curve"), [(500.0, sounds.low_pass), (500.0, sounds.high_pass)])
def test_a_cut_is_3_db_down_at_its_corner(corner, curve):
    at_corner = np.interp(corner, sounds.points(RATE), curve(sounds.points(RATE), corner, 12.0))
    assert at_corner == pytest.approx(-3.0, abs=0.2)


def test_a_voice_has_its_pitch_and_harmonics():
    wave = sounds.harmonics(np.full(RATE, 200.0), RATE)
    levels = np.abs(np.fft.rfft(wave))
    assert levels[:350].argmax() == pytest.approx(200, abs=1)
    assert levels[400] == pytest.approx(levels[200] / 2, rel=0.05)


@given(seeds)
def test_a_wheeze_lasts_at_least_100_ms_and_is_loudest_in_its_band(seed):
    event = sounds.wheeze(Dice(seed), 0, RATE, 10.0)
    assert event.wave.shape[0] >= 0.1 * RATE
    levels = np.abs(np.fft.rfft(event.wave, 32000)) ** 2
    hz = np.fft.rfftfreq(32000, 1 / RATE)
    assert event.low <= hz[levels.argmax()] <= event.high


@given(seeds, st.floats(0.4, 1.8))
def test_the_first_half_cycle_of_a_crackle_is_as_short_as_asked(seed, initial_ms):
    rate = 192_000
    wave = sounds.crackle(Dice(seed), 0, rate, 10.0, initial_ms).wave
    crossing = np.flatnonzero(np.diff(np.sign(wave)))[0] / rate * 1000.0
    assert crossing == pytest.approx(initial_ms, abs=0.05)


@given(seeds)
def test_a_cough_starts_with_a_bang(seed):
    wave = sounds.cough(Dice(seed), 0, RATE, 10.0).wave
    assert np.abs(wave).argmax() < wave.shape[0] * 0.75
    assert np.mean(wave[: wave.shape[0] // 2] ** 2) > np.mean(wave[-wave.shape[0] // 10 :] ** 2)


@given(seeds)
def test_heart_sounds_lie_below_200_hz(seed):
    wave = sounds.heart(Dice(seed), 32000, RATE, 0.0).wave
    levels = np.abs(np.fft.rfft(wave)) ** 2
    assert levels[:400].sum() > 0.99 * levels.sum()


@pytest.mark.parametrize(
    ("start", "expected"),
    [(-2, [3, 0, 0, 0]), (0, [1, 2, 3, 0]), (2, [0, 0, 1, 2]), (4, [0] * 4), (-3, [0] * 4)],
)
def test_a_sound_is_cut_at_both_ends_of_the_clip(start, expected):
    total = np.zeros(4)
    sounds.add(total, np.array([1.0, 2.0, 3.0]), start)
    assert total.tolist() == expected
