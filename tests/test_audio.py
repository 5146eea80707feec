from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edgesense import audio
from edgesense.datasets import manifest
from edgesense.errors import AudioError
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.testing import clips


def tone(rate, seconds=0.5, hz=500.0):
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_a_recording_of_any_rate_is_the_same_sound_at_the_wanted_one(tmp_path, suffix, rate):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(rate), rate)
    samples = audio.read(path, 16000)
    assert samples.dtype == np.float32
    assert samples.shape == (8000,)
    assert samples[800:-800] == pytest.approx(tone(16000)[800:-800], abs=2e-3)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_are_averaged(tmp_path, channels):
    path = tmp_path / "channels.wav"
    levels = np.arange(1, channels + 1) / 10
    soundfile.write(path, np.tile(levels, (1000, 1)), 16000, subtype="FLOAT")
    assert audio.read(path, 16000) == pytest.approx(np.full(1000, levels.mean()), abs=1e-6)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"])
def test_sample_formats_are_read_on_one_scale(tmp_path, subtype):
    path = tmp_path / "format.wav"
    soundfile.write(path, tone(16000), 16000, subtype=subtype)
    assert audio.read(path, 16000) == pytest.approx(tone(16000), abs=1e-2)


def test_samples_stay_within_full_scale(tmp_path):
    path = tmp_path / "square.wav"
    soundfile.write(path, np.sign(tone(8000, hz=440.0)) * 0.999, 8000)
    assert np.abs(audio.read(path, 16000)).max() <= 1.0


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(AudioError, match=r"no such audio file: .*gone\.wav"):
        audio.read(tmp_path / "gone.wav", 16000)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is no audio" * 100])
def test_a_file_that_is_no_audio_is_refused_by_name(tmp_path, content):
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"cannot read .*bad\.wav as audio"):
        audio.read(path, 16000)


def test_a_recording_without_samples_is_refused(tmp_path):
    path = tmp_path / "empty.wav"
    soundfile.write(path, np.zeros(0), 16000)
    with pytest.raises(AudioError, match=r"empty\.wav holds no samples"):
        audio.read(path, 16000)


def test_without_the_audio_extra_reading_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(AudioError, match=r"pip install 'pytest-edgesense\[audio\]'"):
        audio.read(tmp_path / "a.wav", 16000)


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_longer_clip_is_cropped_to_its_middle(length, extra):
    samples = np.arange(length + extra, dtype=np.float32)
    start = extra // 2
    assert np.array_equal(audio.fit_length(samples, length), samples[start : start + length])


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_shorter_clip_gets_silence_on_both_sides(count, missing):
    fitted = audio.fit_length(np.ones(count, np.float32), count + missing)
    before = missing // 2
    assert fitted.tolist() == [0.0] * before + [1.0] * count + [0.0] * (missing - before)


@given(clips(400), st.floats(-60.0, 0.0))
def test_a_normalized_clip_has_the_level_asked_for(samples, dbfs):
    louder = audio.normalize_level(samples, dbfs).astype(np.float64)
    assert 10 * math.log10(np.mean(louder**2)) == pytest.approx(dbfs, abs=1e-3)


def test_silence_stays_silence():
    assert not audio.normalize_level(np.zeros(10, np.float32), -20.0).any()


SETTINGS = FeatureSettings.optimized()


def test_good_audio_passes_as_it_is():
    samples = np.array([0.0, 0.5], np.float32)
    assert audio.check(samples, 16000, SETTINGS) is samples


def test_float64_passes_as_float32():
    assert audio.check(np.array([0.0, 0.5]), 16000, SETTINGS).dtype == np.float32


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        ([0.1, 0.2], 16000, "must be a NumPy array of float32 samples, not list"),
        (np.array([1, 2], np.int16), 16000, "must be float32 in .*, not int16; divide 16-bit samples by 32768"),
        (np.zeros((100, 2), np.float32), 16000, r"must be mono, of shape \(n,\), not \(100, 2\)"),
        (np.zeros(0, np.float32), 16000, "the audio is empty"),
        (np.array([0.1, np.nan, np.nan], np.float32), 16000, "holds 2 samples that are NaN or infinite"),
        (np.array([0.1, -np.inf], np.float32), 16000, "holds 1 samples that are NaN or infinite"),
        (np.zeros(32000, np.float32), 16000, "is silent: all 32000 samples are zero"),
        (np.array([0.1], np.float32), 44100, "has 44100 Hz, the pipeline takes 16000 Hz"),
    ],
)
def test_audio_that_no_model_should_hear_is_refused(samples, rate, message):
    with pytest.raises(AudioError, match=message):
        audio.check(samples, rate, SETTINGS)


def test_real_recordings_go_through_the_front_end():
    found = manifest.data_folder()
    if found is None or not (found / "sprsound_dev").is_dir():
        pytest.skip("no real recordings here: set EDGESENSE_DATA to a folder that holds sprsound_dev/")
    opened = manifest.Manifest.open(found / "sprsound_dev")
    front_end = FrontEnd(SETTINGS)
    for row in opened.rows[:20]:
        samples = audio.fit_length(opened.read(row), SETTINGS.samples)
        features = front_end(audio.check(samples, 16000, SETTINGS))
        assert features.shape == SETTINGS.shape
        assert np.isfinite(features).all()
