"""Everything that decides a trained model, as one record that is written beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesense.features.settings import FeatureSettings
    from edgesense.training.fit import Schedule


@dataclass(frozen=True)
class Recipe:
    """What to train, on what, and how.

    Attributes:
        architecture: Name of a module in `edgesense.models`.
        seed: Decides initial weights, order and augmentation.
        classes: Names of the classes, in the order of the model's output.
        features: The front end, without column means: those are learned.
        schedule: The training loop's settings.
        data: Plain JSON values: the identity of each part of the data.
        options: Plain JSON values: what the architecture is built with; {} as it stands.
    """

    architecture: str
    seed: int
    classes: tuple[str, ...]
    features: FeatureSettings
    schedule: Schedule
    data: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; without options there is no word of them, so digests are those of earlier releases."""
        values = {
            "architecture": self.architecture,
            "seed": self.seed,
            "classes": list(self.classes),
            "features": self.features.to_dict(),
            "schedule": asdict(self.schedule),
            "data": dict(self.data),
        }
        return values | ({"options": dict(self.options)} if self.options else {})

    @property
    def digest(self) -> str:
        """Names the training: the same recipe goes on where it stopped, another one begins anew."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:16]

    @property
    def slug(self) -> str:
        """The architecture's name as pipeline directories have it: `ds_cnn` gives `dscnn`."""
        return self.architecture.replace("_", "")
