import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgesense import pipeline, synthetic
from edgesense.errors import PipelineError
from edgesense.features.settings import FeatureSettings
from edgesense.training.sources import SyntheticSource
from edgesense.training.teacher import Teacher

SHIPPED = Path(__file__).parents[2] / "models" / "dscnn-float32"
CLIPS = 6
STUDENT = FeatureSettings.full()


def ask(teacher, classes, work):
    told = []
    source = SyntheticSource("calibration", CLIPS, STUDENT)
    return teacher.answers(source, classes, work, lambda done, total: told.append((done, total))), told


def test_its_answers_are_the_pipelines_own_scores_in_the_students_order(tmp_path):
    classes = tuple(reversed(synthetic.CLASSES))
    answers, told = ask(Teacher(SHIPPED), classes, tmp_path)
    opened = pipeline.open(SHIPPED)
    for index, scores in enumerate(answers):
        heard = opened.predict(synthetic.clip("calibration", index).samples)
        wanted = [heard.scores[opened.classes.index(name)] for name in classes]
        assert scores == pytest.approx(wanted, abs=1e-4)
    assert told == [(CLIPS, CLIPS)]


def test_it_is_asked_once(tmp_path):
    first, _ = ask(Teacher(SHIPPED), synthetic.CLASSES, tmp_path)
    kept = list((tmp_path / "teachers").iterdir())
    stamp = kept[0].stat().st_mtime_ns
    again, told = ask(Teacher(SHIPPED), synthetic.CLASSES, tmp_path)
    assert np.array_equal(first, again)
    assert told == []
    assert [path.stat().st_mtime_ns for path in (tmp_path / "teachers").iterdir()] == [stamp]


def test_temperature_and_alpha_are_in_the_recipe_and_its_identity_is_the_models():
    one, other = Teacher(SHIPPED), Teacher(SHIPPED, temperature=2.0, alpha=0.5)
    assert one.distillation(synthetic.CLASSES).teacher == other.distillation(synthetic.CLASSES).teacher
    assert other.distillation(synthetic.CLASSES).temperature == 2.0
    quantised = Teacher(SHIPPED.with_name("dscnn-int8"))
    assert quantised.distillation(synthetic.CLASSES).teacher != one.distillation(synthetic.CLASSES).teacher


def test_each_fold_has_a_teacher_that_has_not_heard_it():
    assert Teacher(Path("out/fold-{fold}/crnn-float32")).of_fold("3").directory == Path("out/fold-3/crnn-float32")


def test_a_teacher_with_other_classes_is_refused(tmp_path):
    with pytest.raises(PipelineError, match=r"knows normal, wheeze, .* and the student is to learn normal, wheeze$"):
        ask(Teacher(SHIPPED), ("normal", "wheeze"), tmp_path)
    assert not (tmp_path / "features").exists()


def test_a_teacher_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PipelineError, match="is no pipeline directory"):
        ask(Teacher(tmp_path / "nobody"), synthetic.CLASSES, tmp_path)


@pytest.fixture
def of_fold_2(tmp_path):
    """A teacher that has learned from every fold of "sounds" but the second."""
    place = tmp_path / "fold-2"
    shutil.copytree(SHIPPED, place)
    record = json.loads((place / "pipeline.json").read_text())
    record["labelled"] = {"source": "manifest", "path": "sounds", "folds": ["2"]}
    (place / "pipeline.json").write_text(json.dumps(record))
    return Teacher(place)


def test_a_teacher_that_has_learned_from_the_held_out_fold_is_refused(of_fold_2):
    of_fold_2.refuse_hearer("sounds", "2")
    of_fold_2.refuse_hearer("other sounds", "1")
    Teacher(SHIPPED).refuse_hearer("sounds", "1")
    with pytest.raises(PipelineError, match=r"has learned from fold 1 of sounds, .* with \{fold\} in the place of"):
        of_fold_2.refuse_hearer("sounds", "1")
