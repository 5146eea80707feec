import importlib

import numpy as np
import pytest

from edgesense import models
from edgesense.errors import SettingsError
from edgesense.features.settings import FeatureSettings

SHAPE = (24, 32)
CLIPS = np.random.default_rng(0).normal(size=(2, *SHAPE)).astype(np.float32)


def build(name, shape, classes):
    """What a model of an architecture is and answers, alone and with a batch of one."""
    architecture = models.get(name)
    model = architecture.build(shape, classes)
    single = architecture.build(shape, classes, batch_size=1)
    single.set_weights(model.get_weights())
    recurrent = sum(layer.count_params() for layer in model.layers if layer.name.startswith("lstm"))
    clips = CLIPS if shape == SHAPE else np.zeros((1, *shape), np.float32)
    return {
        "answers": model(clips).numpy(),
        "alone": np.concatenate([single(clip[None]).numpy() for clip in clips]),
        "single_shape": single.input_shape,
        "parameters": model.count_params(),
        "recurrent": recurrent,
    }


def test_an_unknown_architecture_is_refused_with_the_nearest():
    with pytest.raises(
        SettingsError, match=r"unknown architecture 'crn', known are attention, .*; did you mean 'crnn'"
    ):
        models.get("crn")


@pytest.mark.parametrize("name", models.names())
def test_each_module_is_an_architecture_of_its_own_name(name):
    module = models.get(name)
    assert name == module.NAME
    assert importlib.import_module(f"edgesense.models.{name}").__doc__
    assert module.EPOCHS >= 1
    assert isinstance(module.features(), FeatureSettings)


@pytest.mark.parametrize("name", models.names())
@pytest.mark.parametrize("classes", [3, 5])
def test_each_answer_is_a_share_for_each_class(with_tensorflow, name, classes):
    answers = with_tensorflow(build, name, SHAPE, classes)["answers"]
    assert answers.shape == (2, classes)
    assert answers.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("name", models.names())
def test_a_batch_of_one_takes_the_weights_of_any_batch(with_tensorflow, name):
    made = with_tensorflow(build, name, SHAPE, 3)
    assert made["single_shape"] == (1, *SHAPE)
    assert made["alone"] == pytest.approx(made["answers"], abs=1e-6)


def test_the_crnn_holds_about_567_thousand_parameters_most_of_them_recurrent(with_tensorflow):
    made = with_tensorflow(build, "crnn", models.get("crnn").features().shape, 5)
    assert made["parameters"] == pytest.approx(567_000, rel=0.01)
    assert made["recurrent"] > 0.9 * made["parameters"]


def test_the_ds_cnn_is_a_tenth_of_the_crnn(with_tensorflow):
    crnn, small = (
        with_tensorflow(build, name, models.get(name).features().shape, 5)["parameters"] for name in ("crnn", "ds_cnn")
    )
    assert small * 10 < crnn


def test_building_without_tensorflow_loaded_costs_nothing_to_import():
    import subprocess
    import sys

    code = "import sys, edgesense.models.crnn, edgesense.models.ds_cnn; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def pad(sizes):
    """Answers of a strided convolution with "same" padding, and with the padding written out."""
    from tf_keras import layers

    from edgesense.models.crnn import KERNEL, _padding

    same, written = [], []
    for size, stride in sizes:
        x = np.random.default_rng(size).normal(size=(1, size, size, 1)).astype(np.float32)
        one = layers.Conv2D(2, KERNEL, strides=stride, padding="same")
        other = layers.Conv2D(2, KERNEL, strides=stride)
        padded = layers.ZeroPadding2D([_padding(size, stride)] * 2)(x)
        same.append(one(x).numpy())
        other.build(padded.shape)
        other.set_weights(one.get_weights())
        written.append(other(padded).numpy())
    return same, written


def test_written_out_padding_is_what_same_means(with_tensorflow):
    same, written = with_tensorflow(pad, [(size, stride) for size in (5, 8, 9, 13) for stride in (1, 2, 3, 4)])
    for one, other in zip(same, written, strict=True):
        assert other == pytest.approx(one, abs=1e-5)


def test_the_student_is_a_third_of_the_ds_cnn_and_the_attention_model_no_larger(with_tensorflow):
    sizes = {
        name: with_tensorflow(build, name, models.get(name).features().shape, 5)["parameters"]
        for name in ("cnn", "ds_cnn", "attention")
    }
    assert sizes["cnn"] * 3 < sizes["ds_cnn"]
    assert sizes["attention"] < 1.5 * sizes["ds_cnn"]


DEFAULT_BLOCKS = ((64, (2, 2)), (64, (1, 1)), (96, (1, 1)), (128, (2, 2)), (128, (1, 1)))


def build_configured(options):
    """Shapes of the weights of the default DS-CNN and of one with options."""
    as_it_stands = models.get("ds_cnn").build(SHAPE, 3).get_weights()
    with_options = models.configured("ds_cnn", options).build(SHAPE, 3).get_weights()
    return [one.shape for one in as_it_stands], [one.shape for one in with_options]


def test_the_default_shape_is_the_architecture_that_ships():
    from edgesense.models.ds_cnn import Shape

    assert Shape().blocks == DEFAULT_BLOCKS
    assert Shape().width == 32


@pytest.mark.parametrize("depth", range(2, 17))
def test_a_ds_cnn_of_any_depth_halves_twice_and_never_gets_narrower(depth):
    from edgesense.models.ds_cnn import Shape

    blocks = Shape(depth=depth, width=8).blocks
    filters = [many for many, _ in blocks]
    assert len(blocks) == depth
    assert [strides for _, strides in blocks].count((2, 2)) == 2
    assert filters == sorted(filters)
    assert (filters[0], filters[-1]) == (16, 32)


def test_options_change_the_network(with_tensorflow):
    same, also = with_tensorflow(build_configured, {"depth": 5, "width": 32, "kernel": 3})
    assert same == also
    _, other = with_tensorflow(build_configured, {"depth": 2, "width": 8, "kernel": 5})
    assert other[0] == (5, 5, 4, 8)
    assert len(other) < len(same)


def test_no_options_are_the_architecture_as_it_stands():
    assert models.configured("crnn", {}) is models.get("crnn")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("ds_cnn", {"dept": 3}, "ds_cnn has no option 'dept', only depth, width, kernel"),
        ("ds_cnn", {"depth": 1}, "depth of ds_cnn must be a whole number from 2 to 16, not 1"),
        ("ds_cnn", {"width": 8.0}, "width of ds_cnn must be a whole number from 1 to 512, not 8.0"),
        ("ds_cnn", {"kernel": 4}, "kernel of ds_cnn must be one of 3, 5, 7, not 4"),
        ("crnn", {"depth": 3}, "crnn has no options, but was given 'depth'"),
    ],
)
def test_an_option_that_cannot_be_is_refused(name, options, said):
    with pytest.raises(SettingsError, match=said):
        models.configured(name, options)
