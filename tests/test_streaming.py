"""What pipelines say of a stream against what they say of the same samples as clips."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesense import pipeline, streaming, synthetic
from edgesense.errors import AudioError, SettingsError
from edgesense.features import FrontEnd
from edgesense.streaming import Heard
from edgesense.tiny_pipeline import TINY_SETTINGS, tiny_pipeline

MODELS = Path(__file__).resolve().parents[1] / "models"
SHIPPED = sorted(path.parent.name for path in MODELS.glob("*/pipeline.json"))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return pipeline.open(tiny_pipeline(tmp_path_factory.mktemp("streaming") / "tiny"))


def sound(clips, **settings):
    """(n,) float32 samples of clips of the embedded data set, one after the other."""
    return np.concatenate([clip.samples for clip in synthetic.clips("validation", clips, **settings)])


def assert_equal_to_predictions(opened, samples, heard, hop):
    length = opened.settings.samples
    starts = range(0, len(samples) - length + 1, hop)
    assert [round(one.start_seconds * opened.settings.sample_rate) for one in heard] == list(starts)
    # A last digit may tip a quantised number to its neighbour, which moves some scores by a few of their steps.
    step = 1e-4 if opened.model.file.dtype == "float32" else 0.06
    for one, start in zip(heard, starts, strict=True):
        clip = samples[start : start + length]
        if not clip.any():
            assert (one.silent, one.label, one.scores) == (True, None, ())
            continue
        expected = opened.predict(clip)
        assert one.label == expected.label
        assert one.scores == pytest.approx(expected.scores, abs=0.0 if one.recomputed else step)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("hop_frames", [25, 61])
def test_a_shipped_pipeline_labels_a_stream_as_it_labels_clips(name, hop_frames):
    shipped = pipeline.open(MODELS / name)
    samples = sound(6)
    hop = hop_frames * shipped.settings.hop_length
    heard = list(shipped.stream(np.array_split(samples, 123), hop_seconds=hop / shipped.settings.sample_rate))
    assert_equal_to_predictions(shipped, samples, heard, hop)


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(0, 20_000), max_size=30), hop_frames=st.integers(1, 60), quiet=st.booleans())
def test_a_stream_in_any_blocks_is_labelled_as_clips_are(opened, sizes, hop_frames, quiet):
    samples = sound(4, seconds=TINY_SETTINGS.seconds)
    if quiet:
        samples[6000:17000] = 0.0
    blocks = np.split(samples, np.minimum(np.cumsum(sizes), len(samples)))
    heard = list(opened.stream(blocks, hop_seconds=hop_frames * 0.025))
    assert_equal_to_predictions(opened, samples, heard, hop_frames * 400)


def test_a_silent_clip_is_said_to_be_silent_and_ends_nothing(opened):
    samples = np.concatenate([sound(1, seconds=0.5), np.zeros(16000, np.float32), sound(1, seconds=0.5)])
    heard = list(opened.stream([samples], hop_seconds=0.5))
    assert [one.silent for one in heard] == [False, True, True, False]
    assert heard[1].label is None
    assert heard[1].scores == ()
    assert heard[3].label == heard[0].label


def test_an_answer_says_where_its_clip_is(opened):
    heard = list(opened.stream([sound(3, seconds=0.5)], hop_seconds=0.25))
    assert [(one.start_seconds, one.end_seconds) for one in heard] == [
        (0.0, 0.5), (0.25, 0.75), (0.5, 1.0), (0.75, 1.25), (1.0, 1.5),
    ]  # fmt: skip


def test_an_answer_comes_before_the_next_block_is_asked_for(opened):
    asked = []

    def microphone():
        for index in range(4):
            asked.append(index)
            yield np.full(TINY_SETTINGS.samples, 0.1 * (index + 1), np.float32)

    answers = opened.stream(microphone(), hop_seconds=0.5)
    for count in (1, 2, 3):
        next(answers)
        assert asked == list(range(count))


def test_latency_and_real_time_factor_are_told_of_each_hop(opened):
    for one in opened.stream([sound(3, seconds=0.5)], hop_seconds=0.25):
        assert one.features_seconds > 0
        assert one.inference_seconds > 0
        assert one.hop_seconds == 0.25
    sample = Heard(0.0, 0.5, "normal", (1.0,), features_seconds=0.03, inference_seconds=0.02, hop_seconds=0.25)
    assert sample.latency_seconds == pytest.approx(0.05)
    assert sample.real_time_factor == pytest.approx(0.2)
    assert dataclasses.replace(sample, label=None).silent


def test_a_hop_that_cannot_be_is_refused_before_a_block_is_asked_for(opened):
    def microphone():
        raise AssertionError
        yield

    with pytest.raises(SettingsError, match=r"hop_seconds=0\.26 .* nearest usable: 0\.25 s \(10 frames\) and 0\.275 s"):
        opened.stream(microphone(), hop_seconds=0.26)


def test_a_block_that_is_no_audio_is_refused(opened):
    with pytest.raises(AudioError, match=r"the block at 0\.5 s of the stream: .* int16"):
        list(opened.stream([sound(1, seconds=0.5), np.zeros(10, np.int16)], hop_seconds=0.25))


def test_a_pipeline_that_streams_nothing_does_not_load_it():
    code = (
        "import sys; from edgesense import pipeline; opened = pipeline.open(sys.argv[1]); opened.run(opened.example());"
        "print([name for name in sys.modules if 'streaming' in name or name.endswith('features.cache')])"
    )
    command = [sys.executable, "-c", code, str(MODELS / "dscnn-int8")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_where_two_scores_are_close_the_clip_itself_decides():
    samples = sound(2, seconds=0.5)
    clip_features = FrontEnd(TINY_SETTINGS)(samples[8000:])
    stream = streaming.FeatureStream(TINY_SETTINGS, 0.25)

    def tied(features):
        """Scores that a last digit decides: whether these are the clip's own features, to the bit."""
        own = np.array_equal(features, clip_features)
        return np.array([1.0, 1.0 + (1e-6 if own else -1e-6)], np.float32)

    *_, settled = streaming.listen(streaming.FeatureStream(TINY_SETTINGS, 0.25), tied, "ab", [samples])
    *_, asked = streaming.listen(stream, tied, "ab", [samples], close=1e-3)
    assert (settled.label, settled.recomputed) == ("a", False)
    assert (asked.label, asked.recomputed) == ("b", True)
    assert asked.scores == (1.0, float(np.float32(1.0 + 1e-6)))


@pytest.mark.parametrize(("second", "again"), [(0.91, True), (0.89, False), (-1.0, False)])
def test_scores_are_close_within_a_share_of_the_larger(second, again):
    def scores(features):
        return np.array([second, -5.0, 1.0], np.float32)

    stream = streaming.FeatureStream(TINY_SETTINGS, 0.25)
    heard = list(streaming.listen(stream, scores, "abc", [sound(1, seconds=0.5)], close=0.1))
    assert [one.recomputed for one in heard] == [again]


def test_a_single_score_has_none_beside_it():
    stream = streaming.FeatureStream(TINY_SETTINGS, 0.25)
    heard = streaming.listen(stream, lambda _: np.ones(1, np.float32), "a", [sound(1, seconds=0.5)], close=0.5)
    assert [one.recomputed for one in heard] == [False]


def test_what_is_listened_with_need_be_no_pipeline():
    stream = streaming.FeatureStream(TINY_SETTINGS, 0.5)
    scores = lambda features: features.mean(axis=0)[:2]  # noqa: E731 - as short as it is
    heard = list(streaming.listen(stream, scores, ("a", "b"), [sound(2, seconds=0.5)]))
    assert len(heard) == 2
    assert all(one.label in "ab" and len(one.scores) == 2 for one in heard)
