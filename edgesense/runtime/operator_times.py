"""How long each operator of a model takes, by LiteRT's own profiler, which only its C library offers.

The C library runs a copy of the runtime beside the one of the Python package, of the same release, on one thread. Its
functions and records are those of `litert/c/*.h` of LiteRT 2.x. A library that they do not fit may crash, so this is
run in a process of its own.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import ExitStack
from ctypes import byref, c_char_p, c_int, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgesense.errors import ModelError, SettingsError

LIBRARY = "libLiteRt.so"
RELEASES = "2."
CPU = 1
OPERATOR_EVENTS = frozenset({2, 4, 8})
"""An operator's own, a delegate's inner one, and a delegate's one that stands for an operator."""
OPTIONS = b"runtime_options_string"
PROFILING = b"enable_profiling = true\n"
WARM_UP = 10


@dataclass(frozen=True)
class OperatorTime:
    """One operator of a graph as it is run.

    Attributes:
        kind: What ran, by the runtime's or the delegate's name for it.
        index: Its place among those of its source.
        seconds: Of one run, the mean of the faster half: what other work interrupted is left out.
    """

    kind: str
    index: int
    seconds: float


class _Layout(ctypes.Structure):
    _fields_ = [("rank", c_uint32), ("dimensions", c_int32 * 8), ("strides", c_uint32 * 8)]


class _TensorType(ctypes.Structure):
    _fields_ = [("element", c_int32), ("layout", _Layout)]


class _Memory(ctypes.Structure):
    _fields_ = [("allocated", c_size_t), ("in_use", c_size_t), ("footprint", c_size_t)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("tag", c_char_p),
        ("kind", c_int),
        ("start_us", c_uint64),
        ("elapsed_us", c_uint64),
        ("before", _Memory),
        ("after", _Memory),
        ("index", c_uint64),
        ("graph", c_uint64),
        ("source", c_int),
    ]


def measure(model: str | Path, *, runs: int = 100) -> tuple[OperatorTime, ...]:
    """Run a model on zeros and return the time of each operator, in the order in which they run.

    Args:
        model: The `.tflite` file.
        runs: How many are timed.

    Raises:
        SettingsError: LiteRT is not installed, or is a release whose library is not known.
        ModelError: Its C library does not take the model, for one because it keeps state from run to run.
    """
    with ExitStack() as stack:
        # By name: what frees the options is asked for while the stack is left.
        run = _Run(_library(), Path(model), stack)
        return tuple(run.events(runs))


def _library() -> ctypes.CDLL:
    try:
        import ai_edge_litert
    except ImportError as error:
        raise SettingsError("the time of each operator is told by LiteRT alone: pip install ai-edge-litert") from error
    release = str(ai_edge_litert.__version__)
    path = Path(ai_edge_litert.__file__).with_name(LIBRARY)
    if not release.startswith(RELEASES) or not path.exists():
        raise SettingsError(f"LiteRT {release} has no {LIBRARY} that is known: operators are told of releases 2.x")
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise SettingsError(f"{LIBRARY} of LiteRT {release} cannot be loaded: {error}") from error


class _Run:
    """A model in the C library; what it makes is given back with the stack."""

    def __init__(self, library: ctypes.CDLL, model: Path, stack: ExitStack) -> None:
        self._library = library
        self._name = model.name
        self._stack = stack
        self._buffers: dict[str, Any] = {}
        environment = self._made("Environment", c_int(0), None)
        loaded = self._made("Model", environment, str(model).encode(), create="LiteRtCreateModelFromFile")
        options = self._made("Options")
        self._call("LiteRtSetOptionsHardwareAccelerators", options, c_int(CPU))
        self._profiled(options)
        self._compiled = self._made("CompiledModel", environment, loaded, options)
        self._profiler = c_void_p()
        self._call("LiteRtCompiledModelGetProfiler", self._compiled, byref(self._profiler))
        for side in ("Input", "Output"):
            self._buffers[side] = self._allocated(side, environment, loaded)

    def _call(self, function: str, *arguments: Any) -> None:
        try:
            status = getattr(self._library, function)(*arguments)
        except AttributeError as error:
            raise SettingsError(f"{LIBRARY} has no {function}") from error
        if status:
            raise ModelError(f"LiteRT's C library cannot profile {self._name}: {function} gave status {status}")

    def _made(self, what: str, *arguments: Any, create: str = "") -> c_void_p:
        made = c_void_p()
        self._call(create or f"LiteRtCreate{what}", *arguments, byref(made))
        self._stack.callback(getattr(self._library, f"LiteRtDestroy{what}"), made)
        return made

    def _profiled(self, options: c_void_p) -> None:
        # The library calls what frees the text when the options go; both live as long as this does.
        self._text = ctypes.create_string_buffer(PROFILING)
        self._free = ctypes.CFUNCTYPE(None, c_void_p)(lambda _: None)
        opaque = c_void_p()
        text = ctypes.cast(self._text, c_void_p)
        self._call("LiteRtCreateOpaqueOptions", OPTIONS, text, self._free, byref(opaque))
        self._call("LiteRtAddOpaqueOptions", options, opaque)

    def _allocated(self, side: str, environment: c_void_p, loaded: c_void_p) -> Any:
        signature, count, first = c_void_p(), c_size_t(), c_size_t(0)
        self._call("LiteRtGetModelSignature", loaded, first, byref(signature))
        self._call(f"LiteRtGetNumSignature{side}s", signature, byref(count))
        buffers = (c_void_p * count.value)()
        for index in range(count.value):
            tensor, kind, wanted = c_void_p(), _TensorType(), c_void_p()
            self._call(f"LiteRtGetSignature{side}TensorByIndex", signature, c_size_t(index), byref(tensor))
            self._call("LiteRtGetRankedTensorType", tensor, byref(kind))
            which = (self._compiled, first, c_size_t(index), byref(wanted))
            self._call(f"LiteRtGetCompiledModel{side}BufferRequirements", *which)
            create = "LiteRtCreateManagedTensorBufferFromRequirements"
            buffers[index] = self._made("TensorBuffer", environment, byref(kind), wanted, create=create)
        return buffers

    def _once(self) -> None:
        sides = [part for one in self._buffers.values() for part in (c_size_t(len(one)), one)]
        self._call("LiteRtRunCompiledModel", self._compiled, c_size_t(0), *sides)

    def events(self, runs: int) -> Iterator[OperatorTime]:
        """Yield each operator with its time over some runs."""
        for _ in range(WARM_UP):
            self._once()
        self._call("LiteRtResetProfiler", self._profiler)
        self._call("LiteRtStartProfiler", self._profiler)
        for _ in range(runs):
            self._once()
        self._call("LiteRtStopProfiler", self._profiler)
        count = c_int()
        self._call("LiteRtGetNumProfilerEvents", self._profiler, byref(count))
        events = (_Event * max(1, count.value))()
        if count.value:
            self._call("LiteRtGetProfilerEvents", self._profiler, count, events)
        spent: dict[tuple[str, int, int, int], list[int]] = {}
        for event in events[: count.value]:
            if event.kind in OPERATOR_EVENTS:
                key = (event.tag.decode("utf-8", "replace"), int(event.index), int(event.source), int(event.kind))
                spent.setdefault(key, []).append(int(event.elapsed_us))
        for (kind, index, *_), microseconds in spent.items():
            faster = sorted(microseconds)[: (len(microseconds) + 1) // 2]
            yield OperatorTime(kind, index, sum(faster) * 1e-6 / len(faster))
