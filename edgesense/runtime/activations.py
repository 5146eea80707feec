"""How much memory the values between a model's operators take at the least and at the most, from the file alone.

What a runtime plans lies between the two: values whose lives do not overlap share memory. TFLite Micro's arena holds
its own records of each operator and tensor besides.
"""

from __future__ import annotations

import math
import mmap
from pathlib import Path

from edgesense.errors import ModelError
from edgesense.runtime import inspect
from edgesense.runtime.flatbuffer import Bytes
from edgesense.runtime.schema import ModelSlot, OperatorSlot, SubGraphSlot

BITS = {"int4": 4, "uint4": 4, "int2": 2, "bool": 8, "string": 0}
"""Of the dtypes whose names do not end with them."""


def live_bytes(path: str | Path) -> tuple[int, int]:
    """Return bytes of values at the least and at the most, of the first subgraph.

    Args:
        path: The `.tflite` file, of fixed shapes.

    Returns:
        What one operator's inputs and outputs take together, for the largest; what all values take, none sharing.

    Raises:
        ModelError: It is no model, or a shape is not fixed.
    """
    model = inspect.read(path)
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        graph = next(iter(Bytes(data, model.size, str(path)).root().tables(ModelSlot.SUBGRAPHS)))
        count = len(list(graph.tables(SubGraphSlot.TENSORS)))
        sizes = [0 if one.constant else _bytes(model, one) for one in model.tensors[:count]]
        state = {index for index in range(count) if model.tensors[index].variable}
        together = [
            {index for slot in (OperatorSlot.INPUTS, OperatorSlot.OUTPUTS) for index in table.integers(slot)} | state
            for table in graph.tables(SubGraphSlot.OPERATORS)
        ]
    least = max((sum(sizes[index] for index in one if index >= 0) for one in together), default=0)
    return least, sum(sizes)


def _bytes(model: inspect.ModelFile, tensor: inspect.TensorInfo) -> int:
    if any(size < 0 for size in tensor.shape):
        raise ModelError(f"{model.path}: tensor {tensor.name!r} has no fixed shape {tensor.shape}")
    digits = tensor.dtype.lstrip("abcdefghijklmnopqrstuvwxyz")
    bits = BITS.get(tensor.dtype, int(digits) if digits.isdigit() else 32)
    return math.ceil(math.prod(tensor.shape) * bits / 8)
