from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesense.features import FeatureSettings
from edgesense.testing import CLIP_KINDS, _clip, clips, feature_settings


@given(st.integers(1, 3000).flatmap(lambda count: st.tuples(st.just(count), clips(count))))
def test_clips_are_mono_float32_within_full_scale_and_not_silent(drawn):
    count, samples = drawn
    assert samples.shape == (count,)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1.0
    assert samples.any()


@pytest.mark.parametrize("kind", CLIP_KINDS)
def test_each_kind_of_clip_is_made_the_same_again_from_its_seed(kind):
    assert np.array_equal(_clip(500, kind, 3, -6.0), _clip(500, kind, 3, -6.0))


def test_silence_is_drawn_when_asked_for():
    assert not _clip(100, "silence", 0, 0.0).any()


@settings(max_examples=100, deadline=None)
@given(feature_settings())
def test_drawn_settings_are_valid_and_of_at_most_400_frames(wanted):
    assert isinstance(wanted, FeatureSettings)
    assert 9 <= wanted.frames <= 400


@settings(max_examples=40, deadline=None)
@given(feature_settings(sample_rate=16000, n_fft=512, hop_length=160, n_mels=32, blocks=("logmel",)))
def test_fixed_settings_stay_as_they_are(wanted):
    assert (wanted.sample_rate, wanted.n_fft, wanted.hop_length, wanted.n_mels) == (16000, 512, 160, 32)
    assert wanted.blocks == ("logmel",)


def test_without_hypothesis_the_strategies_say_what_to_install():
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import edgesense.testing\n"
        "try:\n    edgesense.testing.clips()\n"
        "except ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'pytest-edgesense[testing]'" in done.stdout
