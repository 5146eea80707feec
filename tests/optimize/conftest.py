import importlib.util
import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgesense import models, optimize
from edgesense.runtime import inspect, interpreter


@pytest.fixture(scope="session")
def with_tensorflow():
    """Run a function of a test module in a process that may import TensorFlow.

    Never in pytest's own: there tflite-runtime would open no model afterwards. One process for all tests here,
    because the import takes eight seconds.
    """
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'pytest-edgesense[train]'")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield lambda function, *arguments: pool.submit(function, *arguments).result()


SHAPE = (12, 32)
CLASSES = 3
TARGETS = np.arange(24) % CLASSES
CALIBRATION = np.random.default_rng(0).normal(size=(len(TARGETS), *SHAPE)).astype(np.float32)
CALIBRATION[:, :, :20] += 1.5 * (TARGETS - 1.0)[:, None, None].astype(np.float32)
"""Clips of three kinds, told apart by the level of most of their columns."""


@dataclass(frozen=True)
class Made:
    """A model of a pass, with what a static read of it finds."""

    path: Path
    file: inspect.ModelFile
    notes: Mapping[str, Any]

    def scores(self, runtime=None):
        """(clips, classes) float32 of the calibration inputs."""
        model = interpreter.load(self.path, runtime=runtime)
        return np.stack([model.run(clip[None]).ravel() for clip in CALIBRATION])


def fitted(architecture):
    """A model that tells the kinds of calibration clips apart, without a training.

    Initial weights, but normalisations of these clips, and a last layer that is fitted in closed form (ridge
    regression of what enters it).
    """
    import tf_keras

    tf_keras.utils.set_random_seed(1)
    batches = models.get(architecture).build(SHAPE, CLASSES)
    for layer in batches.layers:
        # Without momentum, one call puts the statistics of its clips in place.
        if layer.name.startswith("batch_normalization"):
            layer.momentum = 0.0
    batches(CALIBRATION, training=True)
    model = models.get(architecture).build(SHAPE, CLASSES, batch_size=1)
    model.set_weights(batches.get_weights())
    last = model.layers[-1]
    inner = tf_keras.Model(model.inputs, last.input)
    entering = np.concatenate([inner(clip[None]).numpy() for clip in CALIBRATION])
    middle = entering.mean(axis=0)
    centred = entering - middle
    wanted = 6.0 * np.eye(CLASSES)[TARGETS] - 2.0
    penalty = 1e-2 * np.trace(centred @ centred.T) / len(TARGETS) * np.eye(len(TARGETS))
    kernel = centred.T @ np.linalg.solve(centred @ centred.T + penalty, wanted)
    last.set_weights([kernel, -middle @ kernel])
    return model


def _convert(architecture, pass_name, options):
    made = optimize.get(pass_name).convert(fitted(architecture), CALIBRATION, **options)
    return made if isinstance(made, optimize.Converted) else optimize.Converted(made)


@pytest.fixture(scope="session")
def made(with_tensorflow, tmp_path_factory):
    """Convert an architecture in a pass, once: `made("crnn", "int8")`."""
    folder = tmp_path_factory.mktemp("made")
    known = {}

    def make(architecture, pass_name, **options):
        key = "-".join([architecture, pass_name, *(f"{name}={value}" for name, value in sorted(options.items()))])
        if key not in known:
            converted = with_tensorflow(_convert, architecture, pass_name, options)
            path = folder / f"{key}.tflite"
            path.write_bytes(converted.content)
            known[key] = Made(path, inspect.read(path), converted.notes)
        return known[key]

    return make


@pytest.fixture
def targets():
    """(clips,) the kind of each calibration clip."""
    return TARGETS
