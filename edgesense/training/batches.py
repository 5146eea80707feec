"""Batches of one epoch after another: by a plain loop, or ahead of time in threads by `tf.data`.

Whichever makes them, epoch n of a seed has the same batches, number for number. Chance is drawn from (seed, n) in one
order before any clip is read, so how far ahead the threads are changes nothing.

All clips are shuffled, by their numbers. `tf.data`'s own `shuffle` and `cache` hold a stream of whole clips: the first
would keep thousands of them in memory for a shuffle that is worse, the second can only repeat the order it has seen.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.datasets import store
from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.training import augment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesense.training.examples import Examples

    Batch = tuple[Any, Any]
    """(batch, frames, columns) and (batch, n) float32, arrays or tensors: changed features and targets."""
    Load = Callable[[NDArray[np.int64]], NDArray[np.float32]]

MAKERS = ("numpy", "tf.data")
CACHES = ("off", "memory", "file")
BLOCK = 64
"""Clips that are read at once to fill a cache."""


@dataclass(frozen=True)
class Input:
    """How batches are made; it changes none of them.

    Attributes:
        maker: "numpy", one after another when it is asked for, or "tf.data", in threads and ahead of time.
        cache: Where normalised clips are kept: "off" normalises them anew each time, "memory" holds all of them, "file"
            all of them in a file without a name, which is gone when the process is.
        ahead: Batches that `tf.data` keeps ready.
        threads: Batches that `tf.data` makes at the same time.
    """

    maker: str = "numpy"
    cache: str = "off"
    ahead: int = 2
    threads: int = 2

    def __post_init__(self) -> None:
        for what, value, known in (("maker", self.maker, MAKERS), ("cache", self.cache, CACHES)):
            if value not in known:
                raise SettingsError(f"the input's {what} must be one of {', '.join(known)}, not {value!r}")
        if self.ahead < 1 or self.threads < 1:
            raise SettingsError(
                f"tf.data needs a batch ahead and a thread at least, not {self.ahead} and {self.threads}"
            )


def batches(
    examples: Examples,
    targets: NDArray[np.float32],
    size: int,
    how: augment.Augmentation,
    *,
    seed: int,
    chosen: Input | None = None,
    directory: Path | None = None,
) -> Callable[[int], Iterator[Batch]]:
    """What makes the batches of any epoch.

    Args:
        examples: Clips to train on.
        targets: (examples, n) float32, what each is to give, as an `objective.Objective` has them.
        size: Clips of a batch; the last, smaller one of an epoch is left out.
        how: Changes of the clips.
        seed: Decides order and changes.
        chosen: How they are made; by default a plain loop.
        directory: Where a file cache is written; by default the system's folder for temporary files.

    Returns:
        Function from the number of an epoch to its batches. Let one epoch end, or drop it, before the next.

    Raises:
        EdgeSenseError: TensorFlow is needed and not installed.
    """
    chosen = chosen or Input()
    load = _cached(examples, chosen.cache, directory)
    make = _Loop if chosen.maker == "numpy" else _Pipeline
    return make(_Drawn(examples, size, how, seed), load, targets, chosen)


@dataclass(frozen=True)
class _Drawn:
    """What chance decides."""

    examples: Examples
    size: int
    how: augment.Augmentation
    seed: int

    def __call__(self, epoch: int) -> Iterator[tuple[NDArray[np.int64], augment.Changes]]:
        """The examples of each batch and how they change."""
        random = np.random.default_rng((self.seed, epoch))
        count = len(self.examples.rows)
        order = random.permutation(count)
        frames, columns = self.examples.features.shape[1:]
        for start in range(0, count - self.size + 1, self.size):
            yield order[start : start + self.size], augment.draw(self.size, frames, columns, self.how, random)


class _Loop:
    """Batches made when they are asked for."""

    def __init__(self, drawn: _Drawn, load: Load, targets: NDArray[np.float32], _: Input) -> None:
        self._drawn, self._load, self._targets = drawn, load, targets

    def __call__(self, epoch: int) -> Iterator[Batch]:
        for which, changes in self._drawn(epoch):
            yield augment.change(self._load(which), self._targets[which], changes)


class _Pipeline:
    """Batches made in threads, some ahead of the one in use."""

    def __init__(self, drawn: _Drawn, load: Load, targets: NDArray[np.float32], chosen: Input) -> None:
        from edgesense.training.fit import tensorflow

        tf, _ = tensorflow()
        self._drawn, self._epoch = drawn, 0
        frames, columns = drawn.examples.features.shape[1:]
        size, mixes = drawn.size, drawn.how.mixup > 0
        every_target = tf.constant(targets)

        def signature() -> dict[str, Any]:
            whole = {"which": (size,), "shifts": (size,), "spans": (size, 4), "other": (size,)}
            found = {name: tf.TensorSpec(shape, tf.int64) for name, shape in whole.items()}
            return {**found, "share": tf.TensorSpec((size,), tf.float32)}

        def draws() -> Iterator[dict[str, Any]]:
            for which, changes in drawn(self._epoch):
                share = np.ones(size, np.float32) if changes.share is None else changes.share
                other = np.arange(size) if changes.other is None else changes.other
                yield {
                    "which": which,
                    "shifts": changes.shifts,
                    "spans": changes.spans,
                    "other": other,
                    "share": share,
                }

        def make(draw: dict[str, Any]) -> Batch:
            features = tf.numpy_function(load, [draw["which"]], tf.float32, stateful=False)
            features = tf.ensure_shape(features, (size, frames, columns))
            targets = tf.gather(every_target, draw["which"])
            sources = (tf.range(frames, dtype=tf.int64)[None] - draw["shifts"][:, None]) % frames
            features = tf.gather(features, sources, batch_dims=1, axis=1)
            first_frame, end_frame, first_column, end_column = tf.unstack(draw["spans"][:, :, None], axis=1)
            features *= outside(frames, first_frame, end_frame)[:, :, None]
            features *= outside(columns, first_column, end_column)[:, None, :]
            if mixes:
                share, other = draw["share"], draw["other"]
                wide = share[:, None, None]
                features = wide * features + (1 - wide) * tf.gather(features, other)
                targets = share[:, None] * targets + (1 - share[:, None]) * tf.gather(targets, other)
            return features, targets

        def outside(length: int, first: Any, end: Any) -> Any:
            """(batch, length) float32: 0 from `first` up to `end`, 1 elsewhere."""
            index = tf.range(length, dtype=tf.int64)[None]
            return tf.cast((index < first) | (index >= end), tf.float32)

        made = tf.data.Dataset.from_generator(draws, output_signature=signature())
        made = made.map(make, num_parallel_calls=chosen.threads, deterministic=True)
        self._dataset = made.prefetch(chosen.ahead)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        self._epoch = epoch
        yield from self._dataset


def _cached(examples: Examples, cache: str, directory: Path | None) -> Load:
    """What reads normalised clips: from the examples, or from a copy of all of them."""
    if cache == "off":
        return examples.batch
    count, shape = len(examples.rows), examples.features.shape[1:]
    copy: NDArray[np.float32]
    if cache == "memory":
        copy = np.empty((count, *shape), np.float32)
    else:
        with tempfile.TemporaryFile(dir=directory, prefix="normalised-") as file:
            try:
                store.room(file.fileno(), math.prod((count, *shape)) * np.dtype(np.float32).itemsize)
            except OSError as error:
                place = directory or tempfile.gettempdir()
                raise EdgeSenseError(f"no room for normalised clips in {place}: {error.strerror}") from error
            copy = np.memmap(file, np.float32, "w+", shape=(count, *shape))
    # In the order of the file, so that it is read once from front to back.
    in_file = np.argsort(examples.rows, kind="stable")
    for start in range(0, count, BLOCK):
        which = in_file[start : start + BLOCK]
        copy[which] = examples.batch(which)
        store.release(copy)

    def load(which: NDArray[np.int64]) -> NDArray[np.float32]:
        clips = np.asarray(copy[which])
        store.release(copy)
        return clips

    return load
