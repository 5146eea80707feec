from dataclasses import replace
from pathlib import Path

import pytest

from edgesense import evaluation
from edgesense.features.settings import FeatureSettings
from edgesense.optimize.convert import Conversion
from edgesense.optimize.loading import Loading
from edgesense.runtime import inspect
from edgesense.runtime.tiny import tiny_model
from edgesense.training import card
from edgesense.training.checkpoint import State
from edgesense.training.experiment import Trained
from edgesense.training.fit import Schedule
from edgesense.training.recipe import Recipe

CLASSES = ("normal", "wheeze")
RECIPE = Recipe("ds_cnn", 1, CLASSES, FeatureSettings.optimized(blocks=("logmel",)), Schedule(), {})
NOTES = {
    "why": ["Kept in float: SOFTMAX (1 of 2 operators).", "Wanted was much."],
    "clips": 3,
    "ranking": [
        {"operator": "SOFTMAX", "lost_alone": 0.000459, "kept": "float"},
        {"operator": "CONV_2D stem", "lost_alone": 0.0, "kept": "int8"},
    ],
}
LITERT = Loading("litert", "litert 2.3.0", "", tried=True)


@pytest.fixture
def facts(tmp_path):
    """What is known of a pipeline whose model only litert loads."""
    directory = tmp_path / "dscnn-mixed"
    directory.mkdir()
    tiny_model(directory / "model.tflite")
    (directory / "pipeline.json").write_text("{}")
    refusing = Loading("tflite", "tflite 2.14.0", "model.tflite needs FULLY_CONNECTED version 12", tried=True)
    history = [{"loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7}]
    return card.Facts(
        directory=directory,
        command="edgesense train ds_cnn",
        trained=Trained(State(epoch=1, best_epoch=1, history=history), RECIPE.features, {}),
        digests={"train": (10, "abc")},
        software={"numpy": "1.26"},
        scores=evaluation.score(["normal", "wheeze"], ["normal", "normal"], CLASSES),
        agreement=[("litert 2.3.0", 100, 100)],
        conversion=Conversion(inspect.read(directory / "model.tflite"), (LITERT, refusing), NOTES),
    )


def test_each_runtime_is_listed_with_what_it_does(facts):
    lines = card.text(RECIPE, facts).splitlines()
    assert "- litert 2.3.0: loads; 100 of 100 clips of the calibration split get the same label" in lines
    assert "- tflite 2.14.0: does not load it: model.tflite needs FULLY_CONNECTED version 12" in lines


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("", "- tflite 2.14.0: has every operator that it needs; not installed, so not tried"),
        ("too old", "- tflite 2.14.0: does not load it (by its operators; not tried): too old"),
    ],
)
def test_what_was_not_tried_says_so(facts, reason, line):
    untried = Loading("tflite", "tflite 2.14.0", reason, tried=False)
    conversion = Conversion(facts.conversion.file, (LITERT, untried), {})
    assert line in card.text(RECIPE, replace(facts, conversion=conversion)).splitlines()


def test_what_a_pass_chose_and_why_is_in_the_card_and_in_the_recipe(facts):
    text = card.text(RECIPE, facts)
    assert "## How it was converted\n\nKept in float: SOFTMAX (1 of 2 operators). Wanted was much.\n\n" in text
    assert "| operator | lost alone | kept |\n|---|---|---|\n| SOFTMAX | 0.000459 | float |\n" in text
    assert card.record(RECIPE, facts)["conversion"] == NOTES


def test_a_pass_with_nothing_to_say_has_no_section(facts):
    silent = replace(facts, conversion=Conversion(facts.conversion.file, (LITERT,), {}))
    text = card.text(RECIPE, silent)
    assert "How it was converted" not in text
    assert "\n\n\n" not in text
    assert card.record(RECIPE, silent)["conversion"] == {}


def test_cards_of_models_from_before_have_no_more_and_no_less(facts):
    text = card.text(RECIPE, replace(facts, conversion=None))
    assert [line for line in text.splitlines() if line.startswith("- ") and "loads" in line] == [
        "- litert 2.3.0: loads; 100 of 100 clips of the calibration split get the same label"
    ]
    assert Path(facts.directory).name in text
