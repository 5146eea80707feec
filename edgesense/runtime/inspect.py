"""Look into a `.tflite` file without a runtime: what it is made of."""

from __future__ import annotations

import math
import mmap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import ModelError
from edgesense.runtime.flatbuffer import Bytes, Table
from edgesense.runtime.operators import CUSTOM, builtins
from edgesense.runtime.schema import (
    DTYPES,
    FILE_IDENTIFIER,
    SCHEMA_VERSION,
    BufferSlot,
    MetadataSlot,
    ModelSlot,
    OperatorCodeSlot,
    OperatorSlot,
    QuantizationSlot,
    SubGraphSlot,
    TensorSlot,
)

_WEIGHT_DTYPES = ("float32", "float16", "bfloat16", "int8", "uint8", "int4", "int2", "uint4")
_ACTIVATION_DTYPES = ("float32", "float16", "int8", "uint8", "int16")


@dataclass(frozen=True, slots=True)
class OperatorInfo:
    """One kind of operator that a file declares.

    Attributes:
        name: Its builtin name, or the name of a custom operator.
        version: The version that its kernel must have.
        custom: Whether it is a custom operator.
        count: How often the graph uses it.
    """

    name: str
    version: int
    custom: bool
    count: int


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor of a file.

    Attributes:
        name: Its name.
        shape: Its dimensions as stored.
        dtype: "float32", "int8", ... by the names of NumPy where it has them.
        scales: Quantisation scales: none, one, or one for each channel.
        zero_points: The quantised values that stand for 0.0, as many.
        constant: Whether its value is in the file.
        variable: Whether it is state that lives on from one run to the next.
        stored_bytes: How much of the file its value takes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    constant: bool
    variable: bool
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What a static read of a `.tflite` file found.

    Attributes:
        path: The file.
        size: Its length in bytes.
        operators: The kinds of operators it declares.
        tensors: The tensors of all its subgraphs.
        inputs: What a caller gives to the first subgraph.
        outputs: What a caller reads from it.
        min_runtime_version: What the converter noted as the first TensorFlow that runs it; "" when it did not.
    """

    path: Path
    size: int
    operators: tuple[OperatorInfo, ...]
    tensors: tuple[TensorInfo, ...]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    min_runtime_version: str

    @property
    def dtype(self) -> str:
        """What the weights are stored and computed in.

        "float32", "float16", "int8", "int16x8" (weights int8, activations int16), "dynamic-range" (most weights int8,
        activations float32; the converter leaves small weights in float32), another dtype of the weights, or "mixed"
        when no dtype has nine tenths of them. Biases (rank 1) and tensors of shapes and indices do not count.
        """
        weights: Counter[str] = Counter()
        activations: Counter[str] = Counter()
        for tensor in self.tensors:
            if tensor.constant and len(tensor.shape) > 1 and tensor.dtype in _WEIGHT_DTYPES:
                weights[tensor.dtype] += math.prod(tensor.shape)
            elif not tensor.constant and tensor.dtype in _ACTIVATION_DTYPES:
                activations[tensor.dtype] += 1
        computed = activations.most_common(1)[0][0] if activations else "float32"
        if not weights:
            return computed
        stored, amount = weights.most_common(1)[0]
        if (stored, computed) == ("int8", "float32"):
            return "dynamic-range"
        if amount < 0.9 * weights.total():
            return "mixed"
        return "int16x8" if (stored, computed) == ("int8", "int16") else stored

    @property
    def stateful(self) -> bool:
        """Whether a run leaves state behind that the next one would start from."""
        return any(tensor.variable for tensor in self.tensors)


def read(path: str | Path) -> ModelFile:
    """Read what a `.tflite` file is made of.

    Args:
        path: The file; it is mapped, not loaded.

    Returns:
        Its operators, tensors, inputs and outputs.

    Raises:
        ModelError: A file that is missing, empty, cut off, damaged, or no TFLite model.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size == 0:
                raise ModelError(f"{path} is empty, not a TFLite model")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _model(path, Bytes(data, size, str(path)))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error


def _model(path: Path, source: Bytes) -> ModelFile:
    if source.size < 8 or bytes(source.data[4:8]) != FILE_IDENTIFIER:
        found = bytes(source.data[4:8])
        raise ModelError(f"{path} is no TFLite model: bytes 4 to 7 should be {FILE_IDENTIFIER!r} but are {found!r}")
    root = source.root()
    version = root.integer(ModelSlot.VERSION, "I")
    if version != SCHEMA_VERSION:
        raise ModelError(f"{path} has TFLite schema version {version}; only version {SCHEMA_VERSION} is known")
    sizes = [_stored(table) for table in root.tables(ModelSlot.BUFFERS)]
    graphs = list(root.tables(ModelSlot.SUBGRAPHS))
    if not graphs:
        raise ModelError(f"{path} is damaged: it has no subgraph")
    tensors = [[_tensor(table, sizes) for table in graph.tables(SubGraphSlot.TENSORS)] for graph in graphs]
    names = builtins()
    codes = [_code(table, names) for table in root.tables(ModelSlot.OPERATOR_CODES)]
    uses = Counter(
        _index(operator.integer(OperatorSlot.OPCODE_INDEX, "I"), len(codes), source.name)
        for graph in graphs
        for operator in graph.tables(SubGraphSlot.OPERATORS)
    )
    first = tensors[0]
    inputs, outputs = (
        tuple(first[_index(index, len(first), source.name)] for index in graphs[0].integers(slot))
        for slot in (SubGraphSlot.INPUTS, SubGraphSlot.OUTPUTS)
    )
    return ModelFile(
        path=path,
        size=source.size,
        operators=tuple(OperatorInfo(*code, uses[position]) for position, code in enumerate(codes)),
        tensors=tuple(tensor for graph in tensors for tensor in graph),
        inputs=inputs,
        outputs=outputs,
        min_runtime_version=_metadata(root, "min_runtime_version"),
    )


def _index(index: int, count: int, name: str) -> int:
    if not 0 <= index < count:
        raise ModelError(f"{name} is damaged: it refers to entry {index} of a list of {count}")
    return index


def _stored(buffer: Table) -> int:
    """Bytes that a buffer's value takes; checked to lie inside the file."""
    _, inside = buffer.span(BufferSlot.DATA)
    behind, size = buffer.integer(BufferSlot.OFFSET, "Q"), buffer.integer(BufferSlot.SIZE, "Q")
    if behind > 1 and behind + size > buffer.source.size:
        raise ModelError(
            f"{buffer.source.name} is damaged: weights end at byte {behind + size} but the file has only "
            f"{buffer.source.size}; it was cut off"
        )
    return inside or (size if behind > 1 else 0)


def _code(table: Table, names: tuple[str, ...]) -> tuple[str, int, bool]:
    # Files from before the 127th operator have only the first field, later ones a placeholder in it.
    code = max(
        table.integer(OperatorCodeSlot.DEPRECATED_BUILTIN_CODE, "b"), table.integer(OperatorCodeSlot.BUILTIN_CODE, "i")
    )
    name = names[code] if 0 <= code < len(names) else f"number {code}"
    custom = name == CUSTOM
    return (
        table.text(OperatorCodeSlot.CUSTOM_CODE) if custom else name,
        table.integer(OperatorCodeSlot.VERSION, "i", 1),
        custom,
    )


def _tensor(table: Table, sizes: list[int]) -> TensorInfo:
    number = table.integer(TensorSlot.TYPE, "b")
    stored = sizes[_index(table.integer(TensorSlot.BUFFER, "I"), len(sizes), table.source.name)]
    quantization = table.table(TensorSlot.QUANTIZATION)
    return TensorInfo(
        name=table.text(TensorSlot.NAME),
        shape=table.integers(TensorSlot.SHAPE),
        dtype=DTYPES[number] if 0 <= number < len(DTYPES) else f"type {number}",
        scales=quantization.numbers(QuantizationSlot.SCALE, "f") if quantization else (),
        zero_points=quantization.integers(QuantizationSlot.ZERO_POINT, "q") if quantization else (),
        constant=stored > 0,
        variable=bool(table.integer(TensorSlot.IS_VARIABLE, "B")),
        stored_bytes=stored,
    )


def _metadata(root: Table, name: str) -> str:
    """The text of a named block, without its padding; "" for none."""
    for entry in root.tables(ModelSlot.METADATA):
        if entry.text(MetadataSlot.NAME) == name:
            buffers = list(root.tables(ModelSlot.BUFFERS))
            index = _index(entry.integer(MetadataSlot.BUFFER, "I"), len(buffers), root.source.name)
            return buffers[index].block(BufferSlot.DATA).rstrip(b"\0").decode("utf-8", "replace")
    return ""
