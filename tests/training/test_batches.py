import numpy as np
import pytest

from edgesense.errors import SettingsError
from edgesense.training import augment, batches
from edgesense.training.augment import Augmentation
from edgesense.training.batches import Input
from edgesense.training.examples import Examples

SHAPE = (14, 6)
HOW = Augmentation(shift=5, frame_mask=4, column_mask=3, mixup=0.4)
PLAIN = Augmentation(shift=0, frame_mask=0, column_mask=0, mixup=0.0)


def examples(path=None, count=45):
    """Examples in another order than their clips, some clips in none; features mapped from `path` if it is given."""
    random = np.random.default_rng(4)
    features = random.normal(3.0, 2.0, (count + 5, *SHAPE)).astype(np.float32)
    if path is not None:
        np.save(path, features)
        features = np.load(path, mmap_mode="r")
    rows = random.permutation(count + 5)[:count]
    mean, std = (random.uniform(0.5, 2.0, SHAPE[1]).astype(np.float32) for _ in range(2))
    return Examples(features, np.arange(count) % 3, rows, mean, std)


def written_out(some, how, epoch, seed=9, size=8):
    """Every batch of an epoch, by the loop in its plainest form."""
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(some.rows))
    hot = np.eye(3, dtype=np.float32)
    for index in range(len(order) // size):
        which = order[index * size : (index + 1) * size]
        yield augment.apply(some.batch(which), hot[some.targets[which]], how, random)


def source_of(some, how=None, **options):
    """Batches of 8 whose targets are the classes."""
    targets = np.eye(3, dtype=np.float32)[some.targets]
    return batches.batches(some, targets, 8, how or HOW, **options)


def made(path, how, epochs, chosen, directory=None):
    """The batches of some epochs as arrays."""
    source = source_of(examples(path), how, seed=9, chosen=chosen, directory=directory)
    return [[(np.asarray(one), np.asarray(other)) for one, other in source(epoch)] for epoch in epochs]


def assert_same(found, expected):
    assert len(found) == len(expected) == 5
    for one, other in zip(found, expected, strict=True):
        for have, want in zip(one, other, strict=True):
            assert have.dtype == want.dtype == np.float32
            assert np.array_equal(have, want)


@pytest.mark.parametrize("cache", batches.CACHES)
@pytest.mark.parametrize("how", [HOW, PLAIN], ids=["augmented", "plain"])
def test_the_loop_makes_the_batches_of_its_plainest_form(tmp_path, cache, how):
    (found,) = made(tmp_path / "f.npy", how, [2], Input(cache=cache), tmp_path)
    assert_same(found, list(written_out(examples(), how, 2)))


@pytest.mark.parametrize("cache", batches.CACHES)
@pytest.mark.parametrize("how", [HOW, PLAIN], ids=["augmented", "plain"])
def test_tf_data_makes_the_very_batches_of_the_loop(with_tensorflow, tmp_path, cache, how):
    chosen = Input("tf.data", cache, ahead=3, threads=4)
    found = with_tensorflow(made, tmp_path / "f.npy", how, [0, 1, 0], chosen, tmp_path)
    for batches_of_one, epoch in zip(found, (0, 1, 0), strict=True):
        assert_same(batches_of_one, list(written_out(examples(), how, epoch)))


def test_epochs_and_seeds_differ():
    def first(epoch, seed):
        return next(source_of(examples(), HOW, seed=seed)(epoch))[0]

    assert not np.array_equal(first(0, 1), first(1, 1))
    assert not np.array_equal(first(0, 1), first(0, 2))
    assert np.array_equal(first(1, 2), first(1, 2))


def test_an_epoch_without_augmentation_has_each_clip_once():
    some = examples(count=40)
    seen = np.concatenate([features for features, _ in source_of(some, PLAIN, seed=1)(0)])
    every = some.batch(np.arange(40))
    assert sorted(seen[:, 0, 0]) == sorted(every[:, 0, 0])


def abandoned(path):
    source = source_of(examples(path), HOW, seed=9, chosen=Input("tf.data"))
    first = source(0)
    next(first)
    del first
    return [np.asarray(features) for features, _ in source(1)]


def test_an_epoch_that_was_given_up_does_not_change_the_next(with_tensorflow, tmp_path):
    found = with_tensorflow(abandoned, tmp_path / "f.npy")
    expected = [features for features, _ in written_out(examples(), HOW, 1)]
    assert len(found) == 5
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


def test_a_file_cache_leaves_no_file(tmp_path):
    source = source_of(examples(), PLAIN, seed=1, chosen=Input(cache="file"), directory=tmp_path)
    assert len(list(source(0))) == 5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cache", ["memory", "file"])
def test_a_cache_reads_each_clip_of_the_examples_once(tmp_path, monkeypatch, cache):
    asked = []
    whole = Examples.batch
    monkeypatch.setattr(Examples, "batch", lambda self, which: asked.extend(which) or whole(self, which))
    source = source_of(examples(), HOW, seed=1, chosen=Input(cache=cache), directory=tmp_path)
    for epoch in range(3):
        assert len(list(source(epoch))) == 5
    assert sorted(asked) == list(range(45))


def test_what_there_is_no_input_for_is_refused():
    with pytest.raises(SettingsError, match=r"maker must be one of numpy, tf\.data, not 'torch'"):
        Input("torch")
    with pytest.raises(SettingsError, match="cache must be one of off, memory, file, not 'disk'"):
        Input(cache="disk")
    with pytest.raises(SettingsError, match="not 0 and 2"):
        Input("tf.data", ahead=0)
