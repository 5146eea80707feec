"""Write a small TFLite graph from Python, without TensorFlow: for tests, fakes and probes of a runtime.

Needs the `flatbuffers` package, which is in the `testing` extra; nothing that ships to a device writes models.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

_DATA_ALIGNMENT = 16
"""`Buffer.data` is declared with `force_align: 16` in the schema; kernels read weights in place."""


@dataclass(frozen=True)
class TensorSpec:
    """One tensor of a graph to write.

    Attributes:
        name: Its name.
        shape: Its dimensions.
        dtype: A name of `schema.DTYPES`.
        data: Its constant value, or None for what the graph computes or is given.
        scale: Quantisation scale: one for the tensor, none for a float tensor.
        zero_point: The quantised value that stands for 0.0.
        variable: Whether it is state that lives on from one run to the next.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    data: NDArray[Any] | None = None
    scale: float | None = None
    zero_point: int = 0
    variable: bool = False


@dataclass(frozen=True)
class OperatorSpec:
    """One operator of a graph to write.

    Attributes:
        name: A name of `operators.builtins()`, or any other for a custom operator.
        inputs: Indices of its input tensors; -1 for an optional one left out.
        outputs: Indices of its output tensors.
        version: The operator's version.
        options: The number of its `BuiltinOptions` table and the table's non-default byte fields by slot.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    version: int = 1
    options: tuple[int, Mapping[int, int]] | None = None


@dataclass(frozen=True)
class Graph:
    """A whole model of one subgraph.

    Attributes:
        tensors: All tensors; operators name them by index.
        operators: In the order in which they run.
        inputs: Indices of the tensors that a caller gives.
        outputs: Indices of the tensors that a caller reads.
        metadata: Named blocks of bytes, such as `min_runtime_version`.
        declared: Names and versions of further operators that the file declares and nothing uses: a runtime
            refuses those it does not know when it opens the file, so this asks it what it knows.
    """

    tensors: Sequence[TensorSpec]
    operators: Sequence[OperatorSpec]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    declared: Sequence[tuple[str, int]] = ()


def to_bytes(graph: Graph) -> bytes:
    """The graph as the bytes of a `.tflite` file."""
    blocks = [b"", *(t.data.tobytes() for t in graph.tensors if t.data is not None), *graph.metadata.values()]
    return _Writer(sum(map(len, blocks)) + 4096).model(graph, blocks)


class _Writer:
    """A flatbuffers builder that knows the tables of `schema`."""

    def __init__(self, size: int) -> None:
        try:
            flatbuffers: Any = importlib.import_module("flatbuffers")
        except ImportError as error:
            raise ImportError("writing a model needs flatbuffers: pip install 'pytest-edgesense[testing]'") from error
        self._builder: Any = flatbuffers.Builder(size)
        self._builtins = builtins()

    def model(self, graph: Graph, blocks: Sequence[bytes]) -> bytes:
        constants = [t for t in graph.tensors if t.data is not None]
        buffers = [self._table({BufferSlot.DATA: self._offset(self._bytes(b))} if b else {}) for b in blocks]
        metadata = [
            self._table(
                {
                    MetadataSlot.NAME: self._offset(self._builder.CreateString(name)),
                    MetadataSlot.BUFFER: self._scalar("Uint32", 1 + len(constants) + position),
                }
            )
            for position, name in enumerate(graph.metadata)
        ]
        codes = sorted({(o.name, o.version) for o in graph.operators} | set(graph.declared))
        root = self._table(
            {
                ModelSlot.VERSION: self._scalar("Uint32", SCHEMA_VERSION),
                ModelSlot.OPERATOR_CODES: self._offset(self._tables([self._code(*c) for c in codes])),
                ModelSlot.SUBGRAPHS: self._offset(self._tables([self._subgraph(graph, codes, constants)])),
                ModelSlot.DESCRIPTION: self._offset(self._builder.CreateString("edgesense")),
                ModelSlot.BUFFERS: self._offset(self._tables(buffers)),
                ModelSlot.METADATA: self._offset(self._tables(metadata)),
            }
        )
        self._builder.Finish(root, file_identifier=FILE_IDENTIFIER)
        return bytes(self._builder.Output())

    def _subgraph(self, graph: Graph, codes: list[tuple[str, int]], constants: list[TensorSpec]) -> int:
        places = {id(spec): 1 + place for place, spec in enumerate(constants)}
        tensors = [self._tensor(spec, places.get(id(spec), 0)) for spec in graph.tensors]
        operators = [self._operator(spec, codes.index((spec.name, spec.version))) for spec in graph.operators]
        return self._table(
            {
                SubGraphSlot.TENSORS: self._offset(self._tables(tensors)),
                SubGraphSlot.INPUTS: self._offset(self._numbers("Int32", 4, graph.inputs)),
                SubGraphSlot.OUTPUTS: self._offset(self._numbers("Int32", 4, graph.outputs)),
                SubGraphSlot.OPERATORS: self._offset(self._tables(operators)),
                SubGraphSlot.NAME: self._offset(self._builder.CreateString("main")),
            }
        )

    def _code(self, name: str, version: int) -> int:
        code = self._builtins.index(name if name in self._builtins else CUSTOM)
        fields = {
            OperatorCodeSlot.DEPRECATED_BUILTIN_CODE: self._scalar("Int8", min(code, 127)),
            OperatorCodeSlot.VERSION: self._scalar("Int32", version),
            OperatorCodeSlot.BUILTIN_CODE: self._scalar("Int32", code),
        }
        if name not in self._builtins:
            fields[OperatorCodeSlot.CUSTOM_CODE] = self._offset(self._builder.CreateString(name))
        return self._table(fields)

    def _tensor(self, spec: TensorSpec, buffer: int) -> int:
        fields = {
            TensorSlot.SHAPE: self._offset(self._numbers("Int32", 4, spec.shape)),
            TensorSlot.TYPE: self._scalar("Int8", DTYPES.index(spec.dtype)),
            TensorSlot.BUFFER: self._scalar("Uint32", buffer),
            TensorSlot.NAME: self._offset(self._builder.CreateString(spec.name)),
            TensorSlot.IS_VARIABLE: self._scalar("Bool", spec.variable),
        }
        if spec.scale is not None:
            quantization = {
                QuantizationSlot.SCALE: self._offset(self._numbers("Float32", 4, (spec.scale,))),
                QuantizationSlot.ZERO_POINT: self._offset(self._numbers("Int64", 8, (spec.zero_point,))),
            }
            fields[TensorSlot.QUANTIZATION] = self._offset(self._table(quantization))
        return self._table(fields)

    def _operator(self, spec: OperatorSpec, code: int) -> int:
        fields = {
            OperatorSlot.OPCODE_INDEX: self._scalar("Uint32", code),
            OperatorSlot.INPUTS: self._offset(self._numbers("Int32", 4, spec.inputs)),
            OperatorSlot.OUTPUTS: self._offset(self._numbers("Int32", 4, spec.outputs)),
        }
        if spec.options is not None:
            kind, values = spec.options
            options = self._table({slot: self._scalar("Int8", value) for slot, value in values.items()})
            fields[OperatorSlot.BUILTIN_OPTIONS_TYPE] = self._scalar("Uint8", kind)
            fields[OperatorSlot.BUILTIN_OPTIONS] = self._offset(options)
        return self._table(fields)

    def _table(self, fields: Mapping[Any, Callable[[int], None]]) -> int:
        self._builder.StartObject(max(fields, default=-1) + 1)
        for slot, put in fields.items():
            put(int(slot))
        return int(self._builder.EndObject())

    def _scalar(self, kind: str, value: int) -> Callable[[int], None]:
        return lambda slot: getattr(self._builder, f"Prepend{kind}Slot")(slot, value, 0)

    def _offset(self, offset: int) -> Callable[[int], None]:
        return lambda slot: self._builder.PrependUOffsetTRelativeSlot(slot, offset, 0)

    def _numbers(self, kind: str, width: int, values: Sequence[float]) -> int:
        self._builder.StartVector(width, len(values), width)
        for value in reversed(values):
            getattr(self._builder, f"Prepend{kind}")(value)
        return int(self._builder.EndVector())

    def _tables(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())

    def _bytes(self, data: bytes) -> int:
        self._builder.StartVector(1, len(data), _DATA_ALIGNMENT)
        self._builder.head -= len(data)
        self._builder.Bytes[self._builder.head : self._builder.head + len(data)] = data
        return int(self._builder.EndVector())
