import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense import models
from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.training import fit
from edgesense.training.augment import Augmentation
from edgesense.training.examples import Examples, column_statistics
from edgesense.training.fit import Schedule, rate

CLASSES = ("low", "high")
SHAPE = (12, 8)


def examples(count, seed=0):
    """Clips of noise whose class is told by the sign of their first columns."""
    random = np.random.default_rng(seed)
    targets = np.arange(count) % 2
    features = random.normal(size=(count, *SHAPE)).astype(np.float32)
    features[:, :, :4] += (4.0 * targets - 2.0)[:, None, None].astype(np.float32)
    mean, std = column_statistics(features, np.arange(count))
    return Examples(features, targets, np.arange(count), mean, std)


def train(directory, epochs, stop_after=None, **changes):
    """Train a small DS-CNN; returns what can be compared. Runs where TensorFlow may be imported."""
    seen = []

    def on_epoch(state):
        seen.append(state.epoch)
        if state.epoch == stop_after:
            raise KeyboardInterrupt

    schedule = Schedule(epochs=epochs, batch_size=8, augmentation=Augmentation(2, 2, 1, 0.1), **changes)
    try:
        state = fit.fit(
            models.get("ds_cnn"),
            examples(48),
            examples(24, seed=1),
            CLASSES,
            schedule,
            seed=3,
            directory=directory,
            on_epoch=on_epoch,
        )
    except KeyboardInterrupt:
        return seen, None
    return seen, state


def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(with_tensorflow, tmp_path):
    _, whole = with_tensorflow(train, tmp_path / "whole", 3)
    first, nothing = with_tensorflow(train, tmp_path / "parts", 3, 2)
    second, ended = with_tensorflow(train, tmp_path / "parts", 3)
    assert (first, nothing, second) == ([1, 2], None, [3])
    assert [entry["loss"] for entry in ended.history] == pytest.approx(
        [entry["loss"] for entry in whole.history], rel=1e-4
    )
    for one, other in zip(ended.weights, whole.weights, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_a_finished_training_is_not_begun_again(with_tensorflow, tmp_path):
    _, first = with_tensorflow(train, tmp_path, 1)
    epochs, again = with_tensorflow(train, tmp_path, 1)
    assert epochs == []
    assert again.history == first.history


def learn(directory):
    return train(directory, 12, learning_rate=1e-2)[1]


def test_it_learns_what_can_be_told_apart_and_keeps_the_best_epoch(with_tensorflow, tmp_path):
    state = with_tensorflow(learn, tmp_path)
    scores = [entry["accuracy"] for entry in state.history]
    assert max(scores) > 0.9
    assert state.best_epoch == 1 + int(np.argmax(scores))


def wait(directory):
    return train(directory, 30, patience=1, learning_rate=0.0, weight_decay=0.0, select="macro_f1")[1]


def test_patience_ends_a_training_that_does_not_get_better(with_tensorflow, tmp_path):
    state = with_tensorflow(wait, tmp_path)
    assert state.epoch == state.best_epoch + 1 < 30


def test_fewer_clips_than_a_batch_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="48 training clips do not fill a batch of 64"):
        fit.fit(models.get("ds_cnn"), examples(48), examples(4), CLASSES, Schedule(), seed=1, directory=tmp_path)


def test_without_tensorflow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorflow", None)
    with pytest.raises(EdgeSenseError, match=r"pip install 'pytest-edgesense\[train\]'"):
        fit.tensorflow()


def test_an_unknown_choice_of_the_best_is_refused():
    with pytest.raises(SettingsError, match="accuracy, macro_f1, not 'loss'"):
        Schedule(select="loss")
    with pytest.raises(SettingsError, match="not 0 and 64"):
        Schedule(epochs=0)


def test_a_batch_is_normalised_and_in_the_order_asked():
    some = examples(10)
    which = np.array([7, 2, 9])
    expected = (some.features[which] - some.mean) / some.std
    assert some.batch(which) == pytest.approx(expected, abs=1e-6)


def test_column_statistics_are_those_of_the_rows_asked():
    features = np.random.default_rng(5).normal(3.0, 2.0, size=(6, 10, 4)).astype(np.float32)
    rows = np.array([0, 2, 5])
    mean, std = column_statistics(features, rows)
    assert mean == pytest.approx(features[rows].mean(axis=(0, 1)), rel=1e-5)
    assert std == pytest.approx(features[rows].std(axis=(0, 1)), rel=1e-5)


def test_a_column_that_never_changes_is_not_divided_by_zero():
    features = np.full((2, 5, 3), 7.0, np.float32)
    assert column_statistics(features, np.arange(2))[1].tolist() == [1.0, 1.0, 1.0]


@given(st.integers(1, 50), st.integers(2, 20))
def test_the_rate_rises_for_one_epoch_and_falls_ever_after(steps, epochs):
    schedule = Schedule(epochs=epochs)
    rates = [rate(step, steps, schedule) for step in range(steps * epochs)]
    assert rates[steps - 1] == schedule.learning_rate == max(rates)
    assert all(one < other for one, other in itertools.pairwise(rates[:steps]))
    assert all(one >= other for one, other in itertools.pairwise(rates[steps:]))
    assert min(rates) >= 0


def mapped(path, some):
    np.save(path, some.features)
    return Examples(np.load(path, mmap_mode="r"), some.targets, some.rows, some.mean, some.std)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is mapped")
def test_neither_a_batch_nor_the_statistics_keep_pages_of_a_mapped_store(tmp_path):
    path = tmp_path / "features.npy"
    some = mapped(path, examples(4000))
    held = {}
    for name, read in (
        ("nothing", some.features.sum),
        ("batch", lambda: some.batch(np.arange(4000))),
        ("statistics", lambda: column_statistics(some.features, some.rows)),
    ):
        read()
        lines = Path("/proc/self/smaps").read_text().split(str(path))[1:]
        held[name] = sum(int(text.split("Rss:")[1].split()[0]) for text in lines)
    assert held["nothing"] > 1400
    assert held["batch"] == held["statistics"] == 0
