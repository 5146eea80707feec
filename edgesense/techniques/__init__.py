"""Techniques that leave a pipeline's model as it is, one a file: the pipeline without it, and with it.

A module of this package has `INSTEAD`, a few words on what is done without it, and two functions, `without` and
`applied`, that open a pipeline directory in the one way and in the other. Both ways are given the same clips in the
same order and say the same of them, so what they cost may be compared.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edgesense import pipeline
from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Way:
    """One way of labelling clips with a pipeline; a workload in the sense of `edgesense.perf.interfaces`.

    Attributes:
        opened: The pipeline.
        label: (samples,) float32, a clip, to its label; None for silence.
    """

    opened: pipeline.Pipeline
    label: Callable[[NDArray[np.float32]], str | None]

    def artifacts(self) -> tuple[Path, ...]:
        """The files that ship: those of the pipeline."""
        return self.opened.artifacts()

    def example(self) -> NDArray[np.float32]:
        """(samples,) float32: the pipeline's own example."""
        return self.opened.example()

    def subject(self) -> Mapping[str, Any]:
        """What is measured, as the pipeline says it."""
        return self.opened.subject()

    def run(self, item: NDArray[np.float32]) -> str | None:
        """Label one clip."""
        return self.label(item)


class Technique(Protocol):
    """What a module of this package offers; the first line of its docstring says what it does."""

    INSTEAD: str
    """What is done without it."""

    def without(self, directory: Path) -> Way:
        """A pipeline directory, opened as one does without the technique."""

    def applied(self, directory: Path) -> Way:
        """A pipeline directory, opened with the technique."""


def names() -> tuple[str, ...]:
    """Names of the techniques that are here."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def get(name: str) -> Technique:
    """The technique of a name.

    Raises:
        SettingsError: There is none.
    """
    if name not in names():
        raise SettingsError(f"there is no technique {name!r}; there are {', '.join(names())}")
    found: Technique = importlib.import_module(f"{__name__}.{name}")
    return found


def about(name: str) -> str:
    """What a technique does, in a few words."""
    return (get(name).__doc__ or "").splitlines()[0].rstrip(".")


def opened(directory: Path, delegate: str | None = None) -> pipeline.Pipeline:
    """A pipeline directory, opened.

    Args:
        directory: It has a front end.
        delegate: As `edgesense.pipeline.open` takes it.

    Raises:
        SettingsError: It is a bare model.
        PipelineError: It is no pipeline.
    """
    found = pipeline.open(directory, delegate=delegate)
    if not isinstance(found, pipeline.Pipeline):
        raise SettingsError(f"{directory} has no front end; give a directory with a pipeline.json")
    return found


def as_it_is(directory: Path, delegate: str | None = None) -> Way:
    """A pipeline directory whose clips are labelled by its own `run`; see `opened`."""
    found = opened(directory, delegate)
    return Way(found, found.run)


def windows(sound: NDArray[np.float32], samples: int, hop: int) -> Iterator[NDArray[np.float32]]:
    """The clips of a sound, a hop apart, in the order in which both ways are given them.

    Args:
        sound: (n,) float32.
        samples: Length of a clip.
        hop: From the beginning of one to that of the next, in samples.
    """
    for start in range(0, len(sound) - samples + 1, hop):
        yield sound[start : start + samples]
