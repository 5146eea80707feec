"""Passes from a trained tf-keras model to a smaller or faster one, one a file; they compose with "+".

A *conversion* makes a TFLite file of a model (`convert`). A *fine-tuning* trains the model on, wrapped (`Technique`),
and gives back a model of the same architecture. ``prune+int8`` trains on while it sets weights to zero and then
converts to 8-bit integers. `qat` is both: it trains on and its conversion needs what it has learned.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

SEPARATOR = "+"
PLAIN = "float32"
"""The conversion at the end of a chain that names none."""
_NOT_PASSES = frozenset({"child", "convert"})


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


@dataclass(frozen=True)
class Chain:
    """Passes in the order they are made.

    Attributes:
        finetunings: Names of those that train on.
        conversion: Name of the one that makes the file.
    """

    finetunings: tuple[str, ...]
    conversion: str

    @property
    def name(self) -> str:
        """As it is written: `prune+int8`."""
        last = () if self.conversion in self.finetunings else (self.conversion,)
        return SEPARATOR.join((*self.finetunings, *last))

    @property
    def slug(self) -> str:
        """As pipeline directories have it: `prune-int8`."""
        return self.name.replace(SEPARATOR, "-").replace("_", "-")


def names() -> tuple[str, ...]:
    """Names of the passes that are here."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if name not in _NOT_PASSES))


def get(name: str) -> Any:
    """The module of a pass.

    Raises:
        SettingsError: There is none; the nearest name is said.
    """
    check([name])
    return importlib.import_module(f"{__name__}.{name}")


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


def chain(text: str) -> Chain:
    """Passes from text.

    Args:
        text: Names with "+" between them, as in ``prune+int8``; a chain without a conversion ends in `PLAIN`.

    Raises:
        SettingsError: An unknown pass, one that is named twice, or one that cannot stand where it does.
    """
    wanted = [name.strip() for name in text.split(SEPARATOR)]
    modules = {name: get(name) for name in wanted}
    if len(modules) < len(wanted):
        raise SettingsError(f"{text!r} names a pass twice")
    finetunings = tuple(name for name, module in modules.items() if hasattr(module, "Technique"))
    conversions = [name for name, module in modules.items() if hasattr(module, "convert")]
    for name in conversions:
        if name != wanted[-1]:
            rest = SEPARATOR.join(wanted[wanted.index(name) + 1 :])
            raise SettingsError(f"{name} makes the file, so nothing can come after it: {rest!r} has to stand before it")
    return Chain(finetunings, conversions[0] if conversions else PLAIN)
