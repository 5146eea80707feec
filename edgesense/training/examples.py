"""Clips to train on or to choose by, and what is learned of their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesense.datasets import store

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Examples:
    """Clips to train on or to choose by.

    Attributes:
        features: (clips, frames, columns) float32, not normalised; may be memory-mapped.
        targets: (n,) whole numbers, the class of each example.
        rows: (n,) whole numbers, where in `features` each example is.
        mean: (columns,) float32, subtracted from each frame.
        std: (columns,) float32, divided by.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.int64]
    rows: NDArray[np.int64]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    def batch(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        """(len(which), frames, columns) float32: normalised features of some examples."""
        # Rows in rising order read a memory-mapped file from front to back.
        order = np.argsort(which)
        result = np.empty((len(which), *self.features.shape[1:]), np.float32)
        for position in order:
            np.subtract(self.features[self.rows[which[position]]], self.mean, out=result[position])
        store.release(self.features)
        result /= self.std
        return result


def column_statistics(
    features: NDArray[np.float32], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of each column over some clips, in float64 sums, to six digits.

    Args:
        features: (clips, frames, columns) float32.
        rows: Which clips.

    Returns:
        (columns,) float32 each; a column that never changes has a deviation of 1.
    """
    total = np.zeros(features.shape[2])
    squares = np.zeros(features.shape[2])
    for row in np.sort(rows):
        clip = features[row].astype(np.float64)
        store.release(features)
        total += clip.sum(axis=0)
        squares += (clip * clip).sum(axis=0)
    count = len(rows) * features.shape[1]
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - mean * mean, 0.0))
    std = np.where(std > 1e-3, std, 1.0)
    return _rounded(mean), _rounded(std)


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.array([float(f"{value:.6g}") for value in values], np.float32)
