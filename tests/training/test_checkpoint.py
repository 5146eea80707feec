import errno
import os

import numpy as np
import pytest

from edgesense.errors import EdgeSenseError
from edgesense.training import checkpoint
from edgesense.training.checkpoint import State


def state():
    return State(
        epoch=2,
        weights=[np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([1])],
        optimizer=[np.int64(7), np.float32([2, 3])],
        best=[np.zeros((2, 3), np.float32), np.float32([4])],
        best_epoch=1,
        history=[{"loss": 1.0, "accuracy": 0.5}, {"loss": 0.5, "accuracy": 0.4}],
        seconds=3.5,
    )


def test_a_state_comes_back_as_it_was_saved(tmp_path):
    checkpoint.save(tmp_path / "state.npz", state())
    found, saved = checkpoint.load(tmp_path / "state.npz"), state()
    assert found is not None
    for name in ("weights", "optimizer", "best"):
        arrays = zip(getattr(found, name), getattr(saved, name), strict=True)
        assert all(np.array_equal(one, other) for one, other in arrays)
    assert (found.epoch, found.best_epoch, found.history, found.seconds) == (2, 1, saved.history, 3.5)


def test_more_arrays_than_ten_keep_their_order(tmp_path):
    checkpoint.save(tmp_path / "state.npz", State(weights=[np.float32([n]) for n in range(25)]))
    found = checkpoint.load(tmp_path / "state.npz")
    assert [float(array[0]) for array in found.weights] == list(range(25))


def test_without_a_file_there_is_no_state(tmp_path):
    assert checkpoint.load(tmp_path / "state.npz") is None


def test_a_cut_off_file_is_no_state(tmp_path):
    path = tmp_path / "state.npz"
    checkpoint.save(path, state())
    path.write_bytes(path.read_bytes()[:-100])
    assert checkpoint.load(path) is None


def test_a_write_that_was_cut_off_leaves_the_older_state(tmp_path):
    path = tmp_path / "state.npz"
    checkpoint.save(path, state())
    path.with_name("state.npz.partial").write_bytes(b"half")
    assert checkpoint.load(path).epoch == 2


def test_a_full_disk_leaves_the_older_state_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "state.npz"
    checkpoint.save(path, state())

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(EdgeSenseError, match=r"the training so far cannot be kept in .*: No space left on device"):
        checkpoint.save(path, State(epoch=3))
    assert checkpoint.load(path).epoch == 2
    assert [one.name for one in tmp_path.iterdir()] == ["state.npz"]
