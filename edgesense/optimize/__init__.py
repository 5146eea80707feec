"""Passes from a trained tf-keras model to a smaller or faster one, one a file; they compose (`chains`).

A *conversion* makes a TFLite file of a model (`convert`). A *fine-tuning* trains the model on, wrapped (`Technique`),
and gives back a model of the same architecture; `qat` is both: its conversion needs what it has learned.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

_NOT_PASSES = frozenset(
    {"calibration", "chains", "child", "convert", "loading", "process", "recover", "sensitivity", "sizes"}
)


@dataclass(frozen=True)
class Converted:
    """What a pass made, where the model alone does not say how.

    Attributes:
        content: The `.tflite` file's content.
        notes: Plain JSON values for the recipe and the card: what was chosen, by what measurement. "why", a list of
            sentences, and lists of equal mappings, as tables, are shown in the card.
    """

    content: bytes
    notes: Mapping[str, Any] = field(default_factory=dict)


class Pass(Protocol):
    """What a module of this package offers that is a conversion."""

    NEEDS_CALIBRATION: bool
    """Whether it takes ranges from a representative data set."""

    def convert(self, model: Any, calibration: NDArray[np.float32] | None = None) -> bytes | Converted:
        """A TFLite model; a pass may take options of its own as keywords.

        Args:
            model: `tf_keras.Model`, built with a batch of one.
            calibration: (n, frames, columns) float32, normalised features of some clips.
        """


class FineTuning(Protocol):
    """What a fine-tuning's `Technique` offers: a frozen dataclass of its settings, which decide the result.

    One of them is `after`: the fine-tunings that came before, whose result is to be kept.
    """

    def epochs(self, steps_an_epoch: int) -> int:
        """How many passes over the training clips it wants."""

    def wrap(self, model: Any) -> Any:
        """The model to train on, of a `tf_keras.Model` with the weights that are gone on from.

        Raises:
            SettingsError: A layer that the technique does not know.
        """

    def before(self, step: int, model: Any) -> None:
        """Told of each training step, from 0, before it is made on the wrapped model."""

    def ready(self, steps: int) -> bool:
        """Whether the model is what it is to become after so many steps of training."""

    def strip(self, model: Any) -> Any:
        """A `tf_keras.Model` of the first architecture, with the weights of a wrapped one."""


def names() -> tuple[str, ...]:
    """Names of the passes that are here."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if name not in _NOT_PASSES))


def check(wanted: Iterable[str]) -> None:
    """Refuse a pass that is not here.

    Raises:
        SettingsError: There is no such pass; the nearest name is said.
    """
    for name in wanted:
        if name not in names():
            near = difflib.get_close_matches(name, names(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"unknown pass {name!r}, known are {', '.join(names())}{hint}")


def get(name: str) -> Any:
    """The module of a pass, a `Pass`, with a `Technique`, or both; importing it does not import TensorFlow.

    Raises:
        SettingsError: There is no such pass.
    """
    check([name])
    return importlib.import_module(f"{__name__}.{name}")


def check_options(chosen: Pass, options: Mapping[str, Any]) -> None:
    """Refuse an option that a pass does not take.

    Raises:
        SettingsError: It takes others, or none.
    """
    parameters = inspect.signature(chosen.convert).parameters.values()
    known = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    name = str(getattr(chosen, "__name__", chosen)).rpartition(".")[2]
    for option in options:
        if option not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise SettingsError(f"the pass {name} has no option {option!r}: {takes}")
