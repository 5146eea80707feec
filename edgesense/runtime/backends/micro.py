"""TFLite Micro, the package `tflite-micro`: the interpreter that runs on microcontrollers, on this computer.

It has reference kernels alone and refuses more than the others, so it is taken only where it is asked for by name.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edgesense.errors import SettingsError
from edgesense.runtime import inspect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PACKAGE = "tflite_micro"
EXTRA = "esp32"
PREFERENCE = None

ARENA_BYTES = 1 << 26
"""More than any microcontroller has; what is not used is never touched, so it costs nothing here."""


def version() -> str:
    """The release that is installed."""
    from importlib.metadata import version

    return version("tflite-micro")


def preload() -> None:
    """Import its library."""
    from tflite_micro.python.tflite_micro import runtime  # noqa: F401 - for its effect


def interpreter(path: Path, threads: int, *, delegate: Any = None, default_delegates: bool = True) -> MicroInterpreter:  # noqa: ARG001 - every backend has this form
    """An interpreter of a file.

    Args:
        path: The `.tflite` file; it is read into memory, as a microcontroller's flash holds it.
        threads: 1: it knows no threads.
        delegate: Refused: it knows no delegates.
        default_delegates: Makes no difference, for the same reason.

    Raises:
        SettingsError: More than one thread, or a delegate.
    """
    if threads != 1:
        raise SettingsError(f"TFLite Micro runs on one thread, and {threads} were asked for")
    if delegate is not None:
        raise SettingsError("TFLite Micro knows no delegates")
    return MicroInterpreter(path)


def delegate(library: str, options: Mapping[str, str]) -> Any:  # noqa: ARG001 - every backend has this form
    """An external delegate.

    Raises:
        SettingsError: Always.
    """
    raise SettingsError(f"TFLite Micro knows no delegates, and {library} was asked for")


class MicroInterpreter:
    """TFLite Micro's interpreter in the form that the other runtimes' have; a tensor's index is its place.

    Args:
        path: The `.tflite` file.
        arena_bytes: What it may use for tensors and its own records.
    """

    def __init__(self, path: Path, arena_bytes: int = ARENA_BYTES) -> None:
        self._file = inspect.read(path)
        self._arena_bytes = arena_bytes
        self._data = path.read_bytes()
        self._made: Any = None

    def allocate_tensors(self) -> None:
        """Plan memory and prepare the operators.

        Raises:
            ValueError: It refuses an operator or the arena is too small; with what it said.
        """
        from tflite_micro.python.tflite_micro import runtime

        with _heard() as said:
            try:
                self._made = runtime.Interpreter.from_bytes(self._data, arena_size=self._arena_bytes)
            except RuntimeError:
                self._made = None
        if self._made is None:
            raise ValueError(refusal(self._file, said))

    def get_input_details(self) -> list[dict[str, Any]]:
        """One entry an input."""
        count = len(self._file.inputs)
        return [
            _details(index, self._file.inputs[index].name, self._made.get_input_details(index))
            for index in range(count)
        ]

    def get_output_details(self) -> list[dict[str, Any]]:
        """The same for the outputs."""
        count = len(self._file.outputs)
        return [
            _details(index, self._file.outputs[index].name, self._made.get_output_details(index))
            for index in range(count)
        ]

    def set_tensor(self, tensor_index: int, value: Any) -> None:
        """Copy a value into an input."""
        self._made.set_input(value, tensor_index)

    def get_tensor(self, tensor_index: int) -> Any:
        """A copy of an output."""
        return self._made.get_output(tensor_index)

    def invoke(self) -> None:
        """Run the graph once.

        Raises:
            RuntimeError: A kernel refuses it; with what it said.
        """
        with _heard() as said:
            try:
                self._made.invoke()
            except RuntimeError:
                failed = True
            else:
                failed = False
        if failed:
            raise RuntimeError(refusal(self._file, said))

    def reset_all_variables(self) -> None:
        """Bring state back to where it began."""
        self._made.reset()

    def allocations(self) -> tuple[str, ...]:
        """What it says of its arena, line by line."""
        with _heard() as said:
            self._made.print_allocations()
        return tuple(said)

    def _get_ops_details(self) -> list[dict[str, Any]]:
        """Nothing: it does not list its nodes, and no delegate takes any."""
        return []


def _details(index: int, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    quantization = said["quantization_parameters"]
    scales, zero_points = quantization["scales"], quantization["zero_points"]
    # Inputs and outputs are quantised as a whole.
    affine = (float(scales[0]), int(zero_points[0])) if len(scales) else (0.0, 0)
    return {"index": index, "name": name, "shape": said["shape"], "dtype": said["dtype"], "quantization": affine}


def refusal(file: inspect.ModelFile, said: Sequence[str]) -> str:
    """Why TFLite Micro refused a model, in one line that names the operator.

    Args:
        file: What a static read of the model found.
        said: The lines that it wrote.
    """
    lines = [line.strip() for line in said if line.strip()]
    # A custom operator is reported without its name.
    custom = [one.name for one in file.operators if one.custom]
    if custom and any("op code CUSTOM" in line for line in lines):
        return f"unresolved custom op: {', '.join(custom)}"
    nodes = [line for line in lines if line.startswith("Node ")]
    if nodes:
        reasons = [line for line in lines if line not in nodes]
        known = "" if file.dtype in {"float32", "int8"} else f" (the model is {file.dtype}; convert it to int8)"
        return f"the operator {nodes[0].split()[1]} is refused{known}: {' '.join(reasons[:1] or nodes[:1])}"
    return lines[0] if lines else "it gave no reason"


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Catch what the library writes to file descriptor 2: nowhere else does it say why."""
    lines: list[str] = []
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            lines.extend(file.read().decode("utf-8", "replace").splitlines())
