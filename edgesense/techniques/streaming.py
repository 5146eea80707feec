"""Features of overlapping clips are computed once a hop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesense.techniques import Way, as_it_is, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgesense.pipeline import Pipeline

INSTEAD = "each clip's are computed anew"


def without(directory: Path) -> Way:
    """Each clip by itself."""
    return as_it_is(directory)


def applied(directory: Path) -> Way:
    """As a stream: of each clip but the first only the last hop is heard."""
    found = opened(directory)
    return Way(found, _Stream(found))


class _Stream:
    """Labels clips that are each the pipeline's own hop after the one before."""

    def __init__(self, found: Pipeline) -> None:
        self._hop = round(found.hop_seconds * found.settings.sample_rate)
        self._block: NDArray[np.float32] | None = None
        self._answers = found.stream(self._blocks(), hop_seconds=found.hop_seconds)

    def __call__(self, samples: NDArray[np.float32]) -> str | None:
        first = self._block is None
        self._block = samples if first else samples[-self._hop :]
        return next(self._answers).label

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        while self._block is not None:
            yield self._block
