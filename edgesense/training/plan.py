"""What to train and what to make of it, apart from the data: the part that the embedded set and recordings share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from edgesense import models, optimize
from edgesense.errors import SettingsError
from edgesense.optimize.chains import Chain, parse
from edgesense.training.batches import Input

if TYPE_CHECKING:
    from edgesense.features.settings import FeatureSettings
    from edgesense.training.fit import Schedule
    from edgesense.training.teacher import Teacher


@dataclass(frozen=True)
class Plan:
    """One training and the files that are made of it.

    Attributes:
        architecture: Name of a module in `edgesense.models`.
        schedule: How to train.
        passes: Chains of passes, as `edgesense.optimize.chains.parse` reads them; each gives a pipeline.
        seed: Decides everything random.
        front_end: The features; None for those that the architecture was designed for.
        teacher: Who is listened to; None for nobody.
        batches: How batches are made, which changes none of them.
        name: What the pipelines are called before their passes; "" for the architecture's own name.

    Raises:
        SettingsError: No passes, an unknown or impossible one, or a name that is no folder's.
    """

    architecture: str
    schedule: Schedule
    passes: tuple[str, ...]
    seed: int = 1
    front_end: FeatureSettings | None = None
    teacher: Teacher | None = None
    batches: Input = field(default_factory=Input)
    name: str = ""
    chains: tuple[Chain, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.passes:
            raise SettingsError(f"there is no pass to make a file: name some of {', '.join(optimize.names())}")
        if self.name and PurePath(self.name).name != self.name:
            raise SettingsError(f"pipelines are folders called by the plan's name, which {self.name!r} cannot be")
        object.__setattr__(self, "chains", tuple(parse(text) for text in self.passes))

    @property
    def features(self) -> FeatureSettings:
        """The front end, without column means: those are learned."""
        return self.front_end or models.get(self.architecture).features()

    @property
    def slug(self) -> str:
        """The first part of the pipelines' names: `ds_cnn` gives `dscnn`."""
        return self.name or self.architecture.replace("_", "")
