"""LiteRT, the package `ai-edge-litert`.

Its `Interpreter` is used and not its `CompiledModel`, which starts slower and takes more memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgesense.runtime.backends import Interpreter

PACKAGE = "ai_edge_litert"
EXTRA = "litert"
PREFERENCE = 0


def version() -> str:
    """The release that is installed."""
    import ai_edge_litert

    return str(ai_edge_litert.__version__)


def preload() -> None:
    """Import its library."""
    import ai_edge_litert.interpreter  # noqa: F401 - for its effect


def interpreter(path: Path, threads: int, *, delegate: Any = None, default_delegates: bool = True) -> Interpreter:
    """An interpreter of a file.

    Args:
        path: The `.tflite` file; it is mapped into memory, not copied.
        threads: How many the kernels may use.
        delegate: An external delegate that `delegate` made; it is applied before XNNPACK.
        default_delegates: Whether XNNPACK is applied, as it is by default.

    Raises:
        ValueError: LiteRT cannot load the file.
        RuntimeError: The delegate refuses its graph.
    """
    from ai_edge_litert import interpreter as litert

    types = litert.OpResolverType
    made: Interpreter = litert.Interpreter(
        model_path=str(path),
        num_threads=threads,
        experimental_delegates=None if delegate is None else [delegate],
        experimental_op_resolver_type=types.AUTO if default_delegates else types.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    return made


def delegate(library: str, options: Mapping[str, str]) -> Any:
    """An external delegate.

    Args:
        library: A file that is there and exports one, or a name that the system's loader finds.
        options: What it is given.

    Raises:
        ValueError: It refuses to be made.
    """
    from ai_edge_litert import interpreter as litert

    return litert.load_delegate(library, dict(options))
