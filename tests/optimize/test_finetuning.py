"""Passes that train on: what they make of a small model, wrapped and stripped."""

import re

import numpy as np
import pytest

from edgesense import models
from edgesense.errors import SettingsError
from edgesense.optimize import chains, cluster, convert, prune, qat
from edgesense.runtime import backends, graph, interpreter
from edgesense.training import fit
from edgesense.training.augment import Augmentation
from edgesense.training.examples import Examples, column_statistics
from edgesense.training.fit import Schedule

CLASSES = ("low", "high")
SHAPE = (12, 8)
OPTIONS = {"depth": 2}
SMALL = models.configured("ds_cnn", OPTIONS)
PRUNE = prune.Technique(steps=12, frequency=2)
CLUSTER = cluster.Technique(clusters=8)


def examples(count, seed=0):
    """Clips of noise whose class is told by the sign of their first columns."""
    random = np.random.default_rng(seed)
    targets = np.arange(count) % 2
    features = random.normal(size=(count, *SHAPE)).astype(np.float32)
    features[:, :, :4] += (4.0 * targets - 2.0)[:, None, None].astype(np.float32)
    return Examples(features, targets, np.arange(count), *column_statistics(features, np.arange(count)))


def learn(directory, epochs, technique=None, initial=None, rate=1e-3):
    schedule = Schedule(epochs=epochs, batch_size=8, learning_rate=rate, augmentation=Augmentation(0, 0, 0, 0))
    return fit.fit(
        SMALL,
        examples(64),
        examples(24, seed=1),
        CLASSES,
        schedule,
        seed=3,
        directory=directory,
        technique=technique,
        initial=initial,
    )


def tuned(directory, technique, initial, epochs=3):
    """Train on with a technique; returns the state and the stripped weights."""
    state = learn(directory, epochs, technique, initial)
    model = SMALL.build(SHAPE, len(CLASSES))
    model.set_weights(initial)
    model = technique.wrap(model)
    model.set_weights(state.best)
    return state, technique.strip(model).get_weights()


@pytest.fixture(scope="module")
def base(with_tensorflow, tmp_path_factory):
    state = with_tensorflow(learn, tmp_path_factory.mktemp("base"), 12, None, None, 1e-2)
    assert state.history[state.best_epoch - 1]["accuracy"] > 0.9
    return state.best


def kernels(weights):
    """Arrays that prune and cluster change: convolutions that are not depthwise, and the last layer's."""
    return [array for array in weights if array.ndim in {2, 4} and array.shape[-1] != 1]


def test_pruning_makes_half_of_each_kernel_exactly_zero_and_keeps_what_was_learned(with_tensorflow, tmp_path, base):
    state, weights = with_tensorflow(tuned, tmp_path, PRUNE, base)
    assert [array.shape for array in weights] == [array.shape for array in base]
    for array in kernels(weights):
        assert np.mean(array == 0) == pytest.approx(0.5, abs=0.02)
    assert state.history[state.best_epoch - 1]["accuracy"] > 0.9


def test_no_epoch_is_the_best_before_pruning_is_over(with_tensorflow, tmp_path, base):
    state, _ = with_tensorflow(tuned, tmp_path, prune.Technique(steps=16, frequency=2), base, 4)
    # Eight steps an epoch: step 16 is the first of the third.
    assert state.best_epoch >= 3


def test_clustering_leaves_so_many_values_a_kernel_and_keeps_what_was_learned(with_tensorflow, tmp_path, base):
    state, weights = with_tensorflow(tuned, tmp_path, CLUSTER, base)
    assert [array.shape for array in weights] == [array.shape for array in base]
    assert max(len(np.unique(array)) for array in kernels(weights)) == 8
    assert state.history[state.best_epoch - 1]["accuracy"] > 0.9


def pruned_and_clustered(directory, base):
    """Prune, then cluster what came of it, keeping its zeros."""
    _, pruned = tuned(directory / "pruned", PRUNE, base)
    return tuned(directory / "clustered", cluster.Technique(clusters=8, after=("prune",)), pruned)[1]


@pytest.fixture(scope="module")
def few(with_tensorflow, tmp_path_factory, base):
    return with_tensorflow(pruned_and_clustered, tmp_path_factory.mktemp("few"), base)


def test_clustering_keeps_the_zeros_of_a_pruning(few):
    for array in kernels(few):
        assert np.mean(array == 0) >= 0.48
        assert len(np.unique(array)) <= 9


def rounded(directory, base):
    return learn(directory, 3, qat.Technique(), base)


def test_training_with_rounding_gives_a_model_of_integers_that_both_runtimes_answer_alike(
    with_tensorflow, tmp_path, base
):
    state = with_tensorflow(rounded, tmp_path, base)
    trained = convert.Trained("ds_cnn", SHAPE, len(CLASSES), state.best, OPTIONS, qat.Technique())
    path = tmp_path / "qat.tflite"
    found = convert.convert(trained, "qat", path, require=convert.RUNTIMES).file
    assert (found.dtype, found.inputs[0].dtype, found.outputs[0].dtype) == ("int8", "int8", "int8")
    assert [tensor.name for tensor in found.tensors if tensor.dtype.startswith("float")] == []
    some = examples(24, seed=1)
    clips = some.batch(np.arange(24))
    for name in backends.installed():
        model = interpreter.load(path, runtime=name)
        answers = np.array([model.run(clip[None]).ravel().argmax() for clip in clips])
        assert np.mean(answers == some.targets) > 0.9


def test_training_with_rounding_keeps_the_zeros_and_the_few_values(with_tensorflow, tmp_path, few):
    technique = qat.Technique(after=("prune", "cluster"))
    state = with_tensorflow(learn, tmp_path, 3, technique, few)
    trained = convert.Trained("ds_cnn", SHAPE, len(CLASSES), state.best, OPTIONS, technique, few)
    path = tmp_path / "few.tflite"
    found = convert.convert(trained, "qat", path, require=convert.RUNTIMES).file
    assert [tensor.name for tensor in found.tensors if tensor.dtype.startswith("float")] == []
    for tensor, array in graph.weights(found):
        if "depthwise" not in tensor.name:
            assert np.mean(array == 0) >= 0.48
            # Each output channel has a scale of its own, so the same few values are other integers there.
            assert max(len(np.unique(channel)) for channel in array.reshape(tensor.shape[0], -1)) <= 9


def refused(name, technique):
    try:
        technique.wrap(models.get(name).build((24, 32), 2))
    except SettingsError as error:
        return str(error)
    return ""


def test_rounding_a_recurrent_model_is_refused_with_what_to_use(with_tensorflow):
    said = with_tensorflow(refused, "crnn", qat.Technique())
    assert re.fullmatch(r"qat does not know recurrent layers \(lstm\w*\): use int8", said)


@pytest.mark.parametrize("sparsity", [0.0, 1.0, -0.1])
def test_a_sparsity_that_prunes_nothing_or_all_is_refused(sparsity):
    with pytest.raises(SettingsError, match="sparsity must be above 0 and below 1"):
        prune.Technique(sparsity=sparsity)


@pytest.mark.parametrize("clusters", [1, 257])
def test_a_number_of_clusters_that_makes_no_sense_is_refused(clusters):
    with pytest.raises(SettingsError, match="clusters must be from 2 to 256"):
        cluster.Technique(clusters=clusters)


CHAINS = [
    ("int8", (), "int8", "int8"),
    ("prune", ("prune",), "float32", "prune+float32"),
    ("prune+int8", ("prune",), "int8", "prune+int8"),
    ("prune + cluster + int8", ("prune", "cluster"), "int8", "prune+cluster+int8"),
    ("prune+qat", ("prune", "qat"), "qat", "prune+qat"),
]


@pytest.mark.parametrize(("text", "finetunings", "conversion", "name"), CHAINS)
def test_a_chain_is_what_trains_on_and_one_conversion(text, finetunings, conversion, name):
    chain = chains.parse(text)
    assert (chain.finetunings, chain.conversion, chain.name) == (finetunings, conversion, name)
    assert chains.parse(chain.name) == chain


REFUSED = [
    ("int9", "unknown pass 'int9'"),
    ("prun+int8", "did you mean 'prune'"),
    ("int8+prune", "int8 makes the file, so nothing can come after it: 'prune' has to stand before it"),
    ("qat+int8", "qat makes the file, so nothing can come after it: 'int8' has to stand before it"),
    ("prune+prune", "'prune\\+prune' names a pass twice"),
    ("", "unknown pass ''"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_a_chain_that_cannot_be_is_refused(text, said):
    with pytest.raises(SettingsError, match=said):
        chains.parse(text)
