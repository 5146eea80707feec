"""How each candidate is trained: one record that the searching process, its children and the study all read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgesense.training.fit import Schedule
from edgesense.training.recipe import Recipe
from edgesense.training.search.space import ARCHITECTURE, Candidate

if TYPE_CHECKING:
    from edgesense.training.search.data import Data, Fold


@dataclass(frozen=True)
class Plan:
    """What is the same for every candidate.

    Attributes:
        epochs: Passes over the training clips.
        batch_size: Clips of a step.
        learning_rate: Its peak.
        seed: Decides everything random.
        score: What a model is judged by, one of `edgesense.training.fit.SELECTIONS`; its epoch too.

    Raises:
        SettingsError: A value is out of range.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 2e-3
    seed: int = 1
    score: str = "accuracy"

    def __post_init__(self) -> None:
        self.schedule(balance=False)

    def schedule(self, *, balance: bool) -> Schedule:
        """The training loop's settings."""
        return Schedule(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            select=self.score,
            balance=balance,
        )

    def recipe(self, candidate: Candidate, data: Data, fold: Fold) -> Recipe:
        """Everything that decides one training of a candidate; its conversion is no part of it."""
        return Recipe(
            ARCHITECTURE,
            self.seed,
            data.classes,
            candidate.features,
            self.schedule(balance=data.balance),
            fold.identity,
            options=candidate.options,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """The plan that `to_dict` told of."""
        return cls(**values)
