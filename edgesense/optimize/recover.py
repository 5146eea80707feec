"""The weights of a float32 `.tflite` file, put back into the Keras model that it came from.

The converter folds each batch normalisation into the convolution before it. So a convolution gets its folded kernel
back, and its normalisation becomes "add the bias": what is computed is the same, and every pass converts it as it
would have converted the trained model (whose training checkpoint need not be there).
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import models
from edgesense.errors import ConversionError
from edgesense.optimize.convert import Trained

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "UNIDIRECTIONAL_SEQUENCE_LSTM")
LSTM_INPUT_KERNELS = slice(1, 5)
LSTM_RECURRENT_KERNELS = slice(5, 9)
LSTM_BIASES = slice(12, 16)
"""Places among the inputs of UNIDIRECTIONAL_SEQUENCE_LSTM; gates in the order input, forget, cell, output."""


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
    operators, shape, classes = _operators(model)
    weights = _apart(_weights, architecture, dict(options or {}), shape, classes, operators)
    return Trained(architecture, shape, classes, weights, dict(options or {}))


def untrained(architecture: str, seed: int = 1, classes: int = 5) -> Trained:
    """A model as a training from this seed begins it."""
    shape = models.get(architecture).features().shape
    return Trained(architecture, shape, classes, _apart(_initial, architecture, shape, classes, seed))


def _apart(function: Callable[..., list[Array]], *arguments: object) -> list[Array]:
    """Call in a process of its own: where TensorFlow is loaded, tflite-runtime opens no model afterwards."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except (BrokenProcessPool, ImportError, ValueError, StopIteration) as error:
            raise ConversionError(f"the weights cannot be put back into {arguments[0]}: {error}") from error


def _operators(model: Path) -> tuple[list[tuple[str, list[Array]]], tuple[int, int], int]:
    """The operators that have weights with those, in order; the input's frames and columns; the number of classes."""
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
    shape = [int(size) for size in interpreter.get_input_details()[0]["shape"]]
    if len(shape) != 3:
        raise ConversionError(f"{model} takes an input of shape {shape}, not (1, frames, columns)")
    return found, (shape[1], shape[2]), int(interpreter.get_output_details()[0]["shape"][-1])


def _weights(
    architecture: str,
    options: Mapping[str, Any],
    shape: tuple[int, int],
    classes: int,
    operators: list[tuple[str, list[Array]]],
) -> list[Array]:
    model = models.configured(architecture, options).build(shape, classes, batch_size=1)
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
        layer.set_weights(values)
    if unused := [kind for kind, _ in left]:
        raise ValueError(f"{architecture} has no layer for {', '.join(unused)}")
    return list(model.get_weights())


def _keras(kind: str, arrays: list[Array]) -> tuple[list[Array], Any]:
    """A layer's weights from an operator's, and the bias that its normalisation is to add."""
    if kind == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        kernel = np.concatenate(arrays[:4]).T
        recurrent = np.concatenate(arrays[4:8]).T
        return [kernel, recurrent, np.concatenate(arrays[8:])], None
    kernel, bias = arrays
    if kind == "CONV_2D":
        return [kernel.transpose(1, 2, 3, 0)], bias
    if kind == "DEPTHWISE_CONV_2D":
        return [kernel.transpose(1, 2, 3, 0)], bias
    return [kernel.T, bias], None


def _initial(architecture: str, shape: tuple[int, int], classes: int, seed: int) -> list[Array]:
    import tf_keras

    tf_keras.utils.set_random_seed(seed)
    return list(models.get(architecture).build(shape, classes).get_weights())
