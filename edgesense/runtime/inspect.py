"""Look into a `.tflite` file without a runtime: what it is made of, and whether a runtime can load it."""

from __future__ import annotations

import math
import mmap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import ModelError, UnsupportedOperator
from edgesense.runtime.flatbuffer import Bytes, Table
from edgesense.runtime.operators import CUSTOM, builtins, support
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


@dataclass(frozen=True, slots=True)
class Unsupported:
    """What a runtime lacks for a file.

    Attributes:
        needs: The operators and versions, in words.
        advice: What can be done.
    """

    needs: str
    advice: str


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


def check(path: str | Path, runtime: str) -> ModelFile:
    """Refuse a file with an operator that a runtime cannot load, before anything runs.

    Args:
        path: The `.tflite` file.
        runtime: "litert" or "tflite"; the release that `operators` has the table of.

    Returns:
        What the file is made of.

    Raises:
        ModelError: A file that is no TFLite model.
        UnsupportedOperator: An operator, or a version of it, that the runtime does not have.
    """
    model = read(path)
    refuse_unsupported(model, runtime)
    return model


def refuse_unsupported(model: ModelFile, runtime: str) -> None:
    """Raise for the operators of a file that a runtime cannot load; see `check`.

    Raises:
        UnsupportedOperator: One or more; the text names each, what it needs and what can be done.
    """
    found = unsupported(model, runtime)
    if found is not None:
        raise UnsupportedOperator(f"{model.path} {found.needs}: {found.advice}")


def unsupported(model: ModelFile, runtime: str) -> Unsupported | None:
    """Return which operators of a file a runtime cannot load, None where it can load all.

    Raises:
        SettingsError: A runtime that nothing is known of.
    """
    known = support(runtime)
    missing = [o for o in model.operators if o.version > (0 if o.custom else known.versions.get(o.name, 0))]
    missing = [o for o in missing if not (o.custom and o.name in known.custom)]
    if not missing:
        return None
    other = "litert" if runtime == "tflite" else "tflite"
    elsewhere = support(other)
    advice = ["convert it again for the older runtime"]
    if all(o.version <= elsewhere.versions.get(o.name, 0) or o.name in elsewhere.custom for o in missing):
        advice.insert(0, f"use the runtime {other} ({elsewhere.release} loads it)")
    if any(o.name == "FULLY_CONNECTED" for o in missing):
        advice[-1] += " (set converter._experimental_disable_per_channel_quantization_for_dense_layers = True)"
    if any(o.custom for o in missing):
        advice[-1] = "convert it again with builtin operators only (no SELECT_TF_OPS, no custom operators)"
    needs = "; ".join(_need(o, known.versions.get(o.name, 0), known.release) for o in missing)
    noted = f" (it was marked for TensorFlow {model.min_runtime_version} or newer)" if model.min_runtime_version else ""
    return Unsupported(f"needs {needs}{noted}", ", or ".join(advice))


def _need(operator: OperatorInfo, highest: int, release: str) -> str:
    if operator.custom:
        return f"the custom operator {operator.name}, which {release} does not have"
    if not highest:
        return f"the operator {operator.name}, which {release} does not have"
    return f"{operator.name} version {operator.version}, of which {release} has versions up to {highest}"


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
