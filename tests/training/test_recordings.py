import pytest

from edgesense.datasets.manifest import Manifest, Row
from edgesense.errors import DatasetError
from edgesense.training import recordings


@pytest.fixture
def manifest(tmp_path):
    labels = ("normal", "wheeze", "crackle")
    return Manifest(tmp_path / "sounds", tuple(Row(f"{label}.wav", label, label, "1") for label in labels))


def test_classes_are_in_the_order_that_was_asked_for_and_others_are_left_out(manifest):
    chosen, classes = recordings.of_classes(manifest, ("wheeze", "crackle"))
    assert classes == ("wheeze", "crackle")
    assert [row.label for row in chosen.rows] == ["wheeze", "crackle"]


def test_without_classes_all_of_the_manifest_are_told_apart(manifest):
    assert recordings.of_classes(manifest, ())[1] == ("crackle", "normal", "wheeze")


REFUSED = [
    (("normal",), "there is nothing to tell 'normal' apart from: name two classes at least"),
    (("normal", "weeze"), "no recordings labelled 'weeze', only crackle, normal, wheeze"),
    (("normal", "normal"), "the class 'normal' is named twice"),
]


@pytest.mark.parametrize(("classes", "said"), REFUSED, ids=["one", "unknown", "twice"])
def test_classes_that_cannot_be_told_apart_are_refused(manifest, classes, said):
    with pytest.raises(DatasetError, match=said):
        recordings.of_classes(manifest, classes)


def test_a_manifest_of_one_class_is_refused(manifest):
    with pytest.raises(DatasetError, match="nothing to tell 'wheeze' apart from"):
        recordings.of_classes(manifest.select(labels=["wheeze"]), ())


def test_folds_are_all_or_those_that_are_named(tmp_path):
    assert recordings.of_folds(tmp_path, ("1", "2"), ["all"]) == ["1", "2"]
    assert recordings.of_folds(tmp_path, ("1", "2"), ["2", "2"]) == ["2"]


@pytest.mark.parametrize(
    ("wanted", "said"), [([], "name a fold of .* to hold out: 1, 2, or all"), (["3"], "no fold '3'")]
)
def test_folds_that_are_not_there_are_refused(tmp_path, wanted, said):
    with pytest.raises(DatasetError, match=said):
        recordings.of_folds(tmp_path, ("1", "2"), wanted)


def test_a_part_to_learn_from_has_every_class():
    recordings.refuse_unlearnable(["a", "b", "a"], ("a", "b"), "1")
    with pytest.raises(DatasetError, match="without fold 1 nothing labelled 'c' is left to learn from"):
        recordings.refuse_unlearnable(["a", "b"], ("a", "b", "c"), "1")
