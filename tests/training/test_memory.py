import gc

import numpy as np
import pytest

from edgesense import models
from edgesense.errors import NotMeasured
from edgesense.training import fit, memory
from edgesense.training.examples import Examples
from edgesense.training.fit import Schedule


def alive():
    """How many Keras models and optimisers there are in this process."""
    import tf_keras

    kinds = (tf_keras.Model, tf_keras.optimizers.Optimizer)
    return sum(isinstance(one, kinds) for one in gc.get_objects())


def fit_and_count(directory):
    features = np.random.default_rng(0).normal(size=(16, 12, 8)).astype(np.float32)
    some = Examples(features, np.arange(16) % 2, np.arange(16), np.zeros(8, np.float32), np.ones(8, np.float32))
    before = alive()
    during = []
    state = fit.fit(
        models.get("ds_cnn"),
        some,
        some,
        "ab",
        Schedule(epochs=1, batch_size=8),
        seed=1,
        directory=directory,
        on_step=lambda _: during.append(alive()),
    )
    return before, during, alive(), len(state.best)


def test_a_finished_training_leaves_no_model_and_no_optimiser(with_tensorflow, tmp_path):
    before, during, after, arrays = with_tensorflow(fit_and_count, tmp_path)
    assert min(during) > before
    assert after == before
    assert arrays > 10


def answer_before_and_after():
    model = models.get("ds_cnn").build((12, 8), 2)
    clips = np.ones((3, 12, 8), np.float32)
    before = model.predict(clips, verbose=0)
    memory.release()
    return before, model.predict(clips, verbose=0), np.asarray(model(clips))


def test_a_model_that_is_in_use_still_answers_after_a_release(with_tensorflow):
    before, after, called = with_tensorflow(answer_before_and_after)
    assert np.array_equal(before, after)
    assert called == pytest.approx(after, abs=1e-6)


def test_usage_counts_what_is_written_to_and_its_high_water_mark():
    before = memory.usage()
    held = np.ones(8 * 1024**2)
    during = memory.usage()
    assert during.anonymous_bytes - before.anonymous_bytes >= 0.9 * held.nbytes
    assert during.high_water_bytes >= during.resident_bytes - 1024**2
    assert during.data_bytes > before.data_bytes
    del held
    assert memory.usage().high_water_bytes >= during.resident_bytes - 1024**2


def test_a_system_that_does_not_tell_is_an_error(monkeypatch):
    monkeypatch.setattr(memory, "FIELDS", {"high_water_bytes": "VmNothing"})
    with pytest.raises(NotMeasured, match="VmNothing"):
        memory.usage()
