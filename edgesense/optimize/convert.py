"""Run a conversion in a process of its own, with a time limit, and check what it made."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import optimize
from edgesense.errors import ConversionError, ModelError
from edgesense.optimize import calibration as calibrating
from edgesense.optimize import loading, process
from edgesense.runtime import inspect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesense.optimize import FineTuning
    from edgesense.runtime.inspect import ModelFile

RUNTIMES = loading.RUNTIMES
SECONDS = 600.0
"""Longest time for one conversion; the CRNN's takes 15 s on two cores, most of it TensorFlow's import."""


@dataclass(frozen=True)
class Trained:
    """A trained model, as what is needed to build it again.

    Attributes:
        architecture: Name of its module in `edgesense.models`.
        input_shape: (frames, columns).
        classes: Number of classes.
        weights: Arrays of `model.get_weights()`, in that order; none leaves the model as it is built, untrained.
        options: What it is built with, where that is not the architecture as it stands.
        wrapped: The fine-tuning whose wrapped model these weights are of; None for the architecture's own.
        begun: Arrays of the architecture's own model that was wrapped: how many more a wrapping has depends on them.
    """

    architecture: str
    input_shape: tuple[int, int]
    classes: int
    weights: Sequence[NDArray[Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    wrapped: FineTuning | None = None
    begun: Sequence[NDArray[Any]] = ()


@dataclass(frozen=True)
class Conversion:
    """A `.tflite` file that at least one runtime loads.

    Attributes:
        file: What it is made of.
        runtimes: Whether each runtime loads it.
        notes: What the pass says of how it was made; plain JSON values.
    """

    file: ModelFile
    runtimes: tuple[loading.Loading, ...]
    notes: Mapping[str, Any]


def convert(
    trained: Trained,
    pass_name: str,
    output: Path,
    *,
    calibration: NDArray[np.float32] | None = None,
    options: Mapping[str, Any] | None = None,
    require: Sequence[str] = (),
    seconds: float = SECONDS,
) -> Conversion:
    """Convert a trained model to a `.tflite` file.

    Args:
        trained: The model.
        pass_name: A module of `edgesense.optimize`, or the dotted name of any module with a `convert` like theirs.
        output: The file to write; it appears whole or not at all.
        calibration: (n, frames, columns) float32, for passes that need it.
        options: Further keywords of the pass's `convert`; plain JSON values.
        require: Runtimes that must load the file; of the others it is only told. At least one always must.
        seconds: Time limit.

    Returns:
        The file, with the runtimes that load it.

    Raises:
        SettingsError: There is no such pass.
        ConversionError: The calibration inputs do not fit the model; the conversion was refused, failed, crashed or
            took too long; it made a file that no runtime, or not every required one, loads; there was no room for it.
    """
    if calibration is not None:
        calibrating.check(calibration, trained.input_shape)
    if "." in pass_name:
        module = pass_name
    else:
        module = f"edgesense.optimize.{pass_name}"
        found = optimize.get(pass_name)
        optimize.check_options(found, options or {})
        if found.NEEDS_CALIBRATION:
            calibrating.required(calibration, pass_name)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".convert-", dir=output.parent) as folder:
            directory = Path(folder)
            made = directory / output.name
            request = {
                "pass": module,
                "architecture": trained.architecture,
                "configuration": dict(trained.options),
                "input_shape": list(trained.input_shape),
                "classes": trained.classes,
                "wrapped": _named(trained.wrapped),
                **_inputs(directory, trained, calibration),
                "options": dict(options or {}),
                "output": str(made),
            }
            what = f"{pass_name} conversion of {trained.architecture}"
            notes = process.run("edgesense.optimize.child", request, what, seconds)["notes"]
            runtimes = _deployable(made, pass_name, require)
            made.replace(output)
    except OSError as error:
        raise ConversionError(f"cannot write {output}: {error.strerror or error}") from error
    return Conversion(inspect.read(output), runtimes, notes)


def _named(technique: FineTuning | None) -> dict[str, object] | None:
    """A fine-tuning as JSON: where its class is, and its settings."""
    return None if technique is None else {"module": type(technique).__module__, "settings": vars(technique)}


def _inputs(directory: Path, trained: Trained, calibration: NDArray[np.float32] | None) -> dict[str, str | None]:
    weights, begun = directory / "weights.npz", directory / "begun.npz"
    for path, arrays in ((weights, trained.weights), (begun, trained.begun)):
        np.savez(path, **{f"{index:04d}": array for index, array in enumerate(arrays)})
    inputs = None
    if calibration is not None:
        inputs = directory / "calibration.npy"
        np.save(inputs, np.ascontiguousarray(calibration))
    return {"weights": str(weights), "begun": str(begun), "calibration": str(inputs) if inputs else None}


def _deployable(made: Path, pass_name: str, require: Sequence[str]) -> tuple[loading.Loading, ...]:
    try:
        _, runtimes = loading.check(made)
    except ModelError as error:
        raise ConversionError(f"{pass_name} made a model that cannot be deployed: {error}") from error
    refusing = [one for one in runtimes if not one.loads]
    missed = [one for one in refusing if one.runtime in require]
    if missed or len(refusing) == len(runtimes):
        reasons = "; ".join(f"{one.release}: {one.reason}" for one in missed or refusing)
        raise ConversionError(f"{pass_name} made a model that cannot be deployed: {reasons}")
    return runtimes
