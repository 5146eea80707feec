from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesense.synthetic import distractors
from edgesense.synthetic.sounds import Dice

RATE = 16000


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
@pytest.mark.parametrize("kind", distractors.KINDS)
def test_each_kind_is_finite_fits_the_clip_and_has_a_band(kind, seed):
    event = distractors.KINDS[kind](Dice(seed), 32000, RATE, 10.0)
    assert np.isfinite(event.wave).all()
    assert event.start >= 0
    assert event.start + event.wave.shape[0] <= 32000
    assert 0.0 < event.low < event.high


def test_the_weights_are_one_a_kind_and_sum_to_one():
    assert len(distractors.WEIGHTS) == len(distractors.KINDS)
    assert math.fsum(distractors.WEIGHTS) == pytest.approx(1.0)


def test_every_kind_is_drawn(monkeypatch):
    drawn = set()
    for kind in distractors.KINDS:
        monkeypatch.setitem(distractors.KINDS, kind, lambda *_, kind=kind: drawn.add(kind))
    for seed in range(100):
        distractors.draw(Dice(seed), 8000, RATE, 0.0)
    assert drawn == set(distractors.KINDS)


def test_beeps_start_and_stop_suddenly_and_a_whine_never_stops():
    beeps = distractors.tone(Dice(1), 32000, RATE, 0.0).wave
    whine = distractors.whine(Dice(1), 32000, RATE, 0.0).wave
    assert np.mean(np.abs(beeps) < 1e-12) > 0.1
    assert min(np.abs(part).max() for part in np.split(whine, 20)) > 0.05
