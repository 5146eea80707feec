"""The state of an interrupted training, in one file that is whole or not there."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgesense.errors import EdgeSenseError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = list[NDArray[np.generic]]


@dataclass
class State:
    """What training goes on from.

    Attributes:
        epoch: Epochs that are complete.
        weights: The model's arrays after them.
        optimizer: The optimiser's arrays after them.
        best: The model's arrays at the best epoch so far.
        best_epoch: Which that was, from 1; 0 before the first.
        history: One entry an epoch: {"loss": ..., "validation_accuracy": ..., ...}.
        seconds: Time spent in training so far.
    """

    epoch: int = 0
    weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


_LISTS = ("weights", "optimizer", "best")


def save(path: Path, state: State) -> None:
    """Write the state; an older file stays until the new one is complete.

    Raises:
        EdgeSenseError: It cannot be written, as on a full disk; the older file is still there.
    """
    arrays: dict[str, NDArray[np.generic]] = {
        f"{name}{index:04d}": array for name in _LISTS for index, array in enumerate(getattr(state, name))
    }
    plain = {name: getattr(state, name) for name in ("epoch", "best_epoch", "history", "seconds")}
    arrays["plain"] = np.array(json.dumps(plain))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, **arrays)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise EdgeSenseError(f"the training so far cannot be kept in {path.parent}: {error.strerror}") from error


def load(path: Path) -> State | None:
    """The state that was saved, None when there is none or it cannot be read: then training begins again."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            state = State(**json.loads(str(arrays["plain"])))
            for name in _LISTS:
                setattr(state, name, [arrays[key] for key in sorted(arrays.files) if key.startswith(name)])
            return state
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
