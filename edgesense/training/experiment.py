"""One training, from feature stores to pipeline directories; each step is kept, so that a later call goes on."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edgesense import models, optimize
from edgesense.optimize import convert
from edgesense.optimize.chains import SEPARATOR
from edgesense.training import batches, distill, fit
from edgesense.training.examples import Examples, column_statistics
from edgesense.training.objective import CrossEntropy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesense.datasets.store import FeatureStore
    from edgesense.features.settings import FeatureSettings
    from edgesense.optimize import FineTuning
    from edgesense.optimize.chains import Chain
    from edgesense.training.checkpoint import State
    from edgesense.training.fit import Schedule
    from edgesense.training.objective import Objective
    from edgesense.training.recipe import Recipe

REQUIRED = {"float32": convert.RUNTIMES, "int8": convert.RUNTIMES}
"""Runtimes that must load what a pass makes; of another pass's model the card says which do."""
TUNING_RATE = 0.25
"""Peak learning rate of a fine-tuning, as a share of the training's own."""


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
class Tuned:
    """A trained model after one more fine-tuning.

    Attributes:
        name: The pass.
        technique: Its settings.
        epochs: Epochs that it took.
        best_epoch: The one that was chosen, from 1.
        score: What it was chosen by, on the validation clips.
    """

    name: str
    technique: FineTuning
    epochs: int
    best_epoch: int
    score: float


@dataclass(frozen=True)
class Trained:
    """A trained model with its front end and its conversions.

    Attributes:
        state: The training's final state.
        features: The front end, with the column means that were learned.
        models: Chain of passes -> `.tflite` file.
        tunings: Chain's name -> the fine-tunings in it.
        conversions: Chain's name -> which runtimes load that file, and how it was made.
    """

    state: State
    features: FeatureSettings
    models: dict[Chain, Path]
    tunings: dict[str, tuple[Tuned, ...]] = field(default_factory=dict)
    conversions: dict[str, convert.Conversion] = field(default_factory=dict)

    def runtime(self, name: str) -> str | None:
        """The first installed runtime that loads a chain's model; None where nothing is known of it."""
        found = self.conversions.get(name)
        usable = [one.runtime for one in found.runtimes if one.loads and one.tried] if found else []
        return usable[0] if usable else None


def train(
    recipe: Recipe,
    train_part: Part,
    validation: Part,
    calibration: Part,
    *,
    chains: Sequence[Chain],
    work: Path,
    reporter: Reporter,
    answers: NDArray[np.float32] | None = None,
    on_step: Callable[[int], None] | None = None,
    chosen: batches.Input | None = None,
) -> Trained:
    """Train a model, and train it on and convert it in as many ways as there are chains.

    Args:
        recipe: What and how.
        train_part: Clips to learn from, and to learn the column means from.
        validation: Clips to choose the best epoch by.
        calibration: Clips to take the ranges of 8-bit tensors from.
        chains: Passes, as `edgesense.optimize.chains.parse` gives them.
        work: Folder of this training's checkpoints and conversions.
        reporter: Who is told.
        answers: (clips of the store, classes) float32, a teacher's probabilities, where the recipe names one.
        on_step: Called before each step; see `fit.fit`.
        chosen: How batches are made; see `fit.fit`.

    Returns:
        The trained model.

    Raises:
        SettingsError: An unknown architecture, or a pass that cannot be made of it; before anything is trained.
        ConversionError: A conversion failed.
    """
    learning = _Learning(
        recipe, train_part, validation, answers=answers, work=work, reporter=reporter, on_step=on_step, chosen=chosen
    )
    learning.refuse(chains)
    state = learning.fit(work)
    reporter.say(_chosen(state, len(validation.rows)))
    representative = learning.examples(calibration).batch(np.arange(len(calibration.rows)))
    made, tunings, conversions = {}, {}, {}
    for chain in chains:
        path = work / f"{chain.slug}.tflite"
        model, tunings[chain.name] = learning.tuned(chain.finetunings, state.best)
        began = time.monotonic()
        required = REQUIRED.get(chain.conversion, ())
        found = convert.convert(model, chain.conversion, path, calibration=representative, require=required)
        size = f"{found.file.size / 1024:.1f} KiB"
        reporter.say(f"{chain.name}: {size}, converted in {time.monotonic() - began:.0f} s")
        for refusing in (one for one in found.runtimes if not one.loads):
            reporter.say(f"{chain.name}: {refusing.release} does not load it: {refusing.reason}")
        made[chain], conversions[chain.name] = path, found
    return Trained(state, learning.front_end, made, tunings, conversions)


def _chosen(state: State, clips: int) -> str:
    chosen = state.history[state.best_epoch - 1]
    return (
        f"epoch {state.best_epoch} of {state.epoch} is the best on {clips} validation clips: "
        f"accuracy {chosen['accuracy']:.4f}, macro F1 {chosen['macro_f1']:.4f}"
    )


class _Learning:
    """What the first training and each fine-tuning after it have in common."""

    def __init__(
        self,
        recipe: Recipe,
        train_part: Part,
        validation: Part,
        *,
        answers: NDArray[np.float32] | None,
        work: Path,
        reporter: Reporter,
        on_step: Callable[[int], None] | None,
        chosen: batches.Input | None,
    ) -> None:
        self._recipe, self._work, self._reporter = recipe, work, reporter
        self._on_step, self._chosen = on_step, chosen
        self._architecture = models.configured(recipe.architecture, recipe.options)
        self._mean, self._std = column_statistics(train_part.store.features, train_part.rows)
        self._train, self._validation = self.examples(train_part), self.examples(validation)
        labels = CrossEntropy(self._train.targets, len(recipe.classes), balance=recipe.schedule.balance)
        self._objective: Objective = labels
        if recipe.distillation is not None and answers is not None:
            heard = answers[train_part.rows]
            self._objective = distill.Distilled(labels, heard, len(recipe.classes), recipe.distillation)

    def examples(self, part: Part) -> Examples:
        """A part's clips with the column means of the training clips."""
        targets = np.array([self._recipe.classes.index(label) for label in part.labels], np.int64)
        return Examples(part.store.features, targets, part.rows, self._mean, self._std)

    @property
    def front_end(self) -> FeatureSettings:
        """The features, with what was learned of their columns."""
        mean, std = (tuple(float(f"{value:.6g}") for value in values) for values in (self._mean, self._std))
        return replace(self._recipe.features, column_mean=mean, column_std=std)

    @property
    def _shape(self) -> tuple[int, int]:
        return int(self._train.features.shape[1]), int(self._train.features.shape[2])

    def refuse(self, chains: Sequence[Chain]) -> None:
        """Refuse what cannot be made of the architecture while nothing has been trained yet.

        Raises:
            SettingsError: A fine-tuning does not know one of its layers.
            ConversionError: A conversion does not.
        """
        passes = {name for chain in chains for name in (*chain.finetunings, chain.conversion)}
        wary = [module for name in sorted(passes) if hasattr(module := optimize.get(name), "refuse")]
        if wary:
            fit.tensorflow()
            model = self._architecture.build(self._shape, len(self._recipe.classes), batch_size=1)
            for module in wary:
                module.refuse(model)

    def fit(
        self,
        directory: Path,
        *,
        schedule: Schedule | None = None,
        technique: FineTuning | None = None,
        initial: Sequence[NDArray[Any]] | None = None,
    ) -> State:
        """Train, or go on with the training that is in `directory`."""
        schedule = schedule or self._recipe.schedule
        return fit.fit(
            self._architecture,
            self._train,
            self._validation,
            self._recipe.classes,
            schedule,
            seed=self._recipe.seed,
            directory=directory,
            on_epoch=lambda now: self._reporter.epoch(now, schedule.epochs),
            on_step=self._on_step,
            chosen=self._chosen,
            objective=self._objective,
            technique=technique,
            initial=initial,
        )

    def tuned(self, names: Sequence[str], weights: Sequence[NDArray[Any]]) -> tuple[convert.Trained, tuple[Tuned, ...]]:
        """Train on with each fine-tuning in turn; a chain that begins as another one did goes on from there."""
        recipe, directory = self._recipe, self._work
        told: list[Tuned] = []
        wrapped: FineTuning | None = None
        begun: Sequence[NDArray[Any]] = ()
        for place, name in enumerate(names):
            technique: FineTuning = optimize.get(name).Technique(after=tuple(names[:place]))
            epochs = technique.epochs(len(self._train.rows) // recipe.schedule.batch_size)
            schedule = replace(
                recipe.schedule, epochs=epochs, learning_rate=recipe.schedule.learning_rate * TUNING_RATE, patience=0
            )
            identity = hashlib.sha256(f"{technique!r} {schedule!r}".encode()).hexdigest()[:8]
            directory = directory / f"{name}-{identity}"
            self._reporter.say(f"{SEPARATOR.join(names[: place + 1])}: training on for {epochs} epochs")
            state = self.fit(directory, schedule=schedule, technique=technique, initial=weights)
            self._reporter.say(_chosen(state, len(self._validation.rows)))
            score = state.history[state.best_epoch - 1][schedule.select]
            told.append(Tuned(name, technique, state.epoch, state.best_epoch, score))
            model = self._architecture.build(self._shape, len(recipe.classes))
            model.set_weights(weights)
            model = technique.wrap(model)
            model.set_weights(state.best)
            wrapped, begun = (technique, weights) if hasattr(optimize.get(name), "convert") else (None, ())
            weights = technique.strip(model).get_weights()
        classes = len(recipe.classes)
        made = convert.Trained(recipe.architecture, self._shape, classes, weights, recipe.options, wrapped, begun)
        return made, tuple(told)
