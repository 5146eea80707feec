"""Features of a stream against those of the same samples as clips.

Equal within 1e-4 of the largest magnitude of each block of columns, which is what the front end itself is held to
against librosa; within 1e-3 where `top_db` keeps more than the float32 samples of a level-normalised clip hold, and
where bands leave out a part of the spectrum: what is up to 10 dB louder there rounds what is 80 dB below in a clip's
float32 transform, and not in a stream's frame that is in float64. Slopes of a clip that does not change are rounding
alone, so they may also differ by 1e-6 of the largest coefficient.
"""

from __future__ import annotations

import dataclasses
import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesense.errors import AudioError, SettingsError
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.features.settings import BLOCKS
from edgesense.features.streaming import FeatureStream
from edgesense.testing import clips, feature_settings

SMALL = FeatureSettings(
    sample_rate=8000, seconds=0.25, n_fft=256, hop_length=80, n_mels=20, n_mfcc=8, blocks=("mfcc", "delta", "logmel")
)
"""A quarter of a second in 26 frames, the first and last two of which reach beyond the clip."""


def noise(count, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, count).astype(np.float32)


def streamed(wanted, blocks, hop_frames):
    hop_seconds = hop_frames * wanted.hop_length / wanted.sample_rate
    return list(FeatureStream(wanted, hop_seconds).windows(blocks))


def parts(wanted, features):
    ends = np.cumsum(list(wanted.block_widths.values()))
    return dict(zip(wanted.blocks, np.split(features, ends[:-1], axis=1), strict=True))


def assert_equal_to_clips(wanted, samples, windows, hop_frames):
    hop, front_end = hop_frames * wanted.hop_length, FrontEnd(wanted)
    whole = wanted.fmin == 0.0 and wanted.upper == wanted.sample_rate / 2
    relative = 1e-4 if whole and wanted.top_db is not None and wanted.top_db <= 80.0 else 1e-3
    assert len(windows) == max(0, 1 + (len(samples) - wanted.samples) // hop)
    for index, window in enumerate(windows):
        clip = samples[index * hop : index * hop + wanted.samples]
        assert window.start_seconds == index * hop / wanted.sample_rate
        if not clip.any():
            assert window.features is None
            continue
        expected = parts(wanted, front_end(clip))
        assert window.features.dtype == np.float32
        for name, found in parts(wanted, window.features).items():
            allowed = relative * np.abs(expected[name]).max()
            if name.startswith("delta") and "mfcc" in expected:
                allowed = max(allowed, 1e-6 * np.abs(expected["mfcc"]).max())
            assert np.abs(found - expected[name]).max() <= allowed, (name, index)


@st.composite
def streams(draw, wanted):
    """(n,) float32 samples of some clips: sounds of several kinds and levels and silence, one after the other."""
    sounds = draw(st.lists(clips(wanted.samples // 2 + 7, silence=True), min_size=2, max_size=5))
    return np.concatenate(sounds)


@st.composite
def partitions(draw, samples, clip_samples):
    """The samples in blocks of any sizes, some of none and some longer than a clip."""
    blocks = []
    while samples.size:
        size = draw(st.integers(0, 40) | st.integers(0, 2 * clip_samples))
        blocks.append(samples[:size])
        samples = samples[size:]
        if len(blocks) >= 60:
            blocks.append(samples)
            break
    return blocks


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_features_equal_those_of_clips_over_the_settings_grid(data):
    wanted = data.draw(feature_settings(blocks=BLOCKS))
    samples = data.draw(streams(wanted))
    hop_frames = data.draw(st.integers(1, 2 * wanted.frames))
    windows = streamed(wanted, data.draw(partitions(samples, wanted.samples)), hop_frames)
    assert_equal_to_clips(wanted, samples, windows, hop_frames)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_how_the_samples_are_cut_into_blocks_changes_nothing(data):
    samples = data.draw(streams(SMALL))
    hop_frames = data.draw(st.integers(1, 30))
    whole = streamed(SMALL, [samples], hop_frames)
    cut = streamed(SMALL, data.draw(partitions(samples, SMALL.samples)), hop_frames)
    assert len(cut) == len(whole)
    for one, other in zip(whole, cut, strict=True):
        assert one.start_seconds == other.start_seconds
        assert (one.features is None) == (other.features is None)
        assert one.features is None or np.array_equal(one.features, other.features)


VARIANTS = {
    "full": FeatureSettings.full(seconds=1.0),
    "optimized": FeatureSettings.optimized(seconds=1.0),
    "an odd hop length": FeatureSettings(seconds=0.5, hop_length=161),
    "an odd transform": FeatureSettings(seconds=0.5, n_fft=1023),
    "no level": FeatureSettings(seconds=0.5, level_dbfs=None),
    "mel power": FeatureSettings(seconds=0.5, blocks=("mel",)),
    "a narrow range": FeatureSettings(seconds=0.5, top_db=20.0),
    "the whole range": FeatureSettings(seconds=0.5, top_db=None),
    "a band": FeatureSettings(seconds=0.5, n_mels=40, fmin=125.0, fmax=3000.0),
    "a transform as long as the clip": FeatureSettings(sample_rate=8000, seconds=0.256, n_fft=2048, hop_length=64),
    "hops longer than half a transform": FeatureSettings(
        sample_rate=8000, seconds=0.5, n_fft=256, hop_length=250, n_mels=20
    ),
    "standardised columns": FeatureSettings(
        seconds=0.5, blocks=("logmel",), column_mean=(-30.0,) * 64, column_std=tuple(np.linspace(1.0, 9.0, 64).tolist())
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("hop_frames", [1, 7, 400])
def test_features_equal_those_of_clips_for(name, hop_frames):
    wanted = VARIANTS[name]
    hop = hop_frames * wanted.hop_length
    samples = noise(wanted.samples + 5 * hop + 3) * np.float32(0.1)
    samples[wanted.samples // 3 :: 977] = 0.9
    windows = streamed(wanted, np.array_split(samples, 13), hop_frames)
    assert len(windows) == 6
    assert_equal_to_clips(wanted, samples, windows, hop_frames)


def test_a_loud_tone_above_the_bands_does_not_drown_them_whatever_was_beside_it():
    wanted = FeatureSettings(
        seconds=0.5, n_fft=512, n_mels=40, fmin=125.0, fmax=3000.0, blocks=("logmel",), level_dbfs=None
    )
    tone = 0.9 * np.sin(2 * np.pi * 6000.3 / 16000 * np.arange(8000)) + noise(8000) * np.float32(6e-5)
    samples = np.concatenate([tone, noise(8000, seed=1), tone]).astype(np.float32)
    assert_equal_to_clips(wanted, samples, streamed(wanted, [samples], 5), 5)


@pytest.mark.parametrize("level", [-26.0, None])
def test_sound_whose_power_underflows_beside_loud_sound_equals_clips(level):
    wanted = dataclasses.replace(SMALL, level_dbfs=level)
    samples = np.concatenate([noise(2600), noise(6000, seed=1) * np.float32(1e-21), noise(2600, seed=2)])
    samples = samples.astype(np.float32)
    assert_equal_to_clips(wanted, samples, streamed(wanted, [samples], 3), 3)


def test_next_to_nothing_between_the_frames_leaves_the_frames_silent():
    wanted = FeatureSettings(sample_rate=8000, seconds=0.5, n_fft=256, hop_length=500, n_mels=20, blocks=("logmel",))
    samples = np.zeros(wanted.samples, np.float32)
    samples[250] = 3e-23
    windows = streamed(wanted, [samples], 1)
    assert_equal_to_clips(wanted, samples, windows, 1)


def test_a_clip_whose_energy_underflows_is_no_silence():
    samples = np.full(SMALL.samples, 1e-30, np.float32)
    windows = streamed(SMALL, [samples], 1)
    assert_equal_to_clips(SMALL, samples, windows, 1)
    assert windows[0].features is not None


def test_silence_within_a_stream_ends_nothing():
    samples = np.concatenate([noise(2500), np.zeros(5000, np.float32), noise(2500, seed=1)])
    windows = streamed(SMALL, [samples], 5)
    assert {window.features is None for window in windows} == {True, False}
    assert windows[-1].features is not None
    assert_equal_to_clips(SMALL, samples, windows, 5)


def test_frames_that_clips_share_are_transformed_once():
    stream = FeatureStream(SMALL, 5 * 80 / 8000)
    counts = []
    inner = stream._front_end.frame_bands
    stream._front_end.frame_bands = lambda windows, rows: counts.append(len(rows)) or inner(windows, rows)
    list(stream.windows([noise(SMALL.samples + 3 * 400)]))
    assert counts == [26, 5 + 4, 5 + 4, 5 + 4]


def test_memory_does_not_grow_with_the_stream():
    def endless():
        for seed in itertools.count():
            yield noise(1000, seed)

    def most_held(windows, count):
        held = 0
        for _ in itertools.islice(windows, count):
            held = max(held, tracemalloc.get_traced_memory()[0])
        return held

    windows = FeatureStream(SMALL, 0.05).windows(endless())
    tracemalloc.start()
    most_held(windows, 50)
    before, after = most_held(windows, 50), most_held(windows, 500)
    tracemalloc.stop()
    # A clip alone is 8 kB, a hop 1.6 kB, and 500 of either would be seen.
    assert after < before + 4000


def test_features_are_an_array_of_their_own():
    samples = noise(SMALL.samples + 800)
    expected = streamed(SMALL, [samples], 5)
    spoiled = FeatureStream(SMALL, 0.05).windows([samples])
    for one in expected:
        window = next(spoiled)
        assert np.array_equal(window.features, one.features)
        window.features[:] = np.nan


def test_a_block_may_be_reused_by_whoever_records():
    samples = noise(4000)
    block = np.empty(100, np.float32)

    def recorder():
        for start in range(0, 4000, 100):
            block[:] = samples[start : start + 100]
            yield block

    expected = streamed(SMALL, [samples], 5)
    found = streamed(SMALL, recorder(), 5)
    assert all(np.array_equal(one.features, other.features) for one, other in zip(expected, found, strict=True))


def test_a_second_call_goes_on_where_the_first_ended():
    samples = noise(6000)
    stream = FeatureStream(SMALL, 0.05)
    found = [*stream.windows([samples[:2345]]), *stream.windows([samples[2345:]])]
    assert_equal_to_clips(SMALL, samples, found, 5)


def test_double_precision_blocks_are_taken_as_float32():
    samples = noise(4000)
    found = streamed(SMALL, [samples.astype(np.float64)], 5)
    expected = streamed(SMALL, [samples], 5)
    assert all(np.array_equal(one.features, other.features) for one, other in zip(expected, found, strict=True))


def test_less_than_a_clip_gives_nothing():
    assert streamed(SMALL, [], 5) == []
    assert streamed(SMALL, [np.zeros(0, np.float32)] * 3, 5) == []
    assert streamed(SMALL, [noise(SMALL.samples - 1)], 5) == []
    assert len(streamed(SMALL, [noise(SMALL.samples)], 5)) == 1


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (np.full(5, np.nan, np.float32), "holds 5 samples that are NaN"),
        (np.array([0.0, np.inf], np.float32), "holds 1 samples that are NaN or infinite"),
        (np.zeros(5, np.int16), "int16; divide 16-bit samples by 32768"),
        (np.zeros((5, 2), np.float32), "must be mono"),
        ([0.0, 0.1], "not list"),
    ],
)
def test_a_block_that_is_no_audio_is_refused_with_its_position(block, said):
    with pytest.raises(AudioError, match=rf"the block at 0\.3 s of the stream: .*{said}"):
        streamed(SMALL, [noise(1600), noise(800), block], 5)


def test_the_stream_goes_on_without_a_refused_block():
    samples = noise(4000)
    stream = FeatureStream(SMALL, 0.05)
    found = list(stream.windows([samples[:2100]]))
    with pytest.raises(AudioError):
        list(stream.windows([np.full(10, np.nan, np.float32)]))
    found += stream.windows([samples[2100:]])
    assert_equal_to_clips(SMALL, samples, found, 5)


@pytest.mark.parametrize(
    ("hop_seconds", "usable"),
    [
        (0.256, r"0\.25 s \(25 frames\) and 0\.26 s \(26 frames\)"),
        (0.004, r"nearest usable: 0\.01 s \(1 frames\)"),
        (0.00999, r"nearest usable: 0\.01 s \(1 frames\)"),
    ],
)
def test_a_hop_between_two_frames_is_refused_with_the_nearest_usable(hop_seconds, usable):
    with pytest.raises(SettingsError, match=usable):
        FeatureStream(SMALL, hop_seconds)


@pytest.mark.parametrize("hop_seconds", [0, -0.5, float("nan"), float("inf"), "0.5", None, True])
def test_a_hop_that_is_no_number_above_zero_is_refused(hop_seconds):
    with pytest.raises(SettingsError, match=r"hop_seconds must be a number above 0, not .*shortest hop is 0\.01 s"):
        FeatureStream(SMALL, hop_seconds)


@given(st.sampled_from((8000, 11025, 16000, 22050, 44100)), st.integers(1, 400), st.integers(1, 5000))
def test_every_hop_that_a_message_would_name_is_taken(rate, hop_length, frames):
    wanted = FeatureSettings(
        sample_rate=rate, seconds=1.0, n_fft=512, hop_length=hop_length, n_mels=10, n_mfcc=5, blocks=("logmel",)
    )
    assert FeatureStream(wanted, frames * hop_length / rate).hop_samples == frames * hop_length
