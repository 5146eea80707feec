"""The operators of a `.tflite` file's main graph in order, with their tensors, and the values of its weights."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesense.errors import ModelError
from edgesense.runtime.flatbuffer import Bytes, Table
from edgesense.runtime.schema import BufferSlot, ModelSlot, OperatorSlot, SubGraphSlot, TensorSlot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesense.runtime.inspect import ModelFile, TensorInfo

_NUMBERS = ("float32", "float16", "int8", "uint8", "int16")
"""What the values of weights can be read as; 4-bit ones share bytes."""
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of a graph.

    Attributes:
        kind: Its builtin name, or the name of a custom operator.
        inputs: Its operands; None for one that is left out.
        outputs: Its results.
    """

    kind: str
    inputs: tuple[TensorInfo | None, ...]
    outputs: tuple[TensorInfo, ...]

    @property
    def dtype(self) -> str:
        """The dtype of its first result, "" without one."""
        return self.outputs[0].dtype if self.outputs else ""

    @property
    def constants(self) -> tuple[TensorInfo, ...]:
        """The operands whose values are in the file."""
        return tuple(one for one in self.inputs if one is not None and one.constant)

    @property
    def stored_bytes(self) -> int:
        """How much of the file its operands take."""
        return sum(one.stored_bytes for one in self.constants)

    @property
    def in_float(self) -> bool:
        """Whether it computes in floating point; a conversion to or from it does not count."""
        return self.kind not in _CONVERSIONS and any(one.dtype.startswith("float") for one in self.outputs)


def nodes(model: ModelFile) -> tuple[Node, ...]:
    """The operators of the main graph, in order.

    Args:
        model: What `edgesense.runtime.inspect.read` found in the file.

    Raises:
        ModelError: The file is damaged.
    """
    found = []
    with _graph(model) as (_, graph):
        for table in graph.tables(SubGraphSlot.OPERATORS):
            code = model.operators[table.integer(OperatorSlot.OPCODE_INDEX, "I")]
            inputs = tuple(_tensor(model, index) for index in table.integers(OperatorSlot.INPUTS))
            outputs = tuple(_tensor(model, index) for index in table.integers(OperatorSlot.OUTPUTS))
            found.append(Node(code.name, inputs, tuple(one for one in outputs if one is not None)))
    return tuple(found)


def weights(model: ModelFile) -> Iterator[tuple[TensorInfo, NDArray[np.generic]]]:
    """The constants of the main graph that are no bias, shape or index, with their values.

    Args:
        model: What `edgesense.runtime.inspect.read` found in the file.

    Yields:
        A tensor of rank 2 or more and (n,) of its values as stored.

    Raises:
        ModelError: The file is damaged.
    """
    with _graph(model) as (root, graph):
        buffers = list(root.tables(ModelSlot.BUFFERS))
        # The main graph's tensors are the first of the file.
        for tensor, table in zip(model.tensors, graph.tables(SubGraphSlot.TENSORS), strict=False):
            if tensor.constant and len(tensor.shape) > 1 and tensor.dtype in _NUMBERS:
                stored = buffers[table.integer(TensorSlot.BUFFER, "I")].block(BufferSlot.DATA)
                if stored:
                    yield tensor, np.frombuffer(stored, np.dtype(tensor.dtype).newbyteorder("<"))


@contextmanager
def _graph(model: ModelFile) -> Iterator[tuple[Table, Table]]:
    with model.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        root = Bytes(data, model.size, str(model.path)).root()
        yield root, next(iter(root.tables(ModelSlot.SUBGRAPHS)))


def _tensor(model: ModelFile, index: int) -> TensorInfo | None:
    if index >= len(model.tensors):
        raise ModelError(f"{model.path} is damaged: it refers to tensor {index} of {len(model.tensors)}")
    return None if index < 0 else model.tensors[index]
