import json

import pytest

from edgesense.errors import SettingsError
from edgesense.features.settings import FeatureSettings
from edgesense.training.search.data import Embedded
from edgesense.training.search.plan import Plan
from edgesense.training.search.space import Candidate

DATA = Embedded(100, 30)
(FOLD,) = DATA.folds(FeatureSettings(), 1)


def recipe(plan=Plan(2), **changes):  # noqa: B008 - a frozen record
    values = {"depth": 2, "width": 8, "kernel": 3, "blocks": "logmel", "n_fft": 512, "hop_length": 160, "n_mels": 32}
    return plan.recipe(Candidate(**{**values, "conversion": "int8", **changes}), DATA, FOLD)


def test_it_survives_its_way_to_a_child():
    plan = Plan(3, 16, 1e-3, 7, "macro_f1")
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_candidates_that_differ_in_their_conversion_share_a_training():
    assert recipe(conversion="float32").digest == recipe(conversion="int8").digest


@pytest.mark.parametrize("change", [{"depth": 3}, {"width": 16}, {"kernel": 5}, {"n_mels": 48}, {"blocks": "mfcc"}])
def test_any_other_difference_is_another_training(change):
    assert recipe(**change).digest != recipe().digest


def test_the_score_chooses_the_epoch_too():
    assert Plan(2, score="macro_f1").schedule(balance=True).select == "macro_f1"
    with pytest.raises(SettingsError, match="select must be one of"):
        Plan(2, score="luck")
