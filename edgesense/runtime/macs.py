"""Multiply-accumulates of one run of a `.tflite` model, from the file alone: an estimate of work, not a count of it.

Kernels of one arithmetic differ by a factor of several between data types, shapes and processors (`docs/models.md`:
one convolution took 4.4 million instructions or 0.9), and a front end has none of it. Nothing here stands in for a
count of instructions.
"""

from __future__ import annotations

import math
import mmap
from pathlib import Path

from edgesense.errors import ModelError
from edgesense.runtime import inspect
from edgesense.runtime.flatbuffer import Bytes
from edgesense.runtime.schema import ModelSlot, OperatorSlot, SubGraphSlot

Shape = tuple[int, ...]

_UNKNOWN = frozenset(
    {"TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE", "RNN", "SVDF", "LSTM", "WHILE", "IF", "CALL_ONCE"}
)
"""Operators with products of their own that no formula is here for; all others but those below have few or none."""


def count(path: str | Path) -> int:
    """Multiply-accumulates of one run.

    Args:
        path: The `.tflite` file, of fixed shapes.

    Returns:
        The sum over convolutions, dense and recurrent layers and matrix products; 0 for everything else.

    Raises:
        ModelError: It is no model, a shape is not fixed, or it has an operator that cannot be estimated.
    """
    model = inspect.read(path)
    for operator in model.operators:
        if operator.count and (operator.custom or operator.name in _UNKNOWN):
            raise ModelError(f"{path}: multiply-accumulates of {operator.name} cannot be told from the file")
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        graph = next(iter(Bytes(data, model.size, str(path)).root().tables(ModelSlot.SUBGRAPHS)))
        total = 0
        for operator_table in graph.tables(SubGraphSlot.OPERATORS):
            name = model.operators[operator_table.integer(OperatorSlot.OPCODE_INDEX, "I")].name
            shapes = {
                slot: [_shape(model, index) for index in operator_table.integers(slot)]
                for slot in (OperatorSlot.INPUTS, OperatorSlot.OUTPUTS)
            }
            total += _work(name, shapes[OperatorSlot.INPUTS], shapes[OperatorSlot.OUTPUTS])
    return total


def _shape(model: inspect.ModelFile, index: int) -> Shape:
    """() for an operand that is left out."""
    if index < 0:
        return ()
    shape = model.tensors[index].shape
    if any(size < 0 for size in shape):
        raise ModelError(f"{model.path}: tensor {model.tensors[index].name!r} has no fixed shape {shape}")
    return shape


def _work(name: str, inputs: list[Shape], outputs: list[Shape]) -> int:
    made = math.prod(outputs[0]) if outputs else 0
    if name == "CONV_2D":
        # Weights (filters, height, width, channels).
        return made * math.prod(inputs[1][1:])
    if name == "DEPTHWISE_CONV_2D":
        # Weights (1, height, width, filters).
        return made * math.prod(inputs[1][1:3])
    if name == "FULLY_CONNECTED":
        return made * inputs[1][-1]
    if name == "BATCH_MATMUL":
        return made * inputs[0][-1]
    if name == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        # Input (batch, time, columns); operands 1 to 8 are the matrices of the four gates.
        return math.prod(inputs[0][:2]) * sum(math.prod(weights) for weights in inputs[1:9] if weights)
    return 0
