"""Which builtin operator a TFLite file may use up to which version, for each runtime.

The numbers are those of the runtimes' own resolvers: TensorFlow 2.14 `tensorflow/lite/core/kernels/register.cc` and
LiteRT 2.3 `tflite/core/kernels/register.cc`. They were read off the released wheels by opening, for every operator
and version, a file that declares it; `tests/runtime/test_operators.py` repeats that with the runtimes installed.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgesense.errors import SettingsError

CUSTOM = "CUSTOM"
"""The builtin name that says "a custom operator"; its own name is then in `OperatorCode.custom_code`."""


@dataclass(frozen=True)
class Support:
    """What one released runtime can load.

    Attributes:
        release: The runtime's name and version, as in `Model.runtime`.
        versions: Highest version of each builtin operator; one that is missing cannot be loaded at all.
        custom: Custom operators that its wheel brings along.
    """

    release: str
    versions: dict[str, int]
    custom: frozenset[str]


def known_release(release: str) -> bool:
    """Whether the table was made from this release, as in "litert 2.3.0"."""
    return any(release == row[0] for row in _RUNTIMES.values())


def runtimes() -> tuple[str, ...]:
    """The runtimes whose operators are known."""
    return tuple(_RUNTIMES)


def support(runtime: str) -> Support:
    """What a runtime ("litert" or "tflite") can load, for the release that the table was made from.

    Raises:
        SettingsError: A runtime that the table does not have.
    """
    if runtime not in _RUNTIMES:
        raise SettingsError(f"nothing is known of the runtime {runtime!r}, only of {' and '.join(_RUNTIMES)}")
    release, column, custom = _RUNTIMES[runtime]
    rows = (line.split() for line in _HIGHEST.split("\n"))
    return Support(release, {row[0]: int(row[column]) for row in rows if int(row[column])}, custom)


def builtins() -> tuple[str, ...]:
    """Names of the builtin operators by their number in the schema of LiteRT 2.3."""
    return tuple(line.split()[0] for line in _HIGHEST.split("\n"))


_CUSTOM = frozenset({"AudioSpectrogram", "Mfcc", "NumericVerify", "TFLite_Detection_PostProcess"})
_RUNTIMES = {
    "tflite": ("tflite 2.14.0", 1, _CUSTOM),
    "litert": ("litert 2.3.0", 2, _CUSTOM | {"aeq.hadamard_rotation"}),
}

# BuiltinOperator in the order of its numbers; highest version in tflite-runtime 2.14.0 and in ai-edge-litert 2.3.0
# (0: none). Lowest versions are 1, but for BROADCAST_TO, whose version 1 was withdrawn and written by no release.
_HIGHEST = """\
ADD 5 6
AVERAGE_POOL_2D 3 3
CONCATENATION 4 7
CONV_2D 7 8
DEPTHWISE_CONV_2D 7 7
DEPTH_TO_SPACE 2 2
DEQUANTIZE 5 9
EMBEDDING_LOOKUP 3 5
FLOOR 1 1
FULLY_CONNECTED 10 14
HASHTABLE_LOOKUP 1 1
L2_NORMALIZATION 2 2
L2_POOL_2D 1 1
LOCAL_RESPONSE_NORMALIZATION 1 1
LOGISTIC 3 3
LSH_PROJECTION 1 1
LSTM 4 4
MAX_POOL_2D 3 3
MUL 7 8
RELU 3 3
RELU_N1_TO_1 1 1
RELU6 3 3
RESHAPE 1 1
RESIZE_BILINEAR 4 4
RNN 3 3
SOFTMAX 3 4
SPACE_TO_DEPTH 2 2
SVDF 4 4
TANH 3 3
CONCAT_EMBEDDINGS 0 0
SKIP_GRAM 1 1
CALL 0 0
CUSTOM 0 0
EMBEDDING_LOOKUP_SPARSE 1 1
PAD 4 6
UNIDIRECTIONAL_SEQUENCE_RNN 3 3
GATHER 6 8
BATCH_TO_SPACE_ND 4 4
SPACE_TO_BATCH_ND 4 4
TRANSPOSE 6 9
MEAN 3 3
SUB 5 5
DIV 2 2
SQUEEZE 2 2
UNIDIRECTIONAL_SEQUENCE_LSTM 4 4
STRIDED_SLICE 8 8
BIDIRECTIONAL_SEQUENCE_RNN 3 3
EXP 2 2
TOPK_V2 3 3
SPLIT 4 5
LOG_SOFTMAX 2 2
DELEGATE 0 0
BIDIRECTIONAL_SEQUENCE_LSTM 3 3
CAST 5 9
PRELU 1 1
MAXIMUM 4 4
ARG_MAX 3 3
MINIMUM 4 4
LESS 3 3
NEG 1 1
PADV2 4 6
GREATER 2 2
GREATER_EQUAL 3 3
LESS_EQUAL 2 2
SELECT 4 4
SLICE 6 8
SIN 1 2
TRANSPOSE_CONV 4 5
SPARSE_TO_DENSE 3 3
TILE 3 3
EXPAND_DIMS 1 1
EQUAL 4 5
NOT_EQUAL 3 4
LOG 1 2
SUM 2 2
SQRT 1 2
RSQRT 2 3
SHAPE 1 1
POW 1 1
ARG_MIN 3 3
FAKE_QUANT 2 2
REDUCE_PROD 2 2
REDUCE_MAX 3 3
PACK 4 5
LOGICAL_OR 1 1
ONE_HOT 1 1
LOGICAL_AND 1 1
LOGICAL_NOT 1 1
UNPACK 4 6
REDUCE_MIN 3 3
FLOOR_DIV 3 3
REDUCE_ANY 1 1
SQUARE 1 1
ZEROS_LIKE 1 1
FILL 4 5
FLOOR_MOD 2 2
RANGE 2 2
RESIZE_NEAREST_NEIGHBOR 4 4
LEAKY_RELU 2 2
SQUARED_DIFFERENCE 2 2
MIRROR_PAD 3 3
ABS 5 5
SPLIT_V 2 3
UNIQUE 1 1
CEIL 1 1
REVERSE_V2 3 4
ADD_N 1 1
GATHER_ND 4 6
COS 1 2
WHERE 2 2
RANK 1 1
ELU 1 1
REVERSE_SEQUENCE 1 1
MATRIX_DIAG 1 1
QUANTIZE 3 6
MATRIX_SET_DIAG 1 1
ROUND 1 1
HARD_SWISH 1 1
IF 1 1
WHILE 1 1
NON_MAX_SUPPRESSION_V4 1 1
NON_MAX_SUPPRESSION_V5 1 1
SCATTER_ND 1 1
SELECT_V2 2 2
DENSIFY 1 1
SEGMENT_SUM 1 1
BATCH_MATMUL 4 4
PLACEHOLDER_FOR_GREATER_OP_CODES 0 0
CUMSUM 1 1
CALL_ONCE 1 1
BROADCAST_TO 3 4
RFFT2D 1 1
CONV_3D 1 1
IMAG 1 1
REAL 1 1
COMPLEX_ABS 1 1
HASHTABLE 1 1
HASHTABLE_FIND 1 1
HASHTABLE_IMPORT 1 1
HASHTABLE_SIZE 1 1
REDUCE_ALL 1 1
CONV_3D_TRANSPOSE 1 1
VAR_HANDLE 1 1
READ_VARIABLE 1 1
ASSIGN_VARIABLE 1 1
BROADCAST_ARGS 1 1
RANDOM_STANDARD_NORMAL 1 1
BUCKETIZE 1 1
RANDOM_UNIFORM 1 1
MULTINOMIAL 1 1
GELU 2 3
DYNAMIC_UPDATE_SLICE 1 6
RELU_0_TO_1 1 1
UNSORTED_SEGMENT_PROD 1 1
UNSORTED_SEGMENT_MAX 1 1
UNSORTED_SEGMENT_SUM 1 1
ATAN2 1 1
UNSORTED_SEGMENT_MIN 1 1
SIGN 2 2
BITCAST 1 1
BITWISE_XOR 1 1
RIGHT_SHIFT 1 1
STABLEHLO_LOGISTIC 0 0
STABLEHLO_ADD 0 1
STABLEHLO_DIVIDE 0 0
STABLEHLO_MULTIPLY 0 1
STABLEHLO_MAXIMUM 0 1
STABLEHLO_RESHAPE 0 0
STABLEHLO_CLAMP 0 0
STABLEHLO_CONCATENATE 0 0
STABLEHLO_BROADCAST_IN_DIM 0 0
STABLEHLO_CONVOLUTION 0 0
STABLEHLO_SLICE 0 0
STABLEHLO_CUSTOM_CALL 0 0
STABLEHLO_REDUCE 0 0
STABLEHLO_ABS 0 0
STABLEHLO_AND 0 1
STABLEHLO_COSINE 0 0
STABLEHLO_EXPONENTIAL 0 0
STABLEHLO_FLOOR 0 0
STABLEHLO_LOG 0 0
STABLEHLO_MINIMUM 0 1
STABLEHLO_NEGATE 0 0
STABLEHLO_OR 0 0
STABLEHLO_POWER 0 0
STABLEHLO_REMAINDER 0 0
STABLEHLO_RSQRT 0 0
STABLEHLO_SELECT 0 0
STABLEHLO_SUBTRACT 0 0
STABLEHLO_TANH 0 0
STABLEHLO_SCATTER 0 1
STABLEHLO_COMPARE 0 0
STABLEHLO_CONVERT 0 0
STABLEHLO_DYNAMIC_SLICE 0 0
STABLEHLO_DYNAMIC_UPDATE_SLICE 0 0
STABLEHLO_PAD 0 1
STABLEHLO_IOTA 0 0
STABLEHLO_DOT_GENERAL 0 0
STABLEHLO_REDUCE_WINDOW 0 1
STABLEHLO_SORT 0 0
STABLEHLO_WHILE 0 0
STABLEHLO_GATHER 0 1
STABLEHLO_TRANSPOSE 0 0
DILATE 0 1
STABLEHLO_RNG_BIT_GENERATOR 0 1
REDUCE_WINDOW 0 1
STABLEHLO_COMPOSITE 0 1
STABLEHLO_SHIFT_LEFT 0 1
STABLEHLO_CBRT 0 0
STABLEHLO_CASE 0 1"""
