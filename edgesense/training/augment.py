"""Small changes of training batches: pure functions of a batch and a random generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """How much a batch is changed.

    Attributes:
        shift: Largest move along time, in frames, either way; what leaves at one end comes in at the other.
        frame_mask: Most neighbouring frames set to the columns' mean (SpecAugment, Park et al., 2019).
        column_mask: Most neighbouring columns set to their mean.
        mixup: Parameter of the Beta distribution that clips are mixed by (Zhang et al., 2018); 0 mixes none.
    """

    shift: int = 20
    frame_mask: int = 16
    column_mask: int = 12
    mixup: float = 0.2


@dataclass(frozen=True)
class Changes:
    """What chance decided for one batch; known from the batch's shape alone, before any clip is read.

    Attributes:
        shifts: (batch,) whole numbers, frames that each clip moves by.
        spans: (batch, 4) whole numbers: first masked frame, the one after the last, and the same for columns.
        share: (batch,) float32, how much of itself each clip keeps; None mixes none.
        other: (batch,) whole numbers, the clip that the rest comes from; None mixes none.
    """

    shifts: NDArray[np.int64]
    spans: NDArray[np.int64]
    share: NDArray[np.float32] | None = None
    other: NDArray[np.int64] | None = None


def draw(count: int, frames: int, columns: int, how: Augmentation, random: np.random.Generator) -> Changes:
    """Decide how a batch of `count` clips changes; the same state of `random` decides the same."""
    shifts = random.integers(-how.shift, how.shift + 1, count)
    masks = ((frames, how.frame_mask), (columns, how.column_mask))
    spans = np.array([[_span(length, most, random) for length, most in masks] for _ in range(count)])
    spans = spans.reshape(count, 4)
    if how.mixup <= 0:
        return Changes(shifts, spans)
    share = random.beta(how.mixup, how.mixup, count).astype(np.float32)
    return Changes(shifts, spans, np.maximum(share, 1 - share), random.permutation(count))


def change(
    features: NDArray[np.float32], targets: NDArray[np.float32], changes: Changes
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Change a batch as it was decided.

    Args:
        features: (batch, frames, columns) float32, normalised, so that 0 is the mean of each column; not changed.
        targets: (batch, n) float32; rows of clips that are mixed are mixed alike.
        changes: What to do.

    Returns:
        The changed features and targets, of the same shapes.
    """
    # Clip by clip: temporary arrays of a whole batch are new pages each time, which cost more than the arithmetic.
    changed = np.empty_like(features)
    for clip, source, shift, spans in zip(changed, features, changes.shifts, changes.spans, strict=True):
        first_frame, end_frame, first_column, end_column = spans
        split = int(shift) % len(clip)
        clip[split:] = source[: len(clip) - split]
        clip[:split] = source[len(clip) - split :]
        clip[first_frame:end_frame] = 0.0
        clip[:, first_column:end_column] = 0.0
    if changes.share is None or changes.other is None:
        return changed, targets
    share, other = changes.share, changes.other
    mixed = np.empty_like(changed)
    for position, (own, index) in enumerate(zip(share, other, strict=True)):
        np.multiply(own, changed[position], out=mixed[position])
        mixed[position] += (1 - own) * changed[index]
    return mixed, share[:, None] * targets + (1 - share[:, None]) * targets[other]


def apply(
    features: NDArray[np.float32], targets: NDArray[np.float32], how: Augmentation, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw and change in one.

    Args:
        features: (batch, frames, columns) float32, normalised; not changed.
        targets: (batch, n) float32; rows of clips that are mixed are mixed alike.
        how: How much.
        random: Where chance comes from.

    Returns:
        The changed features and targets, of the same shapes.
    """
    count, frames, columns = features.shape
    return change(features, targets, draw(count, frames, columns, how, random))


def _span(length: int, most: int, random: np.random.Generator) -> tuple[int, int]:
    width = int(random.integers(0, min(most, length) + 1))
    start = int(random.integers(0, length - width + 1))
    return start, start + width
