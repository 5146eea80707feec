from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from edgesense import synthetic
from edgesense.errors import DatasetError

# Root mean square, mean step from one sample to the next, and peak: they change when any clip does, and a new
# GENERATOR_VERSION is due. Recorded on x86-64 with numpy 1.26 and scipy 1.16.
GOLDEN_VERSION = 1
GOLDEN = {
    ("train", 0): (1.751865e-02, 2.205249e-03, 1.090088e-01),
    ("train", 1): (6.799544e-02, 5.783158e-03, 2.972412e-01),
    ("train", 2): (7.264753e-03, 3.437512e-04, 7.727051e-02),
    ("train", 3): (1.372371e-02, 2.057395e-03, 1.564636e-01),
    ("train", 4): (4.321894e-02, 1.702218e-03, 6.350403e-01),
    ("validation", 0): (8.490098e-03, 1.290612e-03, 3.665161e-02),
    ("validation", 1): (7.018032e-03, 4.197271e-04, 3.720093e-02),
    ("validation", 2): (3.736431e-02, 7.001764e-03, 3.963318e-01),
    ("validation", 3): (1.676581e-02, 4.448356e-03, 1.769714e-01),
    ("validation", 4): (7.472782e-03, 2.682090e-03, 2.932739e-02),
    ("calibration", 0): (8.020736e-02, 1.500988e-02, 4.975281e-01),
    ("calibration", 1): (1.220838e-02, 1.724477e-03, 5.105591e-02),
    ("calibration", 2): (1.212565e-02, 2.141280e-03, 1.097107e-01),
    ("calibration", 3): (3.265445e-02, 5.436651e-03, 2.309570e-01),
    ("calibration", 4): (2.530622e-02, 2.958854e-03, 9.933472e-02),
    ("test", 0): (1.278811e-02, 1.322150e-03, 6.320190e-02),
    ("test", 1): (1.006059e-02, 1.010884e-03, 5.935669e-02),
    ("test", 2): (4.528982e-02, 4.983840e-03, 3.569641e-01),
    ("test", 3): (2.707637e-02, 8.361272e-03, 2.199097e-01),
    ("test", 4): (1.829464e-02, 5.624980e-03, 7.687378e-02),
}


def test_the_golden_statistics_belong_to_this_generator_version():
    assert synthetic.GENERATOR_VERSION == GOLDEN_VERSION


@pytest.mark.parametrize(("split", "index"), GOLDEN)
def test_clips_are_those_of_this_generator_version(split, index):
    samples = synthetic.clip(split, index).samples.astype(np.float64)
    found = (np.sqrt(np.mean(samples**2)), np.abs(np.diff(samples)).mean(), np.abs(samples).max())
    assert found == pytest.approx(GOLDEN[split, index], rel=1e-4)


def test_a_clip_is_the_same_every_time():
    first, again = synthetic.clip("test", 17), synthetic.clip("test", 17)
    assert np.array_equal(first.samples, again.samples)
    assert (first.label, first.id) == (again.label, again.id)


def test_a_clip_does_not_depend_on_those_before_it():
    *_, last = synthetic.clips("test", 8)
    assert np.array_equal(last.samples, synthetic.clip("test", 7).samples)


def test_samples_are_float32_of_two_seconds_in_whole_16_bit_steps():
    for clip in synthetic.clips("train", 10):
        steps = clip.samples * np.float32(32768)
        assert clip.samples.dtype == np.float32
        assert clip.samples.shape == (32000,)
        assert np.array_equal(steps, np.rint(steps))
        assert steps.min() >= -32768
        assert steps.max() <= 32767


def test_every_run_of_five_holds_each_class_once():
    labels = [clip.label for clip in synthetic.clips("validation", 20)]
    assert Counter(labels) == dict.fromkeys(synthetic.CLASSES, 4)
    assert set(labels[5:10]) == set(synthetic.CLASSES)


def test_no_two_splits_share_a_clip():
    found = [{clip.samples.tobytes() for clip in synthetic.clips(split, 25)} for split in synthetic.SPLITS]
    assert all(len(clips) == 25 for clips in found)
    assert all(not one & other for one, other in itertools.combinations(found, 2))


def test_ids_name_version_split_and_index():
    assert synthetic.clip("calibration", 3).id == f"v{synthetic.GENERATOR_VERSION}-calibration-000003"


def test_no_clip_is_silent_or_stuck_at_full_scale():
    for clip in synthetic.clips("train", 100):
        assert 10 ** (-50 / 20) < np.sqrt(np.mean(clip.samples**2)) < 10 ** (-19 / 20)
        assert np.mean(np.abs(clip.samples) > 0.999) < 0.02


@pytest.mark.parametrize(("seconds", "rate"), [(0.5, 16000), (3.0, 16000), (2.0, 8000), (1.0, 44100)])
def test_length_and_rate_are_as_asked(seconds, rate):
    for clip in synthetic.clips("train", 10, seconds=seconds, sample_rate=rate):
        assert clip.samples.shape == (round(seconds * rate),)
        assert np.isfinite(clip.samples).all()
        assert clip.samples.any()


def test_level_says_nothing_about_the_class():
    levels = {label: [] for label in synthetic.CLASSES}
    for clip in synthetic.clips("train", 300):
        levels[clip.label].append(10 * np.log10(np.mean(clip.samples.astype(np.float64) ** 2)))
    means = [np.mean(values) for values in levels.values()]
    assert max(means) - min(means) < 5.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("testing", 0), "no split 'testing'; there are train, validation, calibration, test"),
        (("test", -1), "counted from 0, not -1"),
    ],
)
def test_a_clip_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(DatasetError, match=message):
        synthetic.clip(*arguments)


def test_too_short_a_clip_is_refused():
    with pytest.raises(DatasetError, match=r"not 0\.4 s at 16000 Hz"):
        synthetic.clip("test", 0, seconds=0.4)


def test_too_low_a_rate_is_refused():
    with pytest.raises(DatasetError, match="not 2 s at 4000 Hz"):
        synthetic.clip("test", 0, sample_rate=4000)
