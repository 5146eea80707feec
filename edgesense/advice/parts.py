"""Parts of a pipeline as workloads of their own: its front end alone, its stream hop by hop, a hit of its cache.

They run on the device, so nothing but the pipeline is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgesense.errors import PipelineError
from edgesense.features.settings import FeatureSettings

Clip = NDArray[np.float32]
CACHE_BYTES = 16 * 2**20


class _Part:
    """What the parts have in common: they ship nothing of their own and have one stage or two."""

    stages: Mapping[str, Callable[[Any], Any]]

    def __init__(self, samples: int) -> None:
        self._samples = samples

    def artifacts(self) -> tuple[Path, ...]:
        """Nothing."""
        return ()

    @cached_property
    def _noise(self) -> Clip:
        noise: NDArray[np.float64] = np.sin(0.7 * np.arange(self._samples, dtype=np.float64) ** 2)
        return (0.1 * noise).astype(np.float32)

    def example(self) -> Clip:
        """(samples,) float32: broadband noise, always the same."""
        return self._noise

    def run(self, item: Clip) -> Any:
        """Run the stages one after the other."""
        value: Any = item
        for stage in self.stages.values():
            value = stage(value)
        return value


def front_end(settings: Mapping[str, Any]) -> _Part:
    """The front end of one clip, and no model.

    Args:
        settings: Feature settings, as plain JSON values.
    """
    from edgesense.features import FrontEnd

    chosen = FeatureSettings.from_dict(settings)
    part = _Part(chosen.samples)
    part.stages = {"features": FrontEnd(chosen)}
    return part


def hit(settings: Mapping[str, Any]) -> _Part:
    """A front end behind a cache that has the clip already: hashing it, and nothing else."""
    from edgesense.features import FrontEnd
    from edgesense.features.cache import CachedFrontEnd, FeatureCache

    chosen = FeatureSettings.from_dict(settings)
    part = _Part(chosen.samples)
    part.stages = {"features": CachedFrontEnd(FrontEnd(chosen), FeatureCache(CACHE_BYTES))}
    return part


def heard(directory: Path, *, runtime: str | None, delegate: str | None, hop_seconds: float) -> _Part:
    """A pipeline over a stream: one call is one hop, with the frames that clips share kept from call to call.

    Args:
        directory: The pipeline directory.
        runtime: As `edgesense.pipeline.open`.
        delegate: The same.
        hop_seconds: From one answer to the next.

    Raises:
        PipelineError: It is a bare model, which has no front end.
        SettingsError: The hop is no whole number of hop lengths.
    """
    from edgesense import pipeline
    from edgesense.features.streaming import FeatureStream

    opened = pipeline.open(directory, runtime=runtime, delegate=delegate)
    if not isinstance(opened, pipeline.Pipeline):
        raise PipelineError(f"{directory} is a bare model, which hears no stream")
    stream = FeatureStream(opened.settings, hop_seconds)
    part = _Part(stream.hop_samples)
    # Once a clip is full, each hop completes exactly one more.
    filled = np.resize(part.example(), opened.settings.samples)
    list(stream.windows([filled]))

    def features(block: Clip) -> Clip:
        (window,) = stream.windows([block])
        if window.features is None:
            raise PipelineError("noise was taken for silence")
        return window.features

    part.stages = {"features": features, "inference": opened.stages["inference"]}
    return part
