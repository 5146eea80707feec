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


def apply(
    features: NDArray[np.float32], targets: NDArray[np.float32], how: Augmentation, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Change a batch.

    Args:
        features: (batch, frames, columns) float32, normalised, so that 0 is the mean of each column; not changed.
        targets: (batch, n) float32; rows of clips that are mixed are mixed alike.
        how: How much.
        random: Where chance comes from.

    Returns:
        The changed features and targets, of the same shapes.
    """
    count, frames, columns = features.shape
    shifts = random.integers(-how.shift, how.shift + 1, count)
    changed = np.stack([np.roll(clip, int(shift), axis=0) for clip, shift in zip(features, shifts, strict=True)])
    for clip in changed:
        start, stop = _span(frames, how.frame_mask, random)
        clip[start:stop] = 0.0
        start, stop = _span(columns, how.column_mask, random)
        clip[:, start:stop] = 0.0
    if how.mixup > 0:
        share = random.beta(how.mixup, how.mixup, count).astype(np.float32)
        share = np.maximum(share, 1 - share)
        other = random.permutation(count)
        changed = share[:, None, None] * changed + (1 - share[:, None, None]) * changed[other]
        targets = share[:, None] * targets + (1 - share[:, None]) * targets[other]
    return changed, targets


def _span(length: int, most: int, random: np.random.Generator) -> tuple[int, int]:
    width = int(random.integers(0, min(most, length) + 1))
    start = int(random.integers(0, length - width + 1))
    return start, start + width
