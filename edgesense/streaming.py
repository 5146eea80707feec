"""A pipeline over a stream: what it says of each clip, a hop apart, and whether it keeps up."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from edgesense.features.streaming import FeatureStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

CLOSE_FLOAT = 1e-3
CLOSE_QUANTISED = 0.2
"""A last digit that tips a quantised number to its neighbour moves scores by steps of theirs, so more is close then."""


@dataclass(frozen=True)
class Heard:
    """What a pipeline says of one clip of a stream.

    Attributes:
        start_seconds: Where the clip begins, from the stream's first sample.
        end_seconds: Where it ends; its answer could not come earlier.
        label: The class with the highest score; None if the clip is silent, all its samples zero.
        scores: The model's score of each class, in the order of the pipeline's classes; () if the clip is silent.
        features_seconds: How long its features took, on this computer.
        inference_seconds: How long the model took.
        hop_seconds: How long a hop is, the time there is for both.
        recomputed: Whether two scores were so close that the clip's features were computed once more, from its samples.
    """

    start_seconds: float
    end_seconds: float
    label: str | None
    scores: tuple[float, ...]
    features_seconds: float
    inference_seconds: float
    hop_seconds: float
    recomputed: bool = False

    @property
    def silent(self) -> bool:
        """Whether all samples of the clip are zero: `Pipeline.predict` would refuse it."""
        return self.label is None

    @property
    def latency_seconds(self) -> float:
        """From the clip's last sample to its answer."""
        return self.features_seconds + self.inference_seconds

    @property
    def real_time_factor(self) -> float:
        """Latency over the hop: at 1 or above the stream is not kept up with."""
        return self.latency_seconds / self.hop_seconds


def listen(
    stream: FeatureStream,
    scores: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    classes: Sequence[str],
    blocks: Iterable[NDArray[np.float32]],
    *,
    close: float = 0.0,
) -> Iterator[Heard]:
    """Answer for each clip of a stream as soon as its last sample is there.

    A stream's features differ from a clip's in their last digits, which can decide between two scores that are nearly
    equal. So where the two best are close, the clip's own features are computed, and its scores are `predict`'s.

    Args:
        stream: Where the features come from.
        scores: (frames, columns) float32 features to (classes,) float32 scores.
        classes: What the scores are of.
        blocks: (n,) float32, mono, in [-1, 1]: the stream's samples, in blocks of any sizes.
        close: Difference of the two best scores, as a share of the larger magnitude, below which they are close.

    Yields:
        One answer a hop.

    Raises:
        AudioError: A block is no one-dimensional array of finite floating-point numbers.
    """
    settings = stream.settings
    length, hop = (samples / settings.sample_rate for samples in (settings.samples, stream.hop_samples))
    for window in stream.windows(blocks):
        began, ended = window.start_seconds, window.start_seconds + length
        if window.features is None:
            yield Heard(began, ended, None, (), window.seconds, 0.0, hop)
            continue
        started = perf_counter()
        found = scores(window.features)
        inference, again = perf_counter() - started, 0.0
        settled = not _close(found, close)
        if not settled:
            started = perf_counter()
            features = stream.recomputed()
            middle = perf_counter()
            found = scores(features)
            again, inference = middle - started, inference + perf_counter() - middle
        told = tuple(found.tolist())
        label = classes[int(found.argmax())]
        yield Heard(began, ended, label, told, window.seconds + again, inference, hop, recomputed=not settled)


def _close(scores: NDArray[np.float32], share: float) -> bool:
    if scores.size < 2:
        return False
    second, first = np.partition(scores, -2)[-2:]
    return bool(first - second < share * max(abs(first), abs(second)))
