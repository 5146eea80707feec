"""LiteRT, the package `ai-edge-litert`.

Its `Interpreter` is used and not its `CompiledModel`, which starts slower and takes more memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def interpreter(path: Path, threads: int) -> Interpreter:
    """An interpreter of a file.

    Args:
        path: The `.tflite` file; it is mapped into memory, not copied.
        threads: How many the kernels may use.

    Raises:
        ValueError: LiteRT cannot load the file.
    """
    from ai_edge_litert import interpreter as litert

    made: Interpreter = litert.Interpreter(model_path=str(path), num_threads=threads)
    return made
