"""A project for ESP-IDF: the model as a C array, the front end in C with its tables, an example that checks itself."""

from __future__ import annotations

import shutil
import string
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesense import pipeline, pipeline_file
from edgesense.errors import InvalidInput, ModelError, PipelineError
from edgesense.export import _c, _front_end
from edgesense.features import footprint
from edgesense.runtime import arena, inspect, macs, scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesense.pipeline import Pipeline

TITLE = "a project for ESP-IDF with esp-tflite-micro"
NEXT = "cd {output} && idf.py set-target esp32s3 && idf.py build flash monitor"

PROJECT = Path(__file__).with_name("esp32_project")
RUNTIME = "micro"
KIBIBYTE = 1024
MARGIN_BYTES = KIBIBYTE
"""Over the arena that was found: ESP-NN's kernels keep a few numbers more an operator than the reference ones."""
SEED = 20240229
MULTIPLIER, INCREMENT = 1664525, 1013904223
"""Of a linear congruential generator (Numerical Recipes), which `main.cc` repeats."""

METHODS = {
    "ADD": "AddAdd",
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "BATCH_MATMUL": "AddBatchMatMul",
    "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "DIV": "AddDiv",
    "EXPAND_DIMS": "AddExpandDims",
    "FULLY_CONNECTED": "AddFullyConnected",
    "HARD_SWISH": "AddHardSwish",
    "LEAKY_RELU": "AddLeakyRelu",
    "LOGISTIC": "AddLogistic",
    "MAXIMUM": "AddMaximum",
    "MAX_POOL_2D": "AddMaxPool2D",
    "MEAN": "AddMean",
    "MINIMUM": "AddMinimum",
    "MUL": "AddMul",
    "PACK": "AddPack",
    "PAD": "AddPad",
    "QUANTIZE": "AddQuantize",
    "RELU": "AddRelu",
    "RELU6": "AddRelu6",
    "RESHAPE": "AddReshape",
    "SHAPE": "AddShape",
    "SOFTMAX": "AddSoftmax",
    "SPLIT": "AddSplit",
    "SQUEEZE": "AddSqueeze",
    "STRIDED_SLICE": "AddStridedSlice",
    "SUB": "AddSub",
    "SUM": "AddSum",
    "TANH": "AddTanh",
    "TRANSPOSE": "AddTranspose",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}
"""Builtin operator -> the method of `MicroMutableOpResolver` that adds it."""


@dataclass(frozen=True)
class _Source:
    """A pipeline that can be written.

    Attributes:
        opened: The pipeline, in TFLite Micro.
        operators: Names of the model's operators.
        arena: What its model needs.
        scratch_bytes: What an ESP32-S3's kernels may need on top.
    """

    opened: Pipeline
    operators: tuple[str, ...]
    arena: arena.Arena
    scratch_bytes: int


def write(source: Path, output: Path) -> tuple[Path, ...]:
    """Write the project; see `edgesense.export.Format.write`.

    Raises:
        InvalidInput: The directory is there already.
        SettingsError: TFLite Micro is not installed, or the front end is none that the C code computes.
        ModelError: The model is not int8 from end to end, or TFLite Micro refuses it.
        PipelineError: There is no pipeline directory.
    """
    if output.exists():
        raise InvalidInput(f"{output} is there already: give a directory that is not, or remove it")
    read = _read(source)
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}."))
    try:
        shutil.copytree(PROJECT, draft, dirs_exist_ok=True)
        for name, text in _generated(read).items():
            (draft / name).write_text(text, encoding="utf-8")
        draft.chmod(0o755)
        draft.replace(output)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return tuple(
        sorted((path for path in output.rglob("*") if path.is_file()), key=lambda path: path.name != "README.md")
    )


def _read(source: Path) -> _Source:
    if not source.is_dir():
        raise PipelineError(f"{source} is no pipeline directory; a bare model has no front end to export")
    file = pipeline_file.read(source)
    footprint.check(file.features)
    path = source / file.model
    model = inspect.read(path)
    kinds = [one.dtype for one in (*model.inputs, *model.outputs)]
    if model.dtype != "int8" or set(kinds) != {"int8"}:
        raise ModelError(
            f"{path} is a {model.dtype} model with {kinds[0]} input and {kinds[-1]} output; "
            "an ESP32's kernels are int8: convert it with edgesense optimize --pass int8"
        )
    unknown = [one.name for one in model.operators if one.count and one.name not in METHODS]
    if unknown:
        raise ModelError(f"{path} has operators that this export does not know: {', '.join(unknown)}")
    found = arena.find(path)
    opened = pipeline.open(source, runtime=RUNTIME)
    assert isinstance(opened, pipeline.Pipeline)  # noqa: S101 - it is a directory
    operators = tuple(one.name for one in model.operators if one.count)
    return _Source(opened, operators, found, scratch.esp32s3(macs.layers(path)))


def _generated(read: _Source) -> dict[str, str]:
    """File -> content, of what is made for one pipeline."""
    classes = read.opened.classes
    scores = check_scores(read.opened)
    model = [
        '#include "edgesense_model.h"\n',
        _c.texts("es_class_names", classes),
        _c.integers("int8_t", "es_check_scores", scores.tolist()),
        _c.data("es_model", read.opened.model.file.path.read_bytes()),
    ]
    return {
        "main/edgesense_settings.h": _settings(read, int(scores.argmax())),
        "main/edgesense_tables.c": _front_end.tables(read.opened.settings),
        "main/edgesense_model.c": "\n".join(model),
        "main/edgesense_resolver.h": _resolver(read.operators),
        "README.md": _readme(read),
    }


def arena_bytes(found: arena.Arena) -> int:
    """What the project sets aside: what was found, a margin, whole KiB."""
    return -(-(found.total + MARGIN_BYTES) // KIBIBYTE) * KIBIBYTE


def check_clip(samples: int) -> NDArray[np.float32]:
    """(samples,) float32: the noise that the example makes on the chip, bit for bit."""
    state, values = SEED, np.empty(samples, np.int32)
    for index in range(samples):
        state = (state * MULTIPLIER + INCREMENT) % 2**32
        values[index] = (state >> 16) - 32768
    # C divides towards zero.
    clip: NDArray[np.float32] = np.trunc(values / 8).astype(np.float32) / np.float32(32768)
    return clip


def check_scores(opened: Pipeline) -> NDArray[np.int64]:
    """(classes,) int64: the model's scores of that noise, as the model gives them."""
    port = opened.model.outputs[0]
    clip = check_clip(opened.settings.samples)
    scores = opened.model.run(opened.features(clip)).ravel()
    steps: NDArray[np.int64] = np.rint(scores / port.scale).astype(np.int64) + port.zero_point
    return steps


def _settings(read: _Source, check_class: int) -> str:
    given, said = read.opened.model.inputs[0], read.opened.model.outputs[0]
    more = {
        "ES_INPUT_INVERSE_SCALE": float(np.float32(1.0 / given.scale)),
        "ES_INPUT_ZERO_POINT": float(given.zero_point),
        "ES_OUTPUT_SCALE": float(said.scale),
        "ES_OUTPUT_ZERO_POINT": said.zero_point,
        "ES_CLASSES": len(read.opened.classes),
        "ES_ARENA_BYTES": arena_bytes(read.arena),
        "ES_SCRATCH_BYTES": read.scratch_bytes,
        "ES_CHECK_SEED": f"{SEED}u",
        "ES_CHECK_CLASS": check_class,
    }
    head = f"/* {read.opened.name}, written by edgesense export esp32. */\n"
    guard = "#ifndef EDGESENSE_SETTINGS_H\n#define EDGESENSE_SETTINGS_H\n\n"
    return head + guard + _front_end.settings(read.opened.settings) + "\n" + _c.defines(more) + "\n#endif\n"


def _resolver(operators: tuple[str, ...]) -> str:
    adding = "\n".join(f"    resolver.{METHODS[name]}();" for name in operators)
    kind = f"tflite::MicroMutableOpResolver<{len(operators)}>"
    return (
        "// The operators of this model, and no others: each takes flash.\n#pragma once\n\n"
        '#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"\n\n'
        f"inline {kind} es_resolver() {{\n    {kind} resolver;\n{adding}\n    return resolver;\n}}\n"
    )


def _readme(read: _Source) -> str:
    settings = read.opened.settings
    return string.Template((PROJECT / "README.md").read_text(encoding="utf-8")).substitute(
        name=read.opened.name,
        model_bytes=read.opened.model.file.size,
        arena_bytes=arena_bytes(read.arena),
        found_bytes=read.arena.total,
        runtime=read.arena.runtime,
        scratch_bytes=read.scratch_bytes,
        front_end_bytes=footprint.of(settings).ram_bytes,
        samples=settings.samples,
        sample_rate=settings.sample_rate,
        frames=settings.frames,
        width=settings.width,
        classes=", ".join(read.opened.classes),
    )
