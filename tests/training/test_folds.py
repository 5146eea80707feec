import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import DatasetError
from edgesense.training.folds import split, summarize

CLASSES = ("normal", "wheeze")


@st.composite
def people(draw):
    """Fold and subject of each clip, nobody in two folds."""
    subjects = draw(st.lists(st.integers(0, 40), min_size=1, max_size=120))
    return [str(subject % 5) for subject in subjects], [f"S{subject}" for subject in subjects]


@given(people(), st.sampled_from("01234"), st.integers(0, 50))
def test_no_clip_and_no_subject_is_in_two_parts(clips, held_out, seed):
    folds, subjects = clips
    try:
        parts = split(folds, subjects, held_out, seed)
    except DatasetError:
        return
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together) == list(range(len(folds)))
    sets = [{subjects[row] for row in rows} for rows in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, sets)) == len(set(subjects))
    assert {folds[row] for row in parts.test} == {held_out}


def test_about_fifteen_percent_choose_the_epoch():
    folds = [str(n % 5) for n in range(1000)]
    subjects = [f"S{n % 200}" for n in range(1000)]
    parts = split(folds, subjects, "3", 1)
    assert len(parts.test) == 200
    assert 120 <= len(parts.validation) <= 125


def test_a_subject_in_two_folds_is_refused():
    with pytest.raises(DatasetError, match="subjects A are in fold 0 and in another one"):
        split(["0", "1", "1", "1"], ["A", "A", "B", "C"], "0", 1)


def test_too_few_subjects_are_refused():
    with pytest.raises(DatasetError, match="at least three subjects"):
        split(["0", "1"], ["A", "B"], "0", 1)


def result(fold, expected, float32, int8):
    return {
        "fold": fold,
        "files": [f"{fold}-{index}.flac" for index in range(len(expected))],
        "expected": expected,
        "predicted": {"float32": float32, "int8": int8},
    }


def test_pooled_scores_count_clips_and_means_count_folds():
    n, w = CLASSES
    results = [result("0", [n, w, n, w], [n, w, n, w], [n, w, n, n]), result("1", [w], [n], [w])]
    found = summarize(results, CLASSES)
    assert found["pooled"]["float32"]["accuracy"] == pytest.approx(4 / 5)
    assert found["mean"]["float32"]["accuracy"] == pytest.approx((1 + 0) / 2)
    assert found["against_float32"]["int8"]["lost"] == ["0-3.flac"]
    assert found["against_float32"]["int8"]["gained"] == ["1-0.flac"]
    assert found["against_float32"]["int8"]["drop"] == 0.0


def test_each_fold_has_its_scores_and_no_list_of_answers():
    n, w = CLASSES
    found = summarize([result("0", [n, w], [n, w], [w, w])], CLASSES)
    assert found["folds"][0]["scores"]["int8"]["correct"] == 1
    assert set(found["folds"][0]) == {"fold", "scores"}


def test_without_a_float32_pass_nothing_is_compared():
    one = result("0", ["normal"], ["normal"], ["normal"])
    del one["predicted"]["float32"]
    assert summarize([one], CLASSES)["against_float32"] == {}
