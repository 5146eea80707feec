"""The weights of a float32 `.tflite` file, put back into the Keras model that it came from.

The converter folds each batch normalisation into the convolution before it. So a convolution gets its folded kernel
back, and its normalisation becomes "add the bias": what is computed is the same, and every pass converts it as it
would have converted the trained model (whose training checkpoint need not be there).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import models
from edgesense.errors import ConversionError
from edgesense.optimize import process
from edgesense.optimize.convert import Trained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "UNIDIRECTIONAL_SEQUENCE_LSTM")
LSTM_INPUT_KERNELS = slice(1, 5)
LSTM_RECURRENT_KERNELS = slice(5, 9)
LSTM_BIASES = slice(12, 16)
"""Places among the inputs of UNIDIRECTIONAL_SEQUENCE_LSTM; gates in the order input, forget, cell, output."""
SECONDS = 300.0
"""Longest time; most of it is TensorFlow's import."""


def recover(model: Path, architecture: str, options: Mapping[str, Any] | None = None) -> Trained:
    """The trained model that a float32 `.tflite` file was made from.

    Args:
        model: A float32 file that `edgesense.optimize.float32` made.
        architecture: The architecture's name.
        options: What it was built with, where that is not the architecture as it stands.

    Returns:
        Its weights, as `edgesense.optimize.convert` takes them. Whether they compute the same is for the caller to
        see: converted again in float32 they must give the file's scores.

    Raises:
        ConversionError: The file's operators are not those of the architecture, or the runtime LiteRT is not here.
        SettingsError: There is no such architecture.
    """
    models.configured(architecture, options or {})
    shape, classes = _shape(model)
    request = {"architecture": architecture, "options": dict(options or {}), "model": str(model.absolute())}
    return Trained(architecture, shape, classes, _apart({**request, "shape": shape, "classes": classes}), options or {})


def untrained(architecture: str, seed: int = 1, classes: int = 5) -> Trained:
    """A model as a training from this seed begins it."""
    shape = models.get(architecture).features().shape
    request = {"architecture": architecture, "options": {}, "shape": shape, "classes": classes, "seed": seed}
    return Trained(architecture, shape, classes, _apart(request))


def _apart(request: dict[str, object]) -> list[NDArray[Any]]:
    """Build the model in a process of its own: where TensorFlow is loaded, tflite-runtime opens no model afterwards."""
    with tempfile.TemporaryDirectory(prefix="edgesense-") as folder:
        output = Path(folder) / "weights.npz"
        process.run(__name__, {**request, "output": str(output)}, f"building of {request['architecture']}", SECONDS)
        with np.load(output, allow_pickle=False) as arrays:
            return [arrays[name] for name in sorted(arrays.files)]


def main() -> None:
    """In that process: build the model, put weights into it where there are any, write them."""
    with process.answering() as answer:
        request: dict[str, Any] = json.load(sys.stdin)
        name, shape = request["architecture"], tuple(request["shape"])
        if "seed" in request:
            import tf_keras

            tf_keras.utils.set_random_seed(request["seed"])
        # TensorFlow is not loaded before LiteRT has read the file.
        operators = _operators(Path(request["model"])) if "model" in request else []
        batch = 1 if "model" in request else None
        model = models.configured(name, request["options"]).build(shape, request["classes"], batch_size=batch)
        if operators:
            try:
                _fill(model, operators)
            except ValueError as error:
                raise ConversionError(f"the weights cannot be put back into {name}: {error}") from error
        np.savez(request["output"], **{f"{index:04d}": array for index, array in enumerate(model.get_weights())})
        json.dump({}, answer)


def _shape(model: Path) -> tuple[tuple[int, int], int]:
    """(frames, columns) that a file takes and how many scores it gives."""
    from edgesense.runtime import inspect

    file = inspect.read(model)
    taken, given = file.inputs[0].shape, file.outputs[0].shape
    if len(taken) != 3:
        raise ConversionError(f"{model} takes an input of shape {taken}, not (1, frames, columns)")
    return (taken[1], taken[2]), given[-1]


def _operators(model: Path) -> list[tuple[str, list[Array]]]:
    """The operators that have weights with those, in order."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ConversionError("reading weights back needs LiteRT: pip install 'pytest-edgesense[litert]'") from error
    interpreter = Interpreter(model_path=str(model))
    found = []
    for operator in interpreter._get_ops_details():  # noqa: SLF001 - nothing public tells which tensor is whose
        if operator["op_name"] in WEIGHTED:
            inputs = [int(index) for index in operator["inputs"]]
            if operator["op_name"] == "UNIDIRECTIONAL_SEQUENCE_LSTM":
                inputs = inputs[LSTM_INPUT_KERNELS] + inputs[LSTM_RECURRENT_KERNELS] + inputs[LSTM_BIASES]
            else:
                inputs = inputs[1:3]
            found.append((operator["op_name"], [np.array(interpreter.get_tensor(index)) for index in inputs]))
    return found


def _fill(model: Any, operators: list[tuple[str, list[Array]]]) -> None:
    """Give each layer the weights of its operator.

    Raises:
        ValueError: They do not fit.
    """
    left = iter(operators)
    bias: Array | None = None
    for layer in model.layers:
        if not layer.get_weights():
            continue
        if type(layer).__name__ == "BatchNormalization":
            gamma, _, mean, variance = layer.get_weights()
            ones = np.ones_like(variance) - np.float32(layer.epsilon)
            layer.set_weights([np.ones_like(gamma), bias, np.zeros_like(mean), ones])
            continue
        found = next(left, None)
        if found is None:
            raise ValueError(f"the file has no operator for the layer {layer.name}")
        values, bias = _keras(*found)
        # A convolution without a normalisation behind it has a bias of its own.
        own = len(layer.get_weights()) == len(values) + 1
        layer.set_weights([*values, bias] if own else values)
    if unused := [kind for kind, _ in left]:
        raise ValueError(f"no layer is left for {', '.join(unused)}")


def _keras(kind: str, arrays: list[Array]) -> tuple[list[Array], Any]:
    """A layer's weights from an operator's, and the bias that its normalisation is to add."""
    if kind == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        kernel = np.concatenate(arrays[:4]).T
        recurrent = np.concatenate(arrays[4:8]).T
        return [kernel, recurrent, np.concatenate(arrays[8:])], None
    kernel, bias = arrays
    if kind in {"CONV_2D", "DEPTHWISE_CONV_2D"}:
        return [kernel.transpose(1, 2, 3, 0)], bias
    return [kernel.T, bias], None


if __name__ == "__main__":
    main()
