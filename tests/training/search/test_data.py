import csv

import pytest

from edgesense import synthetic
from edgesense.errors import DatasetError
from edgesense.features.settings import FeatureSettings
from edgesense.training.search import data
from edgesense.training.search.data import Embedded, Recordings

SETTINGS = FeatureSettings.optimized()


@pytest.fixture
def folder(tmp_path):
    """A manifest of sixty clips by twenty subjects in four folds; the files are empty, nothing here reads them."""
    with (tmp_path / "MANIFEST.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label", "subject", "fold"])
        for index in range(60):
            (tmp_path / f"{index}.flac").touch()
            label = ("normal", "wheeze", "crackle")[index % 3]
            rows.writerow([f"{index}.flac", label, f"S{index // 3}", index // 3 % 4])
    return tmp_path


def files(part):
    return {part.source.manifest.rows[row].file for row in part.rows}


def subjects(part):
    return {part.source.manifest.rows[row].subject for row in part.rows}


def test_the_embedded_set_is_judged_by_its_validation_clips_and_never_by_its_test_clips():
    (fold,) = Embedded(100, 30).folds(SETTINGS, 1)
    parts = (fold.train, fold.validation, fold.calibration, fold.scored)
    assert [part.source.split for part in parts] == ["train", "validation", "calibration", "validation"]
    assert [len(part.rows) for part in parts] == [100, 30, 5, 30]
    assert Embedded(100, 30).test(SETTINGS, 7).source.split == "test"
    assert len(Embedded(100, 30).test(SETTINGS, 7).rows) == 7


def test_recordings_are_judged_on_subjects_that_were_not_learned_from(folder):
    opened = Recordings.open(folder, scored=["all"])
    assert (opened.scored, opened.held_out) == (("0", "1", "2"), "3")
    for fold in opened.folds(SETTINGS, 1):
        groups = [subjects(part) for part in (fold.train, fold.validation, fold.scored)]
        assert all(groups)
        assert sum(map(len, groups)) == len(set.union(*groups)) == 15
        assert files(fold.calibration) <= files(fold.train)


def test_the_held_out_fold_is_in_no_list_of_a_trial(folder):
    opened = Recordings.open(folder, scored=["all"], held_out="1")
    kept = files(opened.test(SETTINGS, None))
    assert len(kept) == 15
    for fold in opened.folds(SETTINGS, 1):
        seen = {row.file for row in fold.train.source.manifest.rows}
        assert not kept & seen
        assert len(seen) == 45


def test_one_fold_judges_unless_more_are_asked_for(folder):
    assert Recordings.open(folder).names() == ("0",)
    assert Recordings.open(folder, scored=["1", "2"]).names() == ("1", "2")


@pytest.mark.parametrize("choice", [Embedded(100, 30), None])
def test_a_child_is_told_the_same_data(folder, choice):
    chosen = choice or Recordings.open(folder, ("normal", "wheeze"), ("0", "2"), "1")
    assert data.from_dict(chosen.to_dict()) == chosen


def test_recordings_are_known_by_their_rows_and_not_by_where_they_lie(folder):
    before = Recordings.open(folder).identity()
    assert str(folder.parent) not in str(before)
    (folder / "0.flac").write_bytes(b"longer")
    assert Recordings.open(folder).identity() != before


def test_the_embedded_set_is_known_by_its_generator():
    assert Embedded(100, 30).identity()["generator"] == synthetic.GENERATOR_VERSION


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"scored": ["7"]}, "has no fold '7', only 0, 1, 2, 3"),
        ({"held_out": "7"}, "has no fold '7'"),
        ({"scored": ["3"]}, "fold 3 is held out for the test, so no trial may be judged by it"),
    ],
)
def test_folds_that_cannot_be_are_refused(folder, arguments, said):
    with pytest.raises(DatasetError, match=said):
        Recordings.open(folder, **arguments)


def test_one_fold_is_too_few(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    (tmp_path / "MANIFEST.csv").write_text("file,label,subject,fold\na.wav,normal,S1,0\nb.wav,wheeze,S2,0\n")
    with pytest.raises(DatasetError, match="needs two folds"):
        Recordings.open(tmp_path)
