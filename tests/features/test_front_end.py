"""The front end against librosa, whose results are the definition of these features.

"Within 1e-4" is of the largest magnitude of each array: max |ours - librosa's| <= 1e-4 * max |librosa's|. Mel power is
also compared value by value where it is at most 40 dB below the clip's loudest. Deltas of a clip that does not change
are differences of equal numbers, of which nothing is left but the rounding of the float32 coefficients they are taken
from; so they, and only they, may also differ by 1e-6 of the largest coefficient.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import librosa
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesense.audio import normalize_level
from edgesense.errors import AudioError
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.features.settings import BLOCKS
from edgesense.testing import clips, feature_settings

RELATIVE = 1e-4
thorough = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def reference(wanted: FeatureSettings, samples):
    if wanted.level_dbfs is not None:
        samples = normalize_level(samples, wanted.level_dbfs)
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=wanted.sample_rate,
        n_fft=wanted.n_fft,
        hop_length=wanted.hop_length,
        n_mels=wanted.n_mels,
        fmin=wanted.fmin,
        fmax=wanted.fmax,
    )
    decibels = librosa.power_to_db(power, top_db=wanted.top_db)
    mfcc = librosa.feature.mfcc(S=decibels, n_mfcc=wanted.n_mfcc)
    return {
        "mel": power.T,
        "logmel": decibels.T,
        "mfcc": mfcc.T,
        "delta": librosa.feature.delta(mfcc).T,
        "delta2": librosa.feature.delta(mfcc, order=2).T,
    }


def columns(wanted: FeatureSettings, features):
    ends = np.cumsum(list(wanted.block_widths.values()))
    return dict(zip(wanted.blocks, np.split(features, ends[:-1], axis=1), strict=True))


def assert_equal_to_librosa(wanted: FeatureSettings, samples):
    expected = reference(wanted, samples)
    features = FrontEnd(wanted)(samples)
    assert features.shape == wanted.shape
    assert features.dtype == np.float32
    for name, found in columns(wanted, features).items():
        allowed = RELATIVE * np.abs(expected[name]).max()
        if name.startswith("delta"):
            allowed = max(allowed, 1e-6 * np.abs(expected["mfcc"]).max())
        assert found.shape == expected[name].shape
        assert np.abs(found - expected[name]).max() <= allowed, name


@thorough
@given(st.data())
def test_every_block_equals_librosa_over_the_settings_grid(data):
    wanted = data.draw(feature_settings(blocks=BLOCKS))
    assert_equal_to_librosa(wanted, data.draw(clips(wanted.samples, silence=True)))


@pytest.mark.parametrize("wanted", [FeatureSettings.full(), FeatureSettings.optimized()], ids=["full", "optimized"])
@settings(max_examples=25, deadline=None)
@given(samples=clips(32000, silence=True))
def test_the_named_settings_equal_librosa(wanted, samples):
    assert_equal_to_librosa(wanted, samples)


@thorough
@given(st.data())
def test_mel_power_equals_librosa_value_by_value_in_the_upper_40_db(data):
    wanted = data.draw(feature_settings(blocks=("mel",)))
    samples = data.draw(clips(wanted.samples))
    expected = reference(wanted, samples)["mel"]
    loud = expected > 1e-4 * expected.max()
    assert (np.abs(FrontEnd(wanted)(samples) - expected)[loud] <= RELATIVE * expected[loud]).all()


def test_mfcc_equals_librosa_from_samples_with_its_defaults():
    wanted = FeatureSettings.optimized(blocks=("mfcc",), level_dbfs=None)
    samples = np.random.default_rng(3).uniform(-0.5, 0.5, wanted.samples).astype(np.float32)
    expected = librosa.feature.mfcc(y=samples, sr=16000, n_mfcc=20, n_fft=1024, hop_length=160, n_mels=64).T
    assert np.abs(FrontEnd(wanted)(samples) - expected).max() <= RELATIVE * np.abs(expected).max()


def test_a_loud_offset_outside_the_bands_does_not_drown_them():
    wanted = FeatureSettings(n_fft=512, n_mels=40, fmin=125.0, fmax=3000.0, blocks=("logmel",), level_dbfs=None)
    noise = np.random.default_rng(5).uniform(-1e-4, 1e-4, wanted.samples)
    assert_equal_to_librosa(wanted, (0.9 + noise).astype(np.float32))


@settings(max_examples=30, deadline=None)
@given(samples=clips(16000), gain_db=st.floats(-30.0, 0.0))
def test_features_do_not_depend_on_the_gain(samples, gain_db):
    front_end = FrontEnd(FeatureSettings.optimized(seconds=1.0))
    louder = front_end(samples)
    quieter = front_end(samples * np.float32(10 ** (gain_db / 20)))
    assert np.abs(louder - quieter).max() <= 1e-3 * np.abs(louder).max()


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_each_block_is_the_same_alone_as_among_others(data):
    wanted = data.draw(feature_settings(n_fft=512, blocks=BLOCKS))
    samples = data.draw(clips(wanted.samples))
    together = columns(wanted, FrontEnd(wanted)(samples))
    for name in BLOCKS:
        alone = FrontEnd(dataclasses.replace(wanted, blocks=(name,)))(samples)
        assert np.array_equal(alone, together[name])


def test_columns_are_standardised_with_the_learned_mean_and_deviation():
    plain = FeatureSettings.optimized(blocks=("logmel",))
    mean, deviation = np.linspace(-50.0, -20.0, 64), np.linspace(1.0, 9.0, 64)
    learned = dataclasses.replace(plain, column_mean=tuple(mean), column_std=tuple(deviation))
    samples = np.random.default_rng(7).uniform(-0.5, 0.5, plain.samples).astype(np.float32)
    expected = (FrontEnd(plain)(samples) - mean) / deviation
    assert FrontEnd(learned)(samples) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_one_front_end_gives_the_same_for_a_clip_whatever_came_before():
    front_end = FrontEnd(FeatureSettings.optimized(seconds=0.5))
    generator = np.random.default_rng(1)
    first, second = generator.uniform(-1.0, 1.0, (2, 8000)).astype(np.float32)
    alone = front_end(first)
    front_end(second)
    assert np.array_equal(front_end(first), alone)


def test_the_samples_are_left_as_they_were():
    samples = np.random.default_rng(1).uniform(-1.0, 1.0, 32000).astype(np.float32)
    before = samples.copy()
    FrontEnd(FeatureSettings.optimized())(samples)
    assert np.array_equal(samples, before)


@pytest.mark.parametrize("shape", [(31999,), (32001,), (1, 32000), ()])
def test_samples_of_another_shape_are_refused(shape):
    with pytest.raises(AudioError, match=r"takes 32000 samples \(2 s at 16000 Hz\), not an array of shape"):
        FrontEnd(FeatureSettings.optimized())(np.zeros(shape, np.float32))


def test_the_front_end_needs_nothing_heavy():
    code = (
        "import sys, numpy; from edgesense.features import FeatureSettings, FrontEnd;"
        "FrontEnd(FeatureSettings())(numpy.ones(32000, numpy.float32));"
        "print({'librosa', 'numba', 'scipy.signal', 'scipy.sparse', 'soundfile'} & set(sys.modules) or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"
