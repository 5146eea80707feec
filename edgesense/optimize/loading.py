"""Which runtimes load a file: by its operators, and by opening and running it in a process that has no TensorFlow.

TensorFlow, once imported, keeps tflite-runtime 2.14 from opening any model in the same process, and a runtime that
crashes must not take the caller along: so each runtime gets a process of its own.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.errors import ConversionError, SettingsError, UnsupportedOperator
from edgesense.optimize import process
from edgesense.runtime import backends, inspect, loadable, operators

if TYPE_CHECKING:
    from edgesense.runtime.inspect import ModelFile

RUNTIMES = ("litert", "tflite")
SECONDS = 120.0
"""Longest time to open a model and run it once; a second is usual."""


@dataclass(frozen=True)
class Loading:
    """Whether one runtime loads one file.

    Attributes:
        runtime: "litert" or "tflite".
        release: The release that the answer is about, as in "litert 2.3.0".
        reason: Why it does not; "" when it does.
        tried: Whether it was opened and run here; otherwise the answer is from the file's operators alone.
    """

    runtime: str
    release: str
    reason: str
    tried: bool

    @property
    def loads(self) -> bool:
        """Whether it loads."""
        return not self.reason


def check(path: Path) -> tuple[ModelFile, tuple[Loading, ...]]:
    """Ask every runtime about a file.

    Args:
        path: The `.tflite` file.

    Returns:
        What the file is made of, and one answer a runtime.

    Raises:
        ModelError: It is no TFLite model.
    """
    file = inspect.read(path)
    installed = backends.installed()
    return file, tuple(_loading(file, name, here=name in installed) for name in RUNTIMES)


def _loading(file: ModelFile, runtime: str, *, here: bool) -> Loading:
    foreseen = ""
    try:
        loadable.refuse_unsupported(file, runtime)
    except UnsupportedOperator as error:
        foreseen = _without_folder(str(error), file.path)
    if not here:
        return Loading(runtime, operators.support(runtime).release, foreseen, tried=False)
    release = f"{runtime} {backends.find(runtime)[1].version()}"
    found = _without_folder(_try_apart(file.path, runtime), file.path)
    return Loading(runtime, release, judge(foreseen, found, known=operators.known_release(release)), tried=True)


def _without_folder(text: str, path: Path) -> str:
    """A reason outlives the folder that the file was tried in."""
    return text.replace(str(path), path.name)


def judge(foreseen: str, found: str, *, known: bool) -> str:
    """The reason why a runtime does not load a file, from what its operators said and what happened.

    Args:
        foreseen: What the table of operators says against it; "" for nothing.
        found: What the runtime said when it was tried; "" when it ran.
        known: Whether the table was made from the release that was tried; of another one, only the trial counts.

    Returns:
        "" when it loads.
    """
    if not known:
        return found
    if foreseen and not found:
        return f"{foreseen} (yet it ran when it was tried: the table of operators is too strict, please report it)"
    if found and not foreseen:
        return f"it has every operator that the file needs, but fails: {found}"
    return foreseen


def _try_apart(path: Path, runtime: str) -> str:
    request = {"model": str(path), "runtime": runtime}
    try:
        return str(process.run(__name__, request, f"trial of {path.name} with {runtime}", SECONDS)["error"])
    except ConversionError as error:
        return str(error)


def try_here(path: Path, runtime: str) -> str:
    """Open a model and run it once on zeros.

    Args:
        path: The `.tflite` file.
        runtime: One that is installed.

    Returns:
        What went wrong; "" for nothing.
    """
    try:
        # Past `interpreter.load`, which asks the table of operators first.
        interpreter = backends.find(runtime)[1].interpreter(path, 1)
        interpreter.allocate_tensors()
        for port in interpreter.get_input_details():
            interpreter.set_tensor(port["index"], np.zeros(port["shape"], port["dtype"]))
        interpreter.invoke()
        outputs: list[Any] = [interpreter.get_tensor(port["index"]) for port in interpreter.get_output_details()]
    except (ValueError, RuntimeError, SettingsError) as error:
        return str(error).strip().split("\n", 1)[0]
    return "" if all(np.isfinite(output).all() for output in outputs) else "its answer to zeros is not finite"


def main() -> None:
    """Answer one request from standard input."""
    with process.answering() as answer:
        request = json.load(sys.stdin)
        json.dump({"error": try_here(Path(request["model"]), request["runtime"])}, answer)


if __name__ == "__main__":
    main()
