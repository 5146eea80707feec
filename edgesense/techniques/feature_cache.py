"""Features of a clip that came before are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesense.features.cache import FeatureCache
from edgesense.techniques import Way, as_it_is, opened

if TYPE_CHECKING:
    from pathlib import Path

INSTEAD = "they are computed again"
MAX_BYTES = 16 * 2**20


def without(directory: Path) -> Way:
    """No cache."""
    return as_it_is(directory)


def applied(directory: Path) -> Way:
    """A cache that has heard the pipeline's example."""
    cached = opened(directory).cached(FeatureCache(MAX_BYTES))
    cached.run(cached.example())
    return Way(cached, cached.run)
