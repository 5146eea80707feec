"""The part of the TFLite file format that EdgeSense reads and writes: tables, their field slots, tensor types.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs, schema version 3 (file identifier `TFL3`). Slots are the
positions of the fields in their tables and never change; new fields are only ever added behind the last.
"""

from __future__ import annotations

from enum import IntEnum

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3


class ModelSlot(IntEnum):
    """Fields of the root table `Model`."""

    VERSION = 0
    OPERATOR_CODES = 1
    SUBGRAPHS = 2
    DESCRIPTION = 3
    BUFFERS = 4
    METADATA = 6


class OperatorCodeSlot(IntEnum):
    """Fields of `OperatorCode`; the builtin code is the larger of the first and the last."""

    DEPRECATED_BUILTIN_CODE = 0
    CUSTOM_CODE = 1
    VERSION = 2
    BUILTIN_CODE = 3


class SubGraphSlot(IntEnum):
    """Fields of `SubGraph`."""

    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2
    OPERATORS = 3
    NAME = 4


class TensorSlot(IntEnum):
    """Fields of `Tensor`."""

    SHAPE = 0
    TYPE = 1
    BUFFER = 2
    NAME = 3
    QUANTIZATION = 4
    IS_VARIABLE = 5


class QuantizationSlot(IntEnum):
    """Fields of `QuantizationParameters`."""

    SCALE = 2
    ZERO_POINT = 3


class OperatorSlot(IntEnum):
    """Fields of `Operator`."""

    OPCODE_INDEX = 0
    INPUTS = 1
    OUTPUTS = 2
    BUILTIN_OPTIONS_TYPE = 3
    BUILTIN_OPTIONS = 4


class BufferSlot(IntEnum):
    """Fields of `Buffer`; offset and size point behind the flatbuffer in models over 2 GB."""

    DATA = 0
    OFFSET = 1
    SIZE = 2


class MetadataSlot(IntEnum):
    """Fields of `Metadata`."""

    NAME = 0
    BUFFER = 1


DTYPES = (
    *("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64"),
    *("complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16", "int2", "uint4"),
    *("float8_e4m3fn", "float8_e5m2"),
)
"""`TensorType` by number."""
