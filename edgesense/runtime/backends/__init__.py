"""One TFLite runtime a file, found by its name and imported only when it is used."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol, cast

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Interpreter(Protocol):
    """What the runtimes' own interpreters have in common, as far as it is used here."""

    def allocate_tensors(self) -> None:
        """Plan memory and prepare the operators."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """One entry an input: name, index, shape, dtype, quantization."""

    def get_output_details(self) -> list[dict[str, Any]]:
        """The same for the outputs."""

    def set_tensor(self, tensor_index: int, value: Any) -> None:
        """Copy a value into an input."""

    def get_tensor(self, tensor_index: int) -> Any:
        """A copy of an output."""

    def invoke(self) -> None:
        """Run the graph once."""

    def reset_all_variables(self) -> None:
        """Bring state back to where it began."""

    def _get_ops_details(self) -> list[dict[str, Any]]:
        """One entry a node of the graph: index, op_name, inputs, outputs."""


class Backend(Protocol):
    """What each module of this package offers; its name is the runtime's name.

    Attributes:
        PACKAGE: What is imported when it is used.
        EXTRA: The extra of this distribution that installs it.
        PREFERENCE: The installed one with the lowest is taken when none is named; None for one that is never taken
            unless it is named.
    """

    PACKAGE: str
    EXTRA: str
    PREFERENCE: int | None

    def version(self) -> str:
        """The release that is installed."""

    def preload(self) -> None:
        """Import the runtime's library."""

    def interpreter(
        self, path: Path, threads: int, *, delegate: Any = None, default_delegates: bool = True
    ) -> Interpreter:
        """An interpreter of a file that is there."""

    def delegate(self, library: str, options: Mapping[str, str]) -> Any:
        """An external delegate, to be handed to an interpreter."""


def names() -> tuple[str, ...]:
    """Every runtime that may be taken unasked, the preferred one first."""
    ranks = {name: rank for name in _every() if (rank := _module(name).PREFERENCE) is not None}
    return tuple(sorted(ranks, key=ranks.__getitem__))


def _every() -> tuple[str, ...]:
    """Those too that are taken only where they are named."""
    return tuple(module.name for module in pkgutil.iter_modules(__path__))


def installed() -> tuple[str, ...]:
    """Those of them whose package can be imported here, the preferred one first."""
    return tuple(name for name in names() if _is_installed(name))


def find(name: str | None = None) -> tuple[str, Backend]:
    """A runtime by name, or the preferred one of those installed.

    Args:
        name: "litert", "tflite", or "micro" for TFLite Micro; None for the first one installed.

    Returns:
        Its name and its module.

    Raises:
        SettingsError: No such runtime, or it is not installed; the text says how to install it.
    """
    known = names()
    if name is None:
        for candidate in installed():
            return candidate, _module(candidate)
        raise SettingsError(f"no TFLite runtime is installed: {_install(known[0])}")
    if name not in _every():
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"there is no runtime {name!r}, only {' and '.join(known)}{hint}")
    if not _is_installed(name):
        raise SettingsError(f"the runtime {name} is not installed: {_install(name)}")
    return name, _module(name)


def preload(name: str | None = None) -> None:
    """Import a runtime's library before a model is loaded, so that what each of the two takes can be told apart.

    Args:
        name: "litert" or "tflite"; None for the first one installed.

    Raises:
        SettingsError: No such runtime, or it is not installed, or not with this NumPy.
    """
    find(name)[1].preload()


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(_module(name).PACKAGE) is not None


def _install(name: str) -> str:
    return f"pip install 'pytest-edgesense[{_module(name).EXTRA}]'"


def _module(name: str) -> Backend:
    return cast("Backend", importlib.import_module(f"{__name__}.{name}"))
