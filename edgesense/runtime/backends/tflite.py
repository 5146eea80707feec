"""TensorFlow Lite as the package `tflite-runtime`, whose last release is 2.14."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgesense.runtime.backends import Interpreter

PACKAGE = "tflite_runtime"
EXTRA = "tflite"
PREFERENCE = 1


def version() -> str:
    """The release that is installed."""
    import tflite_runtime

    return str(tflite_runtime.__version__)


def preload() -> None:
    """Import its library.

    Raises:
        SettingsError: NumPy is 2 or newer.
    """
    # Built against NumPy 1, it imports under NumPy 2 and then fails with "_ARRAY_API not found", or crashes.
    if int(np.__version__.split(".")[0]) >= 2:
        raise SettingsError(
            f"tflite-runtime {version()} needs NumPy 1, and {np.__version__} is installed: "
            "pip install 'numpy<2', or use the runtime litert"
        )
    import tflite_runtime.interpreter  # noqa: F401 - for its effect


def interpreter(path: Path, threads: int, *, delegate: Any = None, default_delegates: bool = True) -> Interpreter:
    """An interpreter of a file.

    Args:
        path: The `.tflite` file; it is mapped into memory, not copied.
        threads: How many the kernels may use.
        delegate: An external delegate that `delegate` made; it is applied before XNNPACK.
        default_delegates: Whether XNNPACK is applied, as it is by default.

    Raises:
        SettingsError: NumPy is 2 or newer.
        ValueError: TensorFlow Lite cannot load the file.
        RuntimeError: The delegate refuses its graph.
    """
    preload()
    from tflite_runtime import interpreter as tflite

    types = tflite.OpResolverType
    made: Interpreter = tflite.Interpreter(
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
    preload()
    from tflite_runtime import interpreter as tflite

    return tflite.load_delegate(library, dict(options))
