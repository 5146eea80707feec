"""Delegates on a model: loaded or fallen back, and how many of its nodes each one took.

Neither runtime says what a delegate took. Both list a graph's nodes, and append one named DELEGATE for each piece that
a delegate replaced, with the tensors that go in and come out; the nodes between these are what it took. An external
delegate is applied while the interpreter is made, XNNPACK afterwards, when memory is planned: so whose a piece is can
be told from when it appeared.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.delegation import NONE, XNNPACK, Delegated, Request
from edgesense.errors import DelegateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgesense.runtime.backends import Backend, Interpreter

CREATE, DESTROY = "tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate"
"""What an external delegate's library must export (external_delegate_interface.h of TensorFlow Lite)."""

DELEGATE = "DELEGATE"


@dataclass(frozen=True)
class Made:
    """An interpreter that is ready to run.

    Attributes:
        interpreter: The runtime's.
        request: What was asked for, None for what the runtime does by itself.
        external: Numbers of the DELEGATE nodes that an external delegate put in.
        loaded: Whether an external delegate was applied.
        reason: Why not, "" where it was or none was asked for.
    """

    interpreter: Interpreter
    request: Request | None = None
    external: frozenset[int] = frozenset()
    loaded: bool = False
    reason: str = ""


def make(backend: Backend, path: Path, threads: int, request: Request | None) -> Made:
    """Make an interpreter of a file with a delegate; without it where it cannot be loaded or refuses the graph.

    Args:
        backend: The runtime.
        path: The `.tflite` file.
        threads: How many the kernels may use.
        request: The delegate, None for what the runtime does by itself.

    Returns:
        The interpreter, its memory planned, and what became of the delegate.

    Raises:
        DelegateError: An external delegate is required and cannot be loaded or refuses the graph.
        ValueError, RuntimeError: The runtime cannot load the file.
    """
    if request is None or request.library is None:
        default = request is None or request.name != NONE
        return Made(_allocated(backend.interpreter(path, threads, default_delegates=default)), request)
    try:
        return _with_external(backend, path, threads, request)
    except DelegateError as error:
        # Tried also where that is not allowed: a file that is broken by itself is told as that.
        made = Made(_allocated(backend.interpreter(path, threads)), request, reason=str(error))
        if request.required:
            raise DelegateError(f"{path}: {request.title} is required, but {error}") from error
        return made


def _with_external(backend: Backend, path: Path, threads: int, request: Request) -> Made:
    delegate = load(backend, str(request.library), dict(request.options))
    try:
        interpreter = backend.interpreter(path, threads, delegate=delegate)
        external = frozenset(node["index"] for node in nodes(interpreter) if node["op_name"] == DELEGATE)
        return Made(_allocated(interpreter), request, external, loaded=True)
    except (ValueError, RuntimeError) as error:
        raise DelegateError(f"{request.title} refused the model: {_gist(error)}") from error


def _allocated(interpreter: Interpreter) -> Interpreter:
    interpreter.allocate_tensors()
    return interpreter


def load(backend: Backend, library: str, options: Mapping[str, str]) -> Any:
    """Load an external delegate.

    Args:
        backend: The runtime that will use it.
        library: A file, or a name that the system's loader finds.
        options: What the delegate is given.

    Returns:
        The runtime's delegate, to be handed to an interpreter.

    Raises:
        DelegateError: The library is not here or is no delegate, or the delegate refuses to be made.
    """
    import ctypes

    place = Path(library)
    name = str(place.absolute()) if place.is_file() else library
    # The runtimes' own loading leaves a traceback from a finaliser behind where one of these fails.
    try:
        opened = ctypes.PyDLL(name)
    except OSError as error:
        raise DelegateError(_gist(error)) from error
    absent = [symbol for symbol in (CREATE, DESTROY) if not hasattr(opened, symbol)]
    if absent:
        raise DelegateError(f"{place.name} is no external delegate: it exports no {' and no '.join(absent)}")
    try:
        return backend.delegate(name, options)
    except ValueError as error:
        said = str(error).removeprefix(f"Failed to load delegate from {name}").strip()
        raise DelegateError(f"{place.name} could not be made: {said or 'it gave no reason'}") from error


def nodes(interpreter: Interpreter) -> Sequence[Mapping[str, Any]]:
    """The nodes of an interpreter's main graph: index, op_name, inputs, outputs; those that a delegate took as well."""
    return interpreter._get_ops_details()  # noqa: SLF001 - the only place where either runtime says it


def records(made: Made, runtime: str) -> tuple[Delegated, ...]:
    """What each delegate came to, the one that was asked for first.

    Args:
        made: An interpreter whose memory is planned.
        runtime: Its name and release, for reasons.

    Returns:
        One record a delegate: the one asked for, and XNNPACK unless it was turned off.
    """
    request = made.request
    if request is not None and request.name == NONE:
        return ()
    listed = nodes(made.interpreter)
    if not listed:
        # TFLite Micro lists none, and has no delegates.
        return ()
    pieces = [node for node in listed if node["op_name"] == DELEGATE]
    own = [node for node in listed if node["op_name"] != DELEGATE]
    found = []
    if request is not None and request.library is not None:
        taken = [piece for piece in pieces if piece["index"] in made.external]
        reason = made.reason or ("" if taken else "it took none of the model's nodes")
        found.append(
            Delegated(
                request.title,
                requested=True,
                loaded=made.loaded,
                nodes=len(_taken(own, taken)),
                of=len(own),
                partitions=len(taken),
                options=request.options,
                reason=reason,
            )
        )
    rest = [piece for piece in pieces if piece["index"] not in made.external]
    requested = request is not None and request.name == XNNPACK
    reason = "" if rest else f"in {runtime} it took none of the model's nodes"
    found.append(
        Delegated(
            XNNPACK,
            requested=requested,
            loaded=bool(rest),
            nodes=len(_taken(own, rest)),
            of=len(own),
            partitions=len(rest),
            reason=reason,
        )
    )
    return tuple(found)


def _taken(own: Iterable[Mapping[str, Any]], pieces: Iterable[Mapping[str, Any]]) -> set[int]:
    """Numbers of the nodes between what goes into pieces of the graph and what comes out of them."""
    maker = {int(tensor): node for node in own for tensor in node["outputs"]}
    found: set[int] = set()
    for piece in pieces:
        outside = {int(tensor) for tensor in piece["inputs"]}
        open_ends = [int(tensor) for tensor in piece["outputs"]]
        while open_ends:
            tensor = open_ends.pop()
            node = maker.get(tensor)
            if tensor not in outside and node is not None and node["index"] not in found:
                found.add(node["index"])
                open_ends += [int(one) for one in node["inputs"]]
    return found


def refuse_fall_back(made: Made, found: Iterable[Delegated], path: Path) -> None:
    """Refuse a delegate that is required and computes nothing.

    Raises:
        DelegateError: With the reason.
    """
    if made.request is not None and made.request.required:
        for record in found:
            if record.fell_back:
                raise DelegateError(f"{path}: {record.name} is required, but {record.reason}")


def _gist(error: Exception) -> str:
    return " ".join(str(error).split())
