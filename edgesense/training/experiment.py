"""One training, from feature stores to pipeline directories; each step is kept, so that a later call goes on."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from edgesense import models, optimize
from edgesense.optimize import convert
from edgesense.training import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesense.datasets.store import FeatureStore
    from edgesense.features.settings import FeatureSettings
    from edgesense.training.checkpoint import State
    from edgesense.training.recipe import Recipe


class Reporter(Protocol):
    """Who is told how far it is."""

    def features(self, what: str, done: int, total: int) -> None:
        """So many clips' features are computed."""

    def epoch(self, state: State, epochs: int) -> None:
        """An epoch is over."""

    def say(self, text: str) -> None:
        """Another step is done."""


@dataclass(frozen=True)
class Part:
    """Some clips of a store.

    Attributes:
        store: Features and labels.
        rows: (n,) whole numbers, which clips.
    """

    store: FeatureStore
    rows: NDArray[np.int64]

    @classmethod
    def all(cls, store: FeatureStore) -> Part:
        """Every clip of a store."""
        return cls(store, np.arange(len(store.labels)))

    @property
    def labels(self) -> list[str]:
        """Label of each clip."""
        return [self.store.labels[row] for row in self.rows]


@dataclass(frozen=True)
class Trained:
    """A trained model with its front end and its conversions.

    Attributes:
        state: The training's final state.
        features: The front end, with the column means that were learned.
        models: Pass name -> `.tflite` file.
    """

    state: State
    features: FeatureSettings
    models: dict[str, Path]


def train(
    recipe: Recipe,
    train_part: Part,
    validation: Part,
    calibration: Part,
    *,
    passes: Sequence[str],
    work: Path,
    reporter: Reporter,
    on_step: Callable[[int], None] | None = None,
) -> Trained:
    """Train a model and convert it.

    Args:
        recipe: What and how.
        train_part: Clips to learn from, and to learn the column means from.
        validation: Clips to choose the best epoch by.
        calibration: Clips to take the ranges of 8-bit tensors from.
        passes: Names of modules in `edgesense.optimize`.
        work: Folder of this training's checkpoint and conversions.
        reporter: Who is told.
        on_step: Called before each step; see `fit.fit`.

    Returns:
        The trained model.

    Raises:
        SettingsError: An unknown pass or architecture.
        ConversionError: A conversion failed.
    """
    optimize.check(passes)
    features = train_part.store.features
    mean, std = fit.column_statistics(features, train_part.rows)

    def examples(part: Part) -> fit.Examples:
        targets = np.array([recipe.classes.index(label) for label in part.labels], np.int64)
        return fit.Examples(part.store.features, targets, part.rows, mean, std)

    state = fit.fit(
        models.get(recipe.architecture),
        examples(train_part),
        examples(validation),
        recipe.classes,
        recipe.schedule,
        seed=recipe.seed,
        directory=work,
        on_epoch=lambda now: reporter.epoch(now, recipe.schedule.epochs),
        on_step=on_step,
    )
    chosen = state.history[state.best_epoch - 1]
    reporter.say(
        f"epoch {state.best_epoch} of {state.epoch} is the best on {len(validation.rows)} validation clips: "
        f"accuracy {chosen['accuracy']:.4f}, macro F1 {chosen['macro_f1']:.4f}"
    )
    trained = convert.Trained(
        recipe.architecture, (int(features.shape[1]), int(features.shape[2])), len(recipe.classes), state.best
    )
    representative = examples(calibration).batch(np.arange(len(calibration.rows)))
    made = {}
    for name in passes:
        began = time.monotonic()
        path = work / f"{name}.tflite"
        found = convert.convert(trained, name, path, calibration=representative)
        reporter.say(f"{name}: {found.size / 1024:.1f} KiB, converted in {time.monotonic() - began:.0f} s")
        made[name] = path
    learned = replace(
        recipe.features,
        column_mean=tuple(float(f"{value:.6g}") for value in mean),
        column_std=tuple(float(f"{value:.6g}") for value in std),
    )
    return Trained(state, learned, made)
