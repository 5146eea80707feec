"""The front end in C gives what the one in Python gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgesense import audio, pipeline_file, synthetic
from edgesense.errors import SettingsError
from edgesense.export import _front_end
from edgesense.features import FeatureSettings, FrontEnd, footprint
from edgesense.tiny_pipeline import TINY_SETTINGS

SHIPPED = Path(__file__).parents[2] / "models"
CLOSE = 1e-3
OK, TOO_FEW, SILENT, NOT_FINITE = 0, -1, -2, -3

OTHERS = {
    "tiny": TINY_SETTINGS,
    "every block": FeatureSettings(blocks=("mel", "mfcc", "delta", "delta2", "logmel"), n_mels=40, n_mfcc=13),
    "cepstrum alone": FeatureSettings(blocks=("mfcc",), n_fft=512, n_mels=32, n_mfcc=13),
    "power alone": FeatureSettings(blocks=("mel",), top_db=None),
    "no level": FeatureSettings(blocks=("logmel",), level_dbfs=None),
    "a band": FeatureSettings(blocks=("logmel",), fmin=100.0, fmax=4000.0, n_mels=40),
    "a hop that divides nothing": FeatureSettings(blocks=("logmel",), hop_length=173, top_db=60.0),
}


def clips(settings: FeatureSettings, count: int = 10) -> list[np.ndarray]:
    found = synthetic.clips("test", count, seconds=settings.seconds, sample_rate=settings.sample_rate)
    return [clip.samples for clip in found]


def worst(front_end, settings: FeatureSettings) -> float:
    reference, found = FrontEnd(settings), 0.0
    for clip in clips(settings):
        assert front_end.push(clip) == OK
        found = max(found, float(np.abs(front_end.features() - reference(clip)).max()))
    return found


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SHIPPED.glob("*-int8/pipeline.json")))
def test_each_committed_front_end_is_the_same_in_c(name: str, compiled) -> None:
    settings = pipeline_file.read(SHIPPED / name).features
    assert worst(compiled(settings), settings) < CLOSE


@pytest.mark.parametrize("name", OTHERS)
def test_each_other_kind_of_front_end_is_the_same_in_c(name: str, compiled) -> None:
    settings = OTHERS[name]
    assert worst(compiled(settings), settings) < CLOSE


def test_it_does_not_matter_in_which_blocks_samples_come(compiled) -> None:
    front_end = compiled(TINY_SETTINGS)
    clip = clips(TINY_SETTINGS, 1)[0]
    front_end.push(clip)
    whole = front_end.features()
    assert front_end.in_blocks(clip, (1, 160, 7, 1000)) == OK
    assert np.array_equal(front_end.features(), whole)


def test_sixteen_bit_samples_are_taken_as_their_share_of_full_scale(compiled) -> None:
    front_end = compiled(TINY_SETTINGS)
    stored = np.rint(clips(TINY_SETTINGS, 1)[0] * 32767).astype(np.int16)
    front_end.push(stored)
    found = front_end.features()
    front_end.push(stored.astype(np.float32) / 32768)
    assert np.array_equal(front_end.features(), found)


def test_a_clip_does_not_hear_the_one_before_it(compiled) -> None:
    front_end = compiled(TINY_SETTINGS)
    first, second = clips(TINY_SETTINGS, 2)
    front_end.push(second)
    alone = front_end.features()
    front_end.push(first)
    front_end.push(second)
    assert np.array_equal(front_end.features(), alone)


def test_what_comes_after_the_clip_is_left_out(compiled) -> None:
    front_end = compiled(TINY_SETTINGS)
    clip = clips(TINY_SETTINGS, 1)[0]
    front_end.push(clip)
    alone = front_end.features()
    assert front_end.push(np.concatenate([clip, np.ones(500, np.float32)])) == OK
    assert np.array_equal(front_end.features(), alone)


def test_what_has_no_features_is_told(compiled) -> None:
    front_end = compiled(TINY_SETTINGS)
    samples = TINY_SETTINGS.samples
    assert front_end.push(np.ones(samples - 1, np.float32)) == TOO_FEW
    assert front_end.push(np.zeros(samples, np.float32)) == SILENT
    broken = np.ones(samples, np.float32)
    broken[7] = np.nan
    assert front_end.push(broken) == NOT_FINITE
    assert front_end.push(np.full(samples, np.inf, np.float32)) == NOT_FINITE
    assert front_end.push(np.ones(samples, np.float32)) == OK


def test_it_does_not_matter_how_loud_a_clip_is(compiled) -> None:
    front_end = compiled(TINY_SETTINGS)
    clip = clips(TINY_SETTINGS, 1)[0]
    front_end.push(clip)
    loud = front_end.features()
    front_end.push(audio.normalize_level(clip, -60.0))
    assert np.abs(front_end.features() - loud).max() < CLOSE


@pytest.mark.parametrize("name", OTHERS)
def test_the_footprint_is_what_the_compiler_makes_of_it(name: str, compiled) -> None:
    assert compiled(OTHERS[name]).bytes == footprint.of(OTHERS[name]).ram_bytes


def test_numbers_are_rounded_to_even_and_saturate(compiled) -> None:
    values = np.array([0.0, 0.025, 0.075, -0.025, 6.5, 7.0, -6.25, -7.0, 1e9], np.float32)
    expected = np.clip(np.rint(values * np.float32(20.0) + np.float32(-3.0)), -128, 127).astype(np.int8)
    assert compiled(TINY_SETTINGS).quantised(values).tolist() == expected.tolist()


def test_a_front_end_that_c_cannot_compute_is_refused() -> None:
    with pytest.raises(SettingsError, match="powers of two"):
        _front_end.settings(FeatureSettings(n_fft=400, n_mels=32, n_mfcc=13))
