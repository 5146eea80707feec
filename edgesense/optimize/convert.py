"""Run a conversion in a process of its own, with a time limit, and check what it made."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import optimize
from edgesense.errors import ConversionError, ModelError
from edgesense.runtime import inspect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

RUNTIMES = ("litert", "tflite")
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
    """

    architecture: str
    input_shape: tuple[int, int]
    classes: int
    weights: Sequence[NDArray[Any]]
    options: Mapping[str, Any] = field(default_factory=dict)


def convert(
    trained: Trained,
    pass_name: str,
    output: Path,
    *,
    calibration: NDArray[np.float32] | None = None,
    seconds: float = SECONDS,
) -> inspect.ModelFile:
    """Convert a trained model to a `.tflite` file that both runtimes load.

    Args:
        trained: The model.
        pass_name: A module of `edgesense.optimize`, or the dotted name of any module with a `convert` like theirs.
        output: The file to write; it appears whole or not at all.
        calibration: (n, frames, columns) float32, for passes that need it.
        seconds: Time limit.

    Returns:
        What the file is made of.

    Raises:
        SettingsError: There is no such pass.
        ConversionError: The conversion failed, crashed, took too long, or made a file that a runtime cannot load.
    """
    if "." not in pass_name:
        optimize.check([pass_name])
    module = pass_name if "." in pass_name else f"edgesense.optimize.{pass_name}"
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".convert-", dir=output.parent) as folder:
        directory = Path(folder)
        weights = directory / "weights.npz"
        np.savez(weights, **{f"{index:04d}": array for index, array in enumerate(trained.weights)})
        inputs = None
        if calibration is not None:
            inputs = directory / "calibration.npy"
            np.save(inputs, np.ascontiguousarray(calibration, np.float32))
        made = directory / output.name
        request = {
            "pass": module,
            "architecture": trained.architecture,
            "options": dict(trained.options),
            "input_shape": list(trained.input_shape),
            "classes": trained.classes,
            "weights": str(weights),
            "calibration": str(inputs) if inputs else None,
            "output": str(made),
        }
        _run(request, f"{pass_name} conversion of {trained.architecture}", seconds)
        try:
            for runtime in RUNTIMES:
                found = inspect.check(made, runtime)
        except ModelError as error:
            raise ConversionError(f"{pass_name} made a model that cannot be deployed: {error}") from error
        made.replace(output)
    return found


def _run(request: dict[str, object], what: str, seconds: float) -> None:
    """Start the child and wait for it; its every bad end is a `ConversionError`."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path),  # noqa: PTH109 - as sys.path means it
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, "-m", "edgesense.optimize.child"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ConversionError(f"the {what} was stopped after {seconds:g} s{_tail(error.stderr)}") from error
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise ConversionError(f"the {what} was killed by {name}{_tail(done.stderr)}")
    if done.returncode:
        raise ConversionError(f"the {what} failed with exit status {done.returncode}{_tail(done.stderr)}")


def _tail(stderr: str | bytes | None, lines: int = 20) -> str:
    text = stderr.decode(errors="replace") if isinstance(stderr, bytes) else stderr or ""
    last = [line for line in text.splitlines() if line.strip()][-lines:]
    return "; its last words:\n" + "\n".join(last) if last else ", without a word"
