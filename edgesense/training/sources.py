"""Labelled clips to train and score on: the embedded data set, and recordings with a manifest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from edgesense import audio, synthetic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgesense.datasets.manifest import Manifest
    from edgesense.features.settings import FeatureSettings


@dataclass(frozen=True)
class SyntheticSource:
    """The first clips of a split of the embedded data set.

    Attributes:
        split: Which split.
        count: How many clips.
        settings: Length and rate of the clips.
    """

    split: synthetic.Split
    count: int
    settings: FeatureSettings

    @property
    def labels(self) -> Sequence[str]:
        """Label of each clip."""
        classes = synthetic.CLASSES
        return [classes[index % len(classes)] for index in range(self.count)]

    def identity(self) -> Mapping[str, object]:
        """The generator's version and what was asked of it."""
        return {
            "source": "synthetic",
            "generator": synthetic.GENERATOR_VERSION,
            "split": self.split,
            "clips": self.count,
        }

    def clip(self, index: int) -> NDArray[np.float32]:
        """(samples,) float32."""
        made = synthetic.clip(self.split, index, seconds=self.settings.seconds, sample_rate=self.settings.sample_rate)
        return made.samples


@dataclass(frozen=True)
class ManifestSource:
    """Recordings of a manifest, brought to the front end's rate and length.

    Attributes:
        manifest: The rows to use.
        settings: Length and rate of the clips.
    """

    manifest: Manifest
    settings: FeatureSettings

    @property
    def labels(self) -> Sequence[str]:
        """Label of each recording."""
        return [row.label for row in self.manifest.rows]

    def identity(self) -> Mapping[str, object]:
        """The manifest's rows and the content of their files."""
        lines = [
            f"{row.file}\t{row.label}\t{_content(self.manifest.directory / row.file)}" for row in self.manifest.rows
        ]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return {"source": "manifest", "name": self.manifest.directory.name, "clips": len(lines), "rows": digest}

    def clip(self, index: int) -> NDArray[np.float32]:
        """(samples,) float32: the middle of the recording, or all of it between silence."""
        path = self.manifest.directory / self.manifest.rows[index].file
        return audio.fit_length(audio.read(path, self.settings.sample_rate), self.settings.samples)


def _content(path: Path) -> str:
    """SHA-256 of a file, computed once as long as its length and time stay."""
    about = path.stat()
    return _digest(path, about.st_size, about.st_mtime_ns)


@cache
def _digest(path: Path, size: int, time: int) -> str:
    del size, time
    return hashlib.sha256(path.read_bytes()).hexdigest()
