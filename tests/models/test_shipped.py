import functools
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from edgesense import pipeline, synthetic
from edgesense.errors import ModelError
from edgesense.optimize import chains
from edgesense.optimize.convert import RUNTIMES
from edgesense.runtime import backends, loadable

MODELS = Path(__file__).resolve().parents[2] / "models"
NAMES = sorted(path.parent.name for path in MODELS.glob("*/pipeline.json"))


@functools.cache
def made(split, count, seconds, sample_rate):
    return list(synthetic.clips(split, count, seconds=seconds, sample_rate=sample_rate))


def heard(opened, split, count):
    """Clips of the length that a pipeline takes; made once for all pipelines of that length."""
    return made(split, count, opened.settings.seconds, opened.settings.sample_rate)


def test_what_was_promised_is_there():
    assert {"crnn-float32", "crnn-int8", "dscnn-int8"} <= set(NAMES)


DTYPES = {"float32": "float32", "float16": "float16", "int8": "int8", "qat": "int8"}
"""What the weights of a pass are; of others (mixed, dynamic range) there are several kinds."""


@pytest.mark.parametrize("name", NAMES)
def test_every_runtime_can_load_it_by_its_operators_or_its_card_says_why_not(name):
    card = (MODELS / name / "CARD.md").read_text()
    for runtime in RUNTIMES:
        why = ""
        try:
            found = loadable.check(MODELS / name / "model.tflite", runtime)
        except ModelError as error:
            why = str(error).rsplit("; ", maxsplit=1)[-1]
        if why:
            assert "does not load it" in card
            assert why in card
        else:
            assert found.dtype == DTYPES.get(name.rsplit("-", maxsplit=1)[-1], found.dtype)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_file_that_its_recipe_names(name):
    recipe = json.loads((MODELS / name / "recipe.json").read_text())
    assert hashlib.sha256((MODELS / name / "model.tflite").read_bytes()).hexdigest() == recipe["model_sha256"]


@pytest.mark.parametrize("name", NAMES)
def test_its_front_end_is_its_recipes(name):
    recipe = json.loads((MODELS / name / "recipe.json").read_text())["recipe"]
    shipped = pipeline.open(MODELS / name).settings.to_dict()
    learned = {"column_mean", "column_std"}
    assert {key: value for key, value in shipped.items() if key not in learned} == {
        key: value for key, value in recipe["features"].items() if key not in learned
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_runtimes_give_the_same_labels(name):
    clips = [clip.samples for clip in heard(pipeline.open(MODELS / name), "validation", 20)]
    answers = [list(map(pipeline.open(MODELS / name, runtime=one).run, clips)) for one in backends.installed()]
    assert answers
    for one in answers:
        assert sum(first == second for first, second in zip(answers[0], one, strict=True)) >= 19


@pytest.mark.parametrize("name", NAMES)
def test_it_is_right_about_as_often_as_its_card_says(name):
    opened = pipeline.open(MODELS / name)
    said = json.loads((MODELS / name / "recipe.json").read_text())["test"]["accuracy"]
    right = [opened.run(clip.samples) == clip.label for clip in heard(opened, "validation", 100)]
    # Four standard deviations of 100 clips.
    assert sum(right) / 100 == pytest.approx(said, abs=0.13)


@pytest.mark.parametrize("name", NAMES)
def test_its_card_says_what_it_is_not_for_and_how_it_was_made(name):
    card = (MODELS / name / "CARD.md").read_text()
    recipe = json.loads((MODELS / name / "recipe.json").read_text())
    assert "Not for clinical use" in card
    assert recipe["command"] in card
    assert f"{recipe['test']['accuracy']:.4f}" in card
    assert all(part["sha256"] in card for part in recipe["digests"].values())


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("float32")])
def test_its_reference_is_its_own_float_model(name):
    opened = pipeline.open(MODELS / name)
    passes = chains.parse(json.loads((MODELS / name / "recipe.json").read_text())["passes"]).slug
    assert opened.reference().name == name.removesuffix(passes) + "float32"
    assert opened.reference().settings == opened.settings


def test_an_answer_does_not_depend_on_the_clip_before():
    opened = pipeline.open(MODELS / "crnn-int8")
    clips = [clip.samples for clip in synthetic.clips("validation", 4)]
    scores = [opened.predict(clip).scores for clip in clips]
    assert [opened.predict(clip).scores for clip in reversed(clips)] == scores[::-1]


@functools.cache
def answers(name, gain):
    shipped = pipeline.open(MODELS / name)
    return [shipped.predict(clip.samples * np.float32(gain)) for clip in heard(shipped, "test", 60)]


@pytest.mark.parametrize("name", NAMES)
def test_how_loud_a_clip_is_changes_no_bit_of_its_scores(name):
    # Powers of two, which round nothing.
    assert answers(name, 2.0**-7) == answers(name, 2.0**3) == answers(name, 1.0)


@pytest.mark.parametrize("gain", [0.01, 10.0])
@pytest.mark.parametrize("name", NAMES)
def test_how_loud_a_clip_is_does_not_change_its_label(name, gain):
    classes = pipeline.open(MODELS / name).classes
    for before, after in zip(answers(name, 1.0), answers(name, gain), strict=True):
        # Where rounding moves an 8-bit input by a step, the other of two labels that share the best score may win.
        scores = dict(zip(classes, before.scores, strict=True))
        assert scores[after.label] == scores[before.label] == max(before.scores)
