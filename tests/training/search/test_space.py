import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import SettingsError
from edgesense.models.ds_cnn import Shape
from edgesense.training.search import space
from edgesense.training.search.space import Candidate, Space

WHOLE = Space.of(("float32", "int8"))


class Chooser:
    """A trial that takes the values it is told, and keeps how it was asked."""

    def __init__(self, index=0):
        self.index, self.ints, self.categories = index, {}, {}

    def suggest_int(self, name, low, high, *, step):
        self.ints[name] = tuple(range(low, high + 1, step))
        return self.ints[name][self.index % len(self.ints[name])]

    def suggest_categorical(self, name, choices):
        self.categories[name] = tuple(choices)
        return choices[self.index % len(choices)]


def test_every_front_end_of_the_usual_space_is_valid():
    lists = [WHOLE.choices[name] for name in space.FEATURES]
    for blocks, n_fft, hop_length, n_mels in itertools.product(*lists):
        features = Candidate(2, 8, 3, blocks, n_fft, hop_length, n_mels, "int8").features
        assert (features.n_fft, features.hop_length, features.n_mels) == (n_fft, hop_length, n_mels)
        assert "+".join(features.blocks) == blocks


@given(st.integers(0, 1000))
def test_whatever_a_trial_chooses_is_a_candidate_of_the_space(index):
    chosen = WHOLE.suggest(Chooser(index))
    assert Shape(**chosen.options)
    for name in space.NAMES:
        value = chosen.conversion if name == space.PASS else getattr(chosen, name)
        assert value in WHOLE.choices[name]


def test_the_shipped_default_is_in_the_usual_space():
    chosen = Candidate(5, 32, 3, "logmel", 1024, 160, 64, "int8")
    values = [*(getattr(chosen, name) for name in space.NAMES[:-1]), chosen.conversion]
    assert all(value in WHOLE.choices[name] for name, value in zip(space.NAMES, values, strict=True))


def test_numbers_in_equal_steps_keep_their_order_and_the_others_are_categories():
    chooser = Chooser()
    WHOLE.suggest(chooser)
    assert chooser.ints["depth"] == WHOLE.choices["depth"]
    assert chooser.ints["hop_length"] == WHOLE.choices["hop_length"]
    assert set(chooser.categories) == {"blocks", "n_fft", "pass"}


def test_candidates_with_equal_values_have_equal_keys_and_others_have_not():
    one, same = (Candidate(2, 8, 3, "logmel", 512, 160, 32, "int8") for _ in range(2))
    other = Candidate(2, 8, 3, "logmel", 512, 160, 32, "float32")
    assert one.key == same.key != other.key


def test_lists_can_be_narrowed():
    narrowed = Space.of(("int8",), {"width": ["64", "16"], "blocks": ["logmel"]})
    assert narrowed.choices["width"] == (16, 64)
    assert narrowed.size == 5 * 2 * 2 * 1 * 3 * 3 * 3
    assert narrowed.to_dict()["blocks"] == ["logmel"]


@pytest.mark.parametrize(
    ("passes", "narrowed", "said"),
    [
        (("int9",), {}, "unknown pass 'int9'"),
        ((), {}, "has no value for pass"),
        (("int8",), {"widht": ["8"]}, "the search space has no 'widht', only depth, width"),
        (("int8",), {"width": ["8.5"]}, "width must be whole numbers, not '8.5'"),
        (("int8",), {"depth": ["1"]}, "depth of ds_cnn must be a whole number from 2"),
        (("int8",), {"kernel": ["4"]}, "kernel of ds_cnn must be one of 3, 5, 7, not 4"),
        (("int8",), {"blocks": ["logmle"]}, "front end that cannot be: unknown feature block 'logmle'"),
        (("int8",), {"n_mels": ["400"]}, "front end that cannot be: n_mels=400 is too many"),
    ],
)
def test_a_space_with_something_impossible_in_it_is_refused(passes, narrowed, said):
    with pytest.raises(SettingsError, match=said):
        Space.of(passes, narrowed)
