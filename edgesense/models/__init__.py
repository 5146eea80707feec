"""Architectures, one a file; the module's name is the architecture's name."""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol, cast

from edgesense.errors import SettingsError

# TensorFlow reads it when it is imported. Without oneDNN, which it leaves off on some processors, it has no depthwise
# convolution whose strides differ.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesense.features.settings import FeatureSettings


class Architecture(Protocol):
    """What a module of this package offers."""

    NAME: str
    """How the architecture is called in `edgesense train`."""
    EPOCHS: int
    """Passes over the training clips that `edgesense train` takes unless told otherwise."""

    def features(self) -> FeatureSettings:
        """The front end it was designed for."""

    def build(self, input_shape: tuple[int, int], classes: int, *, batch_size: int | None = None) -> Any:
        """An untrained `tf_keras.Model`.

        Args:
            input_shape: (frames, columns) of one clip's features.
            classes: Number of classes.
            batch_size: None to train; 1 to convert, where recurrent layers need a fixed batch.

        Returns:
            Model from (batch, frames, columns) float32 to (batch, classes) float32 probabilities.
        """


def names() -> tuple[str, ...]:
    """Names of the architectures that are here."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def get(name: str) -> Architecture:
    """The architecture called `name`.

    Raises:
        SettingsError: There is none; the nearest name is said.
    """
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"unknown architecture {name!r}, known are {', '.join(names())}{hint}")
    return cast("Architecture", importlib.import_module(f"{__name__}.{name}"))


def configured(name: str, options: Mapping[str, Any]) -> Architecture:
    """The architecture called `name` with options, plain JSON values; without any, as it stands.

    A module that has options offers `configure(options) -> Architecture`.

    Raises:
        SettingsError: There is no such architecture, it has no options, or one of them cannot be.
    """
    found = get(name)
    if not options:
        return found
    if not hasattr(found, "configure"):
        raise SettingsError(f"{name} has no options, but was given {', '.join(map(repr, options))}")
    return cast("Architecture", found.configure(options))
