"""The operators of a `.tflite` file in their order, each with the tensors it keeps in the file; without a runtime."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.runtime import inspect
from edgesense.runtime.flatbuffer import Bytes
from edgesense.runtime.schema import ModelSlot, OperatorSlot, SubGraphSlot

if TYPE_CHECKING:
    from edgesense.runtime.inspect import TensorInfo


@dataclass(frozen=True)
class Node:
    """One operator of the first subgraph.

    Attributes:
        kind: Its builtin name, or that of a custom operator.
        name: Of what it makes: its first result's.
        dtype: Of its first result.
        constants: The operands whose values are in the file.
    """

    kind: str
    name: str
    dtype: str
    constants: tuple[TensorInfo, ...]

    @property
    def stored_bytes(self) -> int:
        """How much of the file its operands take."""
        return sum(tensor.stored_bytes for tensor in self.constants)


def nodes(path: str | Path) -> tuple[Node, ...]:
    """The operators of a model's first subgraph, in the order of their running.

    Args:
        path: The `.tflite` file.

    Raises:
        ModelError: It is no model, or damaged.
    """
    model = inspect.read(path)
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        first = next(iter(Bytes(data, model.size, str(path)).root().tables(ModelSlot.SUBGRAPHS)))
        found = []
        for table in first.tables(SubGraphSlot.OPERATORS):
            kind = model.operators[table.integer(OperatorSlot.OPCODE_INDEX, "I")].name
            inputs, outputs = (
                [model.tensors[index] for index in table.integers(slot) if 0 <= index < len(model.tensors)]
                for slot in (OperatorSlot.INPUTS, OperatorSlot.OUTPUTS)
            )
            made = outputs[0] if outputs else None
            constants = tuple(tensor for tensor in inputs if tensor.constant)
            found.append(Node(kind, made.name if made else "", made.dtype if made else "", constants))
    return tuple(found)
