"""Which operators lose most by 8-bit integers, and the fewest to keep in float: pure, whatever does the measuring.

An operator is ranked by what the model's scores lose when it alone is in integers. Then operators are kept in float
in that order until the whole model, all others in integers, meets the target; and each that turns out not to be
needed is given up again. What is measured at the output counts: an error in the middle may not reach it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesense.errors import ConversionError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Loss:
    """How far a model's scores are from the float model's, on the same clips.

    Attributes:
        divergence: Mean Jensen-Shannon divergence of the scores, in bits; 0.0 for the same scores.
        agreement: Share of the clips that get the same label.
    """

    divergence: float
    agreement: float


@dataclass(frozen=True)
class Target:
    """What a mixed model has to keep.

    Attributes:
        divergence_share: The most divergence, as a share of the all-integer model's.
        agreement: The least agreement.
        operators: Keep this many in float instead, the most sensitive ones, whatever they reach; None to look for the
            fewest that reach the target.
    """

    divergence_share: float = 0.25
    agreement: float = 0.99
    operators: int | None = None

    def __post_init__(self) -> None:
        for name in ("divergence_share", "agreement"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingsError(f"{name} must be from 0 to 1, not {getattr(self, name)!r}")
        if self.operators is not None and self.operators < 0:
            raise SettingsError(f"operators must be a whole number of 0 or more, not {self.operators!r}")

    def met(self, loss: Loss, integers: Loss) -> bool:
        """Whether a model that loses `loss` is good enough, where the all-integer one loses `integers`."""
        return loss.divergence <= self.divergence_share * integers.divergence and loss.agreement >= self.agreement


@dataclass(frozen=True)
class Choice:
    """What to keep in float, and what that was decided by.

    Attributes:
        alone: One an operator: what is lost when it alone is in integers.
        ranking: Numbers of the operators, the most sensitive first.
        kept: Those to keep in float, in that order.
        integers: What the all-integer model loses.
        reached: What the model with the chosen ones in float loses.
    """

    alone: tuple[Loss, ...]
    ranking: tuple[int, ...]
    kept: tuple[int, ...]
    integers: Loss
    reached: Loss


def compare(reference: NDArray[np.float64], scores: NDArray[np.float64]) -> Loss:
    """What scores lose against the float model's.

    Jensen-Shannon and not Kullback-Leibler divergence, because 8-bit scores are 0 where those of floats are only small.

    Args:
        reference: (clips, classes) float64, the float model's scores: shares of 1 in each row.
        scores: (clips, classes) float64, of the same clips.

    Returns:
        The loss.
    """
    middle = (reference + scores) / 2.0
    divergence = (_relative(reference, middle) + _relative(scores, middle)) / 2.0
    same = reference.argmax(axis=1) == scores.argmax(axis=1)
    return Loss(max(0.0, float(divergence.mean())), float(same.mean()))


def _relative(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    some = p > 0.0
    ratio = np.divide(p, q, out=np.ones_like(p), where=some)
    return np.asarray((p * np.log2(ratio)).sum(axis=1))


def choose(operators: int, measure: Callable[[Sequence[int]], Loss], target: Target) -> Choice:
    """Find the operators to keep in float.

    Args:
        operators: How many there are.
        measure: What is lost when the operators of these numbers are in float and all others in integers.
        target: What has to be kept.

    Returns:
        The choice.

    Raises:
        ConversionError: The target is not met even with all of them in float.
        SettingsError: More operators are to be kept than there are.
    """
    everything = range(operators)
    if target.operators is not None and target.operators > operators:
        raise SettingsError(f"{target.operators} operators cannot be kept in float: the model has {operators}")
    integers = measure([])
    alone = tuple(measure([other for other in everything if other != number]) for number in everything)
    ranking = tuple(sorted(everything, key=lambda number: (-alone[number].divergence, number)))
    if target.operators is not None:
        kept = list(ranking[: target.operators])
        return Choice(alone, ranking, tuple(kept), integers, measure(kept))
    kept, reached = [], integers
    for number in ranking:
        if target.met(reached, integers):
            break
        kept.append(number)
        reached = measure(kept)
    if not target.met(reached, integers):
        raise ConversionError(
            f"even with all {operators} operators in float the model loses {reached.divergence:.3g} bits and agrees on "
            f"{reached.agreement:.1%} of the clips: operators cannot be told apart here"
        )
    for number in list(reversed(kept)):
        fewer = [other for other in kept if other != number]
        loss = measure(fewer)
        if target.met(loss, integers):
            kept, reached = fewer, loss
    return Choice(alone, ranking, tuple(kept), integers, reached)
