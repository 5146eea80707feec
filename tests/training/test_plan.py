import pytest

from edgesense.errors import SettingsError
from edgesense.features.settings import FeatureSettings
from edgesense.training.fit import Schedule
from edgesense.training.plan import Plan


def plan(**changes):
    return Plan(**{"architecture": "ds_cnn", "schedule": Schedule(), "passes": ("float32", "prune+int8"), **changes})


def test_its_passes_are_chains_in_the_order_given():
    assert [chain.name for chain in plan().chains] == ["float32", "prune+int8"]


def test_it_has_the_architectures_features_and_name_unless_told_otherwise():
    assert plan().features == FeatureSettings.optimized(blocks=("logmel",))
    assert plan().slug == "dscnn"
    other = FeatureSettings.full()
    assert (plan(front_end=other).features, plan(name="mine").slug) == (other, "mine")


@pytest.mark.parametrize("name", ["a/b", "a/", "/a"])
def test_a_name_that_is_no_folders_is_refused(name):
    with pytest.raises(SettingsError, match="pipelines are folders called by the plan's name"):
        plan(name=name)


def test_no_passes_are_refused_with_those_there_are():
    with pytest.raises(SettingsError, match="name some of cluster, dynamic_range"):
        plan(passes=())
