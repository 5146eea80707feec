import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.training.augment import Augmentation, apply


def batch(count=8, frames=20, columns=6, classes=3):
    random = np.random.default_rng(0)
    features = random.normal(size=(count, frames, columns)).astype(np.float32)
    targets = np.eye(classes, dtype=np.float32)[np.arange(count) % classes]
    return features, targets


@given(
    st.builds(
        Augmentation,
        shift=st.integers(0, 30),
        frame_mask=st.integers(0, 30),
        column_mask=st.integers(0, 30),
        mixup=st.floats(0, 2),
    ),
    st.integers(0, 100),
)
def test_shapes_stay_and_targets_stay_shares(how, seed):
    features, targets = batch()
    changed, shares = apply(features, targets, how, np.random.default_rng(seed))
    assert changed.shape == features.shape
    assert changed.dtype == shares.dtype == np.float32
    assert shares.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (shares >= 0).all()


@given(st.integers(0, 100))
def test_the_same_seed_gives_the_same_batch(seed):
    features, targets = batch()
    first = apply(features, targets, Augmentation(), np.random.default_rng(seed))
    second = apply(features, targets, Augmentation(), np.random.default_rng(seed))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_the_batch_that_was_given_is_not_changed():
    features, targets = batch()
    copy = features.copy()
    apply(features, targets, Augmentation(), np.random.default_rng(1))
    assert np.array_equal(features, copy)


def test_without_any_change_a_batch_stays_as_it_is():
    features, targets = batch()
    none = Augmentation(shift=0, frame_mask=0, column_mask=0, mixup=0.0)
    changed, shares = apply(features, targets, none, np.random.default_rng(1))
    assert np.array_equal(changed, features)
    assert np.array_equal(shares, targets)


def test_a_shift_moves_frames_round_and_loses_none():
    features, targets = batch()
    how = Augmentation(shift=5, frame_mask=0, column_mask=0, mixup=0.0)
    changed, _ = apply(features, targets, how, np.random.default_rng(2))
    assert not np.array_equal(changed, features)
    assert np.array_equal(np.sort(changed, axis=1), np.sort(features, axis=1))


def test_mixup_keeps_the_larger_share_for_the_clip_itself():
    features, targets = batch()
    how = Augmentation(shift=0, frame_mask=0, column_mask=0, mixup=1.0)
    _, shares = apply(features, targets, how, np.random.default_rng(3))
    own = shares[np.arange(len(targets)), targets.argmax(axis=1)]
    assert (own >= 0.5).all()
    assert (own < 1.0).any()
