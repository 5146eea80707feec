import json
from pathlib import Path

from edgesense.features.settings import FeatureSettings
from edgesense.training.fit import Schedule
from edgesense.training.recipe import Recipe

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "dscnn-int8" / "recipe.json"


def a_recipe(**changes):
    return Recipe("ds_cnn", 1, ("a", "b"), FeatureSettings(), Schedule(), {"source": "none"}, **changes)


def test_without_options_the_record_and_so_the_digest_has_only_the_keys_of_the_shipped_ones():
    assert sorted(a_recipe().to_dict()) == sorted(json.loads(SHIPPED.read_text())["recipe"])


def test_options_name_another_training():
    shallow, deep = a_recipe(options={"depth": 2}), a_recipe(options={"depth": 3})
    assert len({a_recipe().digest, shallow.digest, deep.digest}) == 3
    assert deep.to_dict()["options"] == {"depth": 3}
