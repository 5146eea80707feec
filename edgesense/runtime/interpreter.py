"""A TFLite model ready to run: float32 in, float32 out, whatever it computes in and whichever runtime runs it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import delegation
from edgesense.errors import DelegateError, ModelError, SettingsError, UnsupportedOperator
from edgesense.runtime import backends, delegates, inspect, loadable, operators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesense.delegation import Delegated, Request

_UNSUPPORTED = (
    "Didn't find op for builtin opcode",
    "Op builtin_code out of range",
    "unresolved custom op",
    "Select Te",
)
"""What the runtimes say of an operator that they do not have."""


@dataclass(frozen=True)
class Port:
    """An input or output of a model.

    Attributes:
        name: Its name in the file.
        shape: Its dimensions, batch first.
        dtype: What the model wants or gives.
        scale: Float value of one quantised step; 0.0 when it is not quantised.
        zero_point: The quantised value that stands for 0.0.
        index: The runtime's number for it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int
    index: int

    def dequantize(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Float32 values of what the model gave; not quantised numbers are converted as they are."""
        if raw.dtype == np.float32:
            return raw
        values: NDArray[np.float32] = raw.astype(np.float32)
        if self.scale:
            values -= np.float32(self.zero_point)
            values *= np.float32(self.scale)
        return values


class Model:
    """A loaded model; make one with `load`.

    Not for use from several threads at once: there is one set of buffers.

    Attributes:
        file: What a static read of the file found.
        inputs: What it takes.
        outputs: What it gives.
        runtime: Name and release of what runs it, as in "litert 2.3.0".
        threads: How many threads its kernels may use.
        delegate: The delegate that was asked for, None for what the runtime does by itself.
    """

    def __init__(self, file: inspect.ModelFile, made: delegates.Made, *, runtime: str, threads: int) -> None:
        interpreter = made.interpreter
        self.file = file
        self.runtime = runtime
        self.threads = threads
        self.inputs = tuple(_port(details) for details in interpreter.get_input_details())
        self.outputs = tuple(_port(details) for details in interpreter.get_output_details())
        self.delegate: Request | None = made.request
        self._made = made
        self._interpreter = interpreter
        self._stateful = file.stateful
        self._quantize = _Quantizer(self.inputs[0]) if self.inputs and self.inputs[0].dtype != np.float32 else None

    @cached_property
    def delegates(self) -> tuple[Delegated, ...]:
        """What became of each delegate, the one that was asked for first: loaded or not, and how many nodes it took."""
        return delegates.records(self._made, self.runtime)

    def another(self) -> Model:
        """The same file loaded once more, in the same way, with buffers of its own: for another thread."""
        name = self.runtime.partition(" ")[0]
        return load(self.file.path, runtime=name, threads=self.threads, delegate=self.delegate)

    def run(self, x: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Run a model of one input once, from its first state.

        Args:
            x: float32 of the input's shape; dimensions of 1 may be left out or put in, as of the batch.

        Returns:
            The first output, float32, in its own shape.

        Raises:
            ModelError: Another shape or number of inputs, or the runtime fails.
        """
        if len(self.inputs) != 1:
            raise ModelError(f"{self.file.path} takes {len(self.inputs)} inputs, not one: use invoke")
        shape = self.inputs[0].shape
        if x.shape != shape:
            if _squeezed(x.shape) != _squeezed(shape):
                raise ModelError(f"{self.file.path} takes an input of shape {shape}, not {x.shape}")
            x = x.reshape(shape)
        value = x.astype(np.float32, copy=False) if self._quantize is None else self._quantize(x)
        return self.outputs[0].dequantize(self.invoke((value,))[0])

    def invoke(self, values: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Run the model once, from its first state, on values as it takes them.

        Args:
            values: One array an input, of its shape and dtype.

        Returns:
            One array an output, as the model gave it.

        Raises:
            ModelError: Another number, shape or dtype, or the runtime fails.
        """
        interpreter = self._interpreter
        if len(values) != len(self.inputs):
            raise ModelError(f"{self.file.path} takes {len(self.inputs)} inputs, not {len(values)}")
        try:
            if self._stateful:
                # A fused LSTM otherwise goes on from where the clip before it ended.
                interpreter.reset_all_variables()
            for port, value in zip(self.inputs, values, strict=True):
                interpreter.set_tensor(port.index, value)
            interpreter.invoke()
            return [interpreter.get_tensor(port.index) for port in self.outputs]
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{self.runtime} cannot run {self.file.path}: {_first_line(error)}") from error


class _Quantizer:
    """Float32 to an input's own numbers, in buffers that live as long as the model."""

    def __init__(self, port: Port) -> None:
        if not np.issubdtype(port.dtype, np.integer) or not port.scale:
            self._inverse = np.float32(1.0)
        else:
            self._inverse = np.float32(1.0 / port.scale)
        self._zero_point = np.float32(port.zero_point)
        limits = np.iinfo(port.dtype) if np.issubdtype(port.dtype, np.integer) else None
        self._low = np.float32(limits.min if limits else -math.inf)
        self._high = np.float32(limits.max if limits else math.inf)
        self._scaled = np.empty(port.shape, np.float32)
        self._result = np.empty(port.shape, port.dtype)

    def __call__(self, x: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """Round to the nearest step, saturating at both ends; the result is overwritten by the next call."""
        scaled = self._scaled
        np.multiply(x, self._inverse, out=scaled, casting="same_kind")
        scaled += self._zero_point
        np.rint(scaled, out=scaled)
        np.maximum(scaled, self._low, out=scaled)
        np.minimum(scaled, self._high, out=scaled)
        np.copyto(self._result, scaled, casting="unsafe")
        return self._result


def load(
    model: str | Path, *, runtime: str | None = None, threads: int = 1, delegate: str | Request | None = None
) -> Model:
    """Load a `.tflite` file into a runtime.

    Args:
        model: The file; the runtime maps it.
        runtime: "litert" or "tflite"; None for the first one installed, in this order.
        threads: How many threads the kernels may use.
        delegate: "xnnpack", "none", "nnapi", "gpu" or a library with its options, as `edgesense.delegation.parse` reads
            it; None for what the runtime does by itself, which is XNNPACK.

    Returns:
        The model, ready to run; its `delegates` say what became of the delegate.

    Raises:
        ModelError: The file is missing, empty, cut off or no TFLite model, or the runtime refuses it.
        UnsupportedOperator: It needs an operator or a version that the runtime does not have.
        DelegateError: The delegate is required and cannot be loaded or takes nothing of the model.
        SettingsError: No such runtime, it is not installed or does not go with this NumPy, threads below 1, or no such
            delegate.
    """
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise SettingsError(f"threads must be a whole number of 1 or more, not {threads!r}")
    request = delegation.parse(delegate) if isinstance(delegate, str) else delegate
    name, backend = backends.find(runtime)
    file = inspect.read(model)
    release = f"{name} {backend.version()}"
    # Of a release that the table does not know, the runtime itself is the judge.
    if operators.known_release(release):
        loadable.refuse_unsupported(file, name)
    try:
        made = delegates.make(backend, file.path, threads, request)
        loaded = Model(file, made, runtime=release, threads=threads)
    except (ValueError, RuntimeError) as error:
        if isinstance(error, SettingsError | DelegateError):
            raise
        text = _first_line(error)
        kind = UnsupportedOperator if any(sign in text for sign in _UNSUPPORTED) else ModelError
        raise kind(f"{release} cannot load {file.path}: {text}") from error
    if request is not None and request.required:
        delegates.refuse_fall_back(made, loaded.delegates, file.path)
    return loaded


def _port(details: dict[str, Any]) -> Port:
    scale, zero_point = details["quantization"]
    return Port(
        name=details["name"],
        shape=tuple(int(size) for size in details["shape"]),
        dtype=np.dtype(details["dtype"]),
        scale=float(scale),
        zero_point=int(zero_point),
        index=int(details["index"]),
    )


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
