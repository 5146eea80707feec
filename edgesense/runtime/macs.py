"""Multiply-accumulates of one run of a `.tflite` model, from the file alone: an estimate of work, not a count of it.

Kernels of one arithmetic differ by a factor of several between data types, shapes and processors (`docs/models.md`:
one convolution took 4.4 million instructions or 0.9), and a front end has none of it. Nothing here stands in for a
count of instructions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import ModelError
from edgesense.runtime import graph, inspect

Shape = tuple[int, ...]

_UNKNOWN = frozenset(
    {"TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE", "RNN", "SVDF", "LSTM", "WHILE", "IF", "CALL_ONCE"}
)
"""Operators with products of their own that no formula is here for; all others but those below have few or none."""


_KINDS = {
    "DEPTHWISE_CONV_2D": "depthwise",
    "FULLY_CONNECTED": "dense",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "recurrent",
}
_FREE = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SHAPE"})
"""They move no data, or none worth counting."""


@dataclass(frozen=True)
class Layer:
    """One operator of a graph.

    Attributes:
        operator: Its builtin name.
        macs: Its multiply-accumulates; 0 where it has few or none.
        inputs: Shape of each operand, () for one that is left out.
        outputs: Shape of each result.
    """

    operator: str
    macs: int
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]

    @property
    def kind(self) -> str:
        """What it is to a kernel library: pointwise, convolution, depthwise, dense, recurrent, product or elements."""
        if self.operator == "CONV_2D":
            return "pointwise" if self.inputs[1][1:3] == (1, 1) else "convolution"
        return _KINDS.get(self.operator, "product" if self.macs else "elements")

    @property
    def elements(self) -> int:
        """Numbers that an operator without products reads or writes, whichever are more; 0 for all others."""
        if self.macs or self.operator in _FREE:
            return 0
        shapes = (*self.inputs[:1], *self.outputs)
        return max((math.prod(shape) for shape in shapes if shape), default=0)


def count(path: str | Path) -> int:
    """Multiply-accumulates of one run.

    Args:
        path: The `.tflite` file, of fixed shapes.

    Returns:
        The sum over convolutions, dense and recurrent layers and matrix products; 0 for everything else.

    Raises:
        ModelError: It is no model, a shape is not fixed, or it has an operator that cannot be estimated.
    """
    return sum(layer.macs for layer in layers(path))


def layers(path: str | Path) -> tuple[Layer, ...]:
    """The operators of one run, in order, with the work of each.

    Args:
        path: The `.tflite` file, of fixed shapes.

    Raises:
        ModelError: As for `count`.
    """
    model = inspect.read(path)
    for operator in model.operators:
        if operator.count and (operator.custom or operator.name in _UNKNOWN):
            raise ModelError(f"{path}: multiply-accumulates of {operator.name} cannot be told from the file")
    found = []
    for node in graph.nodes(model):
        inputs, outputs = (tuple(_shape(model, one) for one in tensors) for tensors in (node.inputs, node.outputs))
        found.append(Layer(node.kind, _work(node.kind, inputs, outputs), inputs, outputs))
    return tuple(found)


def _shape(model: inspect.ModelFile, tensor: inspect.TensorInfo | None) -> Shape:
    """() for an operand that is left out."""
    if tensor is None:
        return ()
    if any(size < 0 for size in tensor.shape):
        raise ModelError(f"{model.path}: tensor {tensor.name!r} has no fixed shape {tensor.shape}")
    return tensor.shape


def _work(name: str, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
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
