"""The training loop: seeded, resumable epoch by epoch, its best epoch chosen on the validation clips.

Everything that is drawn in epoch n is drawn from (seed, n) alone, so a training that was interrupted goes on as it
would have. Two runs still differ in the last digits, and after many epochs in more: TensorFlow's threads add up in no
fixed order.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.evaluation import score
from edgesense.training import augment, batches, checkpoint, memory
from edgesense.training.objective import CrossEntropy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesense.models import Architecture
    from edgesense.optimize import FineTuning
    from edgesense.training.examples import Examples
    from edgesense.training.objective import Objective

SELECTIONS = ("accuracy", "macro_f1")


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        epochs: Passes over the training clips.
        batch_size: Clips of one step; the last, smaller batch of an epoch is left out.
        learning_rate: Peak of AdamW's step, reached after one epoch and brought to zero by half a cosine.
        weight_decay: AdamW's.
        patience: Epochs without a better validation score after which it stops; 0 never stops early.
        select: What "better" means on the validation clips, one of `SELECTIONS`.
        balance: Whether rare classes weigh as much in the loss as common ones.
        augmentation: Changes of the training clips.
    """

    epochs: int = 14
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    patience: int = 0
    select: str = "accuracy"
    balance: bool = False
    augmentation: augment.Augmentation = field(default_factory=augment.Augmentation)

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise SettingsError(f"training needs an epoch and a clip a step, not {self.epochs} and {self.batch_size}")
        if self.select not in SELECTIONS:
            raise SettingsError(f"select must be one of {', '.join(SELECTIONS)}, not {self.select!r}")


def fit(
    architecture: Architecture,
    train: Examples,
    validation: Examples,
    classes: Sequence[str],
    schedule: Schedule,
    *,
    seed: int,
    directory: Path,
    on_epoch: Callable[[checkpoint.State], None] | None = None,
    objective: Objective | None = None,
    technique: FineTuning | None = None,
    initial: Sequence[NDArray[Any]] | None = None,
    on_step: Callable[[int], None] | None = None,
    chosen: batches.Input | None = None,
) -> checkpoint.State:
    """Train a model, or go on with the training that is in `directory`.

    Args:
        architecture: What to train.
        train: Clips to learn from.
        validation: Clips to choose the best epoch by.
        classes: Names of the classes, in the order of the targets.
        schedule: How.
        seed: Decides initial weights, order and augmentation.
        directory: Where the checkpoint is kept.
        on_epoch: Called after each epoch.
        objective: What it tries to reach; None for the labels' cross entropy.
        technique: What is done to the model while it learns; None for nothing.
        initial: Arrays of the architecture's own `get_weights()` to begin with; None for random ones.
        on_step: Called before each step with its number, counted from 0 over all epochs.
        chosen: How batches are made, which changes none of them; by default a plain loop.

    Returns:
        The final state; `best` holds the chosen weights, with a technique those of the wrapped model.

    Raises:
        EdgeSenseError: TensorFlow is not installed.
        SettingsError: There are fewer training clips than one batch.
    """
    if len(train.rows) < schedule.batch_size:
        raise SettingsError(f"{len(train.rows)} training clips do not fill a batch of {schedule.batch_size}")
    path = directory / "state.npz"
    state = checkpoint.load(path) or checkpoint.State()
    if _finished(state, schedule):
        return state
    goal = objective or CrossEntropy(train.targets, len(classes), balance=schedule.balance)
    trainer = _Trainer(
        architecture,
        train,
        len(classes),
        schedule=schedule,
        seed=seed,
        objective=goal,
        technique=technique,
        initial=initial,
        chosen=chosen,
    )
    if state.epoch:
        trainer.restore(state)
    while not _finished(state, schedule):
        began = time.monotonic()
        loss = trainer.epoch(state.epoch, on_step)
        state.epoch += 1
        predicted = trainer.predict(validation)
        scores = score([classes[t] for t in validation.targets], [classes[p] for p in predicted], classes)
        entry = {"loss": loss, "accuracy": scores.accuracy, "macro_f1": scores.macro_f1}
        before = state.history[state.best_epoch - 1][schedule.select] if state.best_epoch else -1.0
        state.weights, state.optimizer = trainer.arrays()
        if entry[schedule.select] > before and trainer.ready:
            state.best, state.best_epoch = state.weights, state.epoch
        state.history.append(entry)
        state.seconds += time.monotonic() - began
        checkpoint.save(path, state)
        if on_epoch:
            on_epoch(state)
    del trainer
    memory.release()
    return state


def _finished(state: checkpoint.State, schedule: Schedule) -> bool:
    waited = state.epoch - state.best_epoch
    return state.epoch >= schedule.epochs or (0 < schedule.patience <= waited and state.best_epoch > 0)


def rate(step: int, steps_an_epoch: int, schedule: Schedule) -> float:
    """Learning rate of a step: rising over the first epoch, then half a cosine down to zero."""
    if step < steps_an_epoch:
        return schedule.learning_rate * (step + 1) / steps_an_epoch
    rest = max(1, steps_an_epoch * (schedule.epochs - 1))
    return float(schedule.learning_rate * 0.5 * (1 + np.cos(np.pi * (step - steps_an_epoch) / rest)))


class _Trainer:
    """A model, its optimiser and the compiled steps."""

    def __init__(
        self,
        architecture: Architecture,
        train: Examples,
        classes: int,
        *,
        schedule: Schedule,
        seed: int,
        objective: Objective,
        technique: FineTuning | None,
        initial: Sequence[NDArray[Any]] | None,
        chosen: batches.Input | None,
    ) -> None:
        tf, keras = tensorflow()
        keras.utils.set_random_seed(seed)
        shape = (int(train.features.shape[1]), int(train.features.shape[2]))
        self._model = architecture.build(shape, classes)
        if initial is not None:
            self._model.set_weights(initial)
        self._technique, self._steps = technique, 0
        if technique:
            self._model = technique.wrap(self._model)
        self._optimizer = keras.optimizers.AdamW(
            schedule.learning_rate, weight_decay=schedule.weight_decay, clipnorm=1.0
        )
        self._optimizer.build(self._model.trainable_variables)
        self._schedule, self._steps_an_epoch = schedule, len(train.rows) // schedule.batch_size
        targets = objective.targets(np.arange(len(train.rows)))
        self._batches = batches.batches(
            train, targets, schedule.batch_size, schedule.augmentation, seed=seed, chosen=chosen
        )

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def step(features: Any, targets: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = objective.loss(self._model(features, training=True), targets)
            gradients = tape.gradient(loss, self._model.trainable_variables)
            self._optimizer.apply_gradients(zip(gradients, self._model.trainable_variables, strict=True))
            return loss

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def answer(features: Any) -> Any:
            return self._model(features, training=False)

        self._step, self._answer = step, answer

    @property
    def ready(self) -> bool:
        """Whether the model is what the technique is to make of it, so that an epoch may be the best."""
        return self._technique is None or self._technique.ready(self._steps)

    def epoch(self, number: int, on_step: Callable[[int], None] | None = None) -> float:
        """One pass over the training clips; returns the mean loss."""
        first, losses = number * self._steps_an_epoch, []
        for step, (features, targets) in enumerate(self._batches(number), start=first):
            if on_step:
                on_step(step)
            if self._technique:
                self._technique.before(step, self._model)
            self._optimizer.learning_rate.assign(rate(step, self._steps_an_epoch, self._schedule))
            losses.append(float(self._step(features, targets)))
        self._steps = first + len(losses)
        return float(np.mean(losses))

    def predict(self, examples: Examples) -> NDArray[np.int64]:
        """(n,) class of each example."""
        size = self._schedule.batch_size
        every = np.arange(len(examples.rows))
        parts = [
            self._answer(examples.batch(every[start : start + size])).numpy().argmax(axis=1)
            for start in range(0, len(every), size)
        ]
        return np.concatenate(parts)

    def arrays(self) -> tuple[list[NDArray[np.generic]], list[NDArray[np.generic]]]:
        """The model's and the optimiser's arrays."""
        return self._model.get_weights(), [variable.numpy() for variable in self._optimizer.variables]

    def restore(self, state: checkpoint.State) -> None:
        """Take over the arrays of a checkpoint."""
        self._model.set_weights(state.weights)
        for variable, array in zip(self._optimizer.variables, state.optimizer, strict=True):
            variable.assign(array)


def tensorflow() -> tuple[Any, Any]:
    """TensorFlow and tf-keras.

    Raises:
        EdgeSenseError: They are not installed.
    """
    try:
        import tensorflow as tf
        import tf_keras
    except ImportError as error:
        raise EdgeSenseError(f"training needs {error.name}: pip install 'pytest-edgesense[train]'") from error
    return tf, tf_keras
