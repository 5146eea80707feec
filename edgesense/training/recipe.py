"""Everything that decides a trained model, as one record that is written beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from edgesense import own_code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgesense.features.settings import FeatureSettings
    from edgesense.training.distill import Distillation
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
        distillation: The teacher, and how it is listened to; None where there is none.
        options: Plain JSON values: what the architecture is built with; {} as it stands.
    """

    architecture: str
    seed: int
    classes: tuple[str, ...]
    features: FeatureSettings
    schedule: Schedule
    data: Mapping[str, Any]
    distillation: Distillation | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        plain = {
            "architecture": self.architecture,
            "seed": self.seed,
            "classes": list(self.classes),
            "features": self.features.to_dict(),
            "schedule": asdict(self.schedule),
            "data": dict(self.data),
        }
        # Named only where there are any, so that recipes of earlier releases keep their digests.
        if self.distillation is not None:
            plain["distillation"] = asdict(self.distillation)
        if self.options:
            plain["options"] = dict(self.options)
        return plain

    @property
    def digest(self) -> str:
        """Names the training: the same recipe goes on where it stopped, another one begins anew."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:16]

    def place(self, work: Path) -> Path:
        """Where its checkpoints are kept: a folder for each recipe and the code that trains.

        Args:
            work: Folder of features and checkpoints.
        """
        return work / "training" / f"{self.digest}-{own_code.digest(own_code.TRAINING)}"
