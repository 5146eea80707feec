"""Magnitude pruning (Zhu and Gupta, 2017): the smallest weights become zero while the rest goes on learning.

Zeros do not make a `.tflite` file smaller, nor a kernel of either runtime faster: they make what is sent over the air
smaller, since they compress.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from edgesense.errors import SettingsError

RECOVERY_EPOCHS = 4


@dataclass(frozen=True)
class Technique:
    """How far and how fast weights become zero; see `edgesense.optimize.FineTuning`.

    Attributes:
        sparsity: Share of each layer's weights that are zero in the end.
        steps: Training steps over which it grows from 0 to that, by a polynomial that is steep at first.
        frequency: Steps between two looks at which weights are the smallest.
        after: Fine-tunings that came before; pruning keeps nothing of them.

    Raises:
        SettingsError: The sparsity is not above 0 and below 1, or there are no steps.
    """

    sparsity: float = 0.5
    steps: int = 1000
    frequency: int = 20
    after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.sparsity < 1:
            raise SettingsError(f"sparsity must be above 0 and below 1, not {self.sparsity!r}")
        if self.steps < 1 or self.frequency < 1:
            raise SettingsError(f"pruning takes steps: not {self.steps} of them, a look each {self.frequency}")

    def epochs(self, steps_an_epoch: int) -> int:
        """As many as the zeros take to grow, and some to get over the last of them."""
        return math.ceil(self.steps / max(1, steps_an_epoch)) + RECOVERY_EPOCHS

    def wrap(self, model: Any) -> Any:
        """A model whose layers prune themselves at each training step."""
        from tensorflow_model_optimization.python.core.api import sparsity

        schedule = sparsity.keras.PolynomialDecay(
            initial_sparsity=0.0,
            final_sparsity=self.sparsity,
            begin_step=0,
            end_step=self.steps,
            frequency=self.frequency,
        )
        try:
            return sparsity.keras.prune_low_magnitude(model, pruning_schedule=schedule)
        except ValueError as error:
            raise SettingsError(f"this model cannot be pruned: {error}") from error

    def before(self, step: int, model: Any) -> None:
        """Tell each layer where in the schedule it is: in a compiled step, its own count cannot be relied on."""
        for layer in model.layers:
            if hasattr(layer, "pruning_step"):
                layer.pruning_step.assign(step + 1)

    def ready(self, steps: int) -> bool:
        """Whether the last weight that is to be zero is."""
        return steps > self.steps

    def strip(self, model: Any) -> Any:
        """A plain model whose pruned weights are exactly zero."""
        from tensorflow_model_optimization.python.core.api import sparsity

        for layer in model.layers:
            for weight, mask, _ in getattr(layer, "pruning_vars", ()):
                weight.assign(weight * mask)
        return sparsity.keras.strip_pruning(model)
