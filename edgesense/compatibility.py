"""Whether a pipeline fits a device, before anything runs there: from its files and what is known of the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path

from edgesense import pipeline_file
from edgesense.errors import ModelError, PipelineError
from edgesense.runtime import activations, inspect, loadable, operators
from edgesense.runtime.inspect import ModelFile

MICRO = "micro"
KIB, MIB = 1024, 1024**2

PROCESS_BYTES = 60 * MIB
"""Python, NumPy, SciPy and the runtime before a model is loaded: 57 MiB on x86-64 with ai-edge-litert 2.3."""

SYSTEM_BYTES = 128 * MIB
"""Assumed: what a Linux system without a desktop keeps for itself."""

TENSORFLOW = {"tflite": (2, 14)}
"""The TensorFlow release that a runtime is of. LiteRT 2.3 has all operators of TensorFlow 2.21; it counts by itself."""


@unique
class Answer(StrEnum):
    """What a check came to."""

    FITS = "fits"
    UNSURE = "cannot be told"
    STOPS = "does not fit"


@dataclass(frozen=True)
class Target:
    """What is known of a device.

    Attributes:
        name: For people.
        runtime: ``litert``, ``tflite``, ``micro`` (TFLite Micro) or another name.
        release: The same with its version.
        numpy: The version there; "" where it has none or it is not known.
        ram_bytes: Its memory; None where that is not known.
        flash_bytes: What a program and its model must fit into; None where there is a file system.
    """

    name: str
    runtime: str
    release: str
    numpy: str = ""
    ram_bytes: int | None = None
    flash_bytes: int | None = None


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check: What was looked at.
        answer: What it came to.
        text: Why.
        remedy: What to change, "" where nothing needs to be.
    """

    check: str
    answer: Answer
    text: str
    remedy: str = ""


def examine(path: Path, target: Target) -> tuple[Finding, ...]:
    """Return what each check finds, in the order in which a device would meet it.

    Args:
        path: A pipeline directory or a `.tflite` file.
        target: The device.

    Raises:
        PipelineError: There is neither.
        ModelError: The model is no TFLite model.
    """
    shipped, model_path = _files(path)
    model = inspect.read(model_path)
    size = sum(one.stat().st_size for one in shipped)
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _numpy(target),
        lambda: _operators(model, target),
        lambda: _minimum(model, target),
        lambda: _arithmetic(model, target),
        lambda: _memory(model, target),
        lambda: _flash(size, target),
    )
    return tuple(finding for check in checks for finding in check())


def _files(path: Path) -> tuple[tuple[Path, ...], Path]:
    if path.name == pipeline_file.NAME:
        path = path.parent
    if path.is_dir():
        record = pipeline_file.read(path)
        return record.shipped(), path / record.model
    if not path.exists():
        raise PipelineError(
            f"{path} does not exist: whether a pipeline fits is told from its files, so give a directory with a "
            f"{pipeline_file.NAME}, or a .tflite file"
        )
    return (path,), path


def _numpy(target: Target) -> Iterator[Finding]:
    if target.runtime != "tflite" or not target.numpy:
        return
    if int(target.numpy.split(".")[0]) < 2:
        yield Finding("NumPy", Answer.FITS, f"{target.numpy} with {target.release}")
        return
    text = f"{target.release} was built for NumPy 1 and fails with {target.numpy} (_ARRAY_API not found)"
    yield Finding("NumPy", Answer.STOPS, text, "pip install 'numpy<2' there, or use the runtime litert")


def _operators(model: ModelFile, target: Target) -> Iterator[Finding]:
    if target.runtime == MICRO:
        custom = sorted(one.name for one in model.operators if one.custom)
        if custom:
            text = f"needs the custom operators {', '.join(custom)}, which TFLite Micro does not have"
            yield Finding("operators", Answer.STOPS, text, "convert it again with builtin operators only")
        return
    if target.runtime not in operators.runtimes():
        known = " and ".join(operators.runtimes())
        text = f"nothing is known of the runtime {target.release or target.runtime or 'there'}, only of {known}"
        yield Finding("operators", Answer.UNSURE, text, "name the runtime in the device's profile: runtime = ...")
        return
    known_release = operators.support(target.runtime).release
    found = loadable.unsupported(model, target.runtime)
    if found is not None:
        yield Finding("operators", Answer.STOPS, found.needs, found.advice)
    elif target.release != known_release:
        text = f"{known_release} has all that it needs; of {target.release} that is not known"
        yield Finding("operators", Answer.UNSURE, text, f"install {known_release} there, or try it")
    else:
        names = len({one.name for one in model.operators})
        yield Finding("operators", Answer.FITS, f"{target.release} has all {names} in the versions that are needed")


def _minimum(model: ModelFile, target: Target) -> Iterator[Finding]:
    wanted, there = _numbers(model.min_runtime_version), TENSORFLOW.get(target.runtime)
    if there is None or wanted[:2] <= there:
        return
    release = ".".join(map(str, there))
    text = f"it is marked for TensorFlow {model.min_runtime_version} or newer, and {target.release} is of {release}"
    if loadable.unsupported(model, target.runtime) is None:
        yield Finding("min_runtime_version", Answer.FITS, f"{text}; but it has every operator version that is needed")
    else:
        remedy = f"convert it with TensorFlow {release}, or use the runtime litert"
        yield Finding("min_runtime_version", Answer.STOPS, text, remedy)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _arithmetic(model: ModelFile, target: Target) -> Iterator[Finding]:
    """TFLite Micro has no kernels for weights of one type and values of another, nor for float16."""
    if target.runtime != MICRO:
        return
    halves = sum(1 for one in model.tensors if one.dtype == "float16")
    remedy = "convert it to int8 with a representative data set: edgesense optimize ARCH --pass int8"
    if halves:
        text = f"{halves} of its tensors are float16, and TFLite Micro's DEQUANTIZE takes int8, uint8 and int16 only"
        yield Finding("arithmetic", Answer.STOPS, text, remedy)
    elif model.dtype == "dynamic-range":
        text = "its weights are int8 and its values float32, and TFLite Micro has no such hybrid kernels"
        yield Finding("arithmetic", Answer.STOPS, text, remedy)
    else:
        yield Finding("arithmetic", Answer.FITS, f"{model.dtype} throughout")


def _memory(model: ModelFile, target: Target) -> Iterator[Finding]:
    if target.ram_bytes is None:
        return
    smaller = "make clips shorter, frames fewer or layers narrower, or convert it to int8"
    try:
        least, most = activations.live_bytes(model.path)
    except ModelError as error:
        yield Finding("memory", Answer.UNSURE, str(error), "convert it with a batch size of 1")
        return
    if target.runtime != MICRO:
        needed, room = PROCESS_BYTES + model.size + most, target.ram_bytes - SYSTEM_BYTES
        text = f"about {_mib(needed)} with Python and the runtime; {_mib(target.ram_bytes)} less {_mib(SYSTEM_BYTES)}"
        yield Finding("memory", *((Answer.FITS, text) if needed <= room else (Answer.STOPS, text, smaller)))
        return
    text = f"its values take {_kib(least)} at the least and {_kib(most)} at the most, of {_kib(target.ram_bytes)}"
    if least > target.ram_bytes:
        yield Finding("memory", Answer.STOPS, text, smaller)
    elif most > target.ram_bytes:
        yield Finding("memory", Answer.UNSURE, text, "give arena_kb a limit: it is found exactly")
    else:
        yield Finding("memory", Answer.FITS, text)


def _flash(size: int, target: Target) -> Iterator[Finding]:
    if target.flash_bytes is None:
        return
    text = f"{_kib(size)} of {_kib(target.flash_bytes)}, which the program shares"
    if size < target.flash_bytes:
        yield Finding("flash", Answer.FITS, text)
    else:
        yield Finding("flash", Answer.STOPS, text, "prune or cluster it, or convert it to int8")


def _mib(size: int) -> str:
    return f"{size / MIB:.0f} MiB"


def _kib(size: int) -> str:
    return f"{size / KIB:.1f} KiB"
