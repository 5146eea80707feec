from __future__ import annotations

import json
import re

import librosa
import numpy as np
import pytest
from hypothesis import given, settings

from edgesense.errors import SettingsError
from edgesense.features import FeatureSettings
from edgesense.testing import feature_settings


def test_the_full_settings_are_248_columns_wide():
    assert FeatureSettings.full().shape == (201, 248)


def test_the_optimized_settings_are_124_columns_wide():
    assert FeatureSettings.optimized().shape == (201, 124)


def test_the_defaults_are_the_optimized_settings():
    assert FeatureSettings() == FeatureSettings.optimized()


def test_named_settings_take_changes():
    assert FeatureSettings.full(n_mfcc=13).shape == (201, 3 * 13 + 128)


@settings(max_examples=100, deadline=None)
@given(feature_settings())
def test_settings_survive_json(wanted):
    assert FeatureSettings.from_dict(json.loads(json.dumps(wanted.to_dict()))) == wanted


@settings(max_examples=60, deadline=None)
@given(feature_settings())
def test_frames_are_librosas_count(wanted):
    samples = np.zeros(wanted.samples, np.float32)
    transform = librosa.stft(samples, n_fft=wanted.n_fft, hop_length=wanted.hop_length)
    assert wanted.frames == transform.shape[1]


def test_what_a_dict_does_not_name_keeps_its_default():
    assert FeatureSettings.from_dict({"n_mels": 32}) == FeatureSettings(n_mels=32)


@pytest.mark.parametrize(
    ("name", "near"), [("n_mel", "n_mels"), ("hop_lenght", "hop_length"), ("samplerate", "sample_rate")]
)
def test_an_unknown_name_is_refused_with_the_nearest(name, near):
    with pytest.raises(SettingsError, match=f"unknown feature setting '{name}'; did you mean '{near}'"):
        FeatureSettings.from_dict({name: 1})


def test_a_name_like_no_other_is_refused_with_all_known():
    with pytest.raises(SettingsError, match="unknown feature setting 'xyzzy'; known are sample_rate, seconds, "):
        FeatureSettings.from_dict({"xyzzy": 1})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_rate": 999}, "sample_rate must be a whole number from 1000 to 192000, not 999"),
        ({"sample_rate": 16000.0}, "sample_rate must be a whole number from 1000 to 192000, not 16000.0"),
        ({"n_fft": 15}, "n_fft must be a whole number from 16 to 65536, not 15"),
        ({"n_fft": True}, "n_fft must be a whole number from 16 to 65536, not True"),
        ({"hop_length": 0}, "hop_length must be a whole number from 1 to 65536, not 0"),
        ({"n_mels": 0}, "n_mels must be a whole number from 1 to 1024, not 0"),
        ({"n_mfcc": 65}, "n_mfcc must be a whole number from 1 to 64, not 65"),
        ({"n_mfcc": 0}, "n_mfcc must be a whole number from 1 to 64, not 0"),
        ({"seconds": float("nan")}, "seconds must be a number from 0 to 3600, not nan"),
        ({"seconds": "2"}, "seconds must be a number from 0 to 3600, not '2'"),
        ({"fmin": -1.0}, "fmin must be a number from 0 to 8000, not -1.0"),
        ({"fmax": 8001.0}, "fmax must be a number from 0 to 8000, not 8001.0"),
        ({"fmin": 500.0, "fmax": 500.0}, "fmin must be below fmax: 500 is not below 500 Hz"),
        ({"level_dbfs": 1.0}, "level_dbfs must be a number from -120 to 0, not 1.0"),
        ({"top_db": -1.0}, "top_db must be a number from 0 to 1000, not -1.0"),
        ({"seconds": 0.05}, "n_fft=1024 is longer than the clip of 800 samples"),
        ({"n_mels": 128, "n_fft": 256}, "n_mels=128 is too many for n_fft=256 at 16000 Hz: 13 bands hold no"),
        ({"blocks": ()}, "blocks must name at least one of mel, logmel, mfcc, delta, delta2, not ()"),
        ({"blocks": ("log_mel",)}, "unknown feature block 'log_mel'"),
        ({"blocks": ("mfcc", "mfcc")}, "each feature block can be named once"),
        ({"hop_length": 4001}, "deltas need 9 frames and a clip has 8"),
        ({"column_mean": (1.0,)}, "column_mean has 1 values, the features have 124 columns"),
        ({"column_mean": ("a",)}, "column_mean must be finite numbers"),
        ({"column_std": (0.0,) * 124}, "column_std must be above 0 in each column"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_the_value_and_what_is_allowed(changes, message):
    with pytest.raises(SettingsError, match=re.escape(message)):
        FeatureSettings(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_rate": 1000, "n_fft": 256, "n_mels": 20},
        {"seconds": 1024 / 16000, "blocks": ("logmel",)},
        {"n_mfcc": 64},
        {"n_mfcc": 1},
        {"fmax": 8000.0},
        {"level_dbfs": 0.0},
        {"hop_length": 4000},
        {"hop_length": 32000, "blocks": ("logmel",)},
    ],
)
def test_settings_at_the_edge_of_what_is_allowed_are_taken(changes):
    assert FeatureSettings(**changes).width > 0
