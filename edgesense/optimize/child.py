"""The converting process: one JSON request on standard input, one `.tflite` file written.

A conversion can end its process (a signal out of the converter's C++), so `convert.convert` starts this module and
reads its exit status. Nothing else imports it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgesense import models, optimize
from edgesense.errors import ConversionError
from edgesense.optimize import process


def main() -> None:
    """Build the model, load its weights, run the pass, write the result, answer with its notes."""
    with process.answering() as answer:
        request: dict[str, Any] = json.load(sys.stdin)
        shape = tuple(request["input_shape"])
        architecture = models.configured(request["architecture"], request["configuration"])
        model = architecture.build(shape, request["classes"], batch_size=1)
        if wrapped := request["wrapped"]:
            _fill(model, request["begun"])
            technique = importlib.import_module(wrapped["module"]).Technique(**wrapped["settings"])
            model = technique.wrap(model)
        _fill(model, request["weights"])
        calibration = np.load(request["calibration"], allow_pickle=False) if request["calibration"] else None
        made = importlib.import_module(request["pass"]).convert(model, calibration, **request["options"])
        converted = made if isinstance(made, optimize.Converted) else optimize.Converted(made)
        _write(Path(request["output"]), converted.content)
        json.dump({"notes": dict(converted.notes)}, answer)


def _fill(model: Any, path: str) -> None:
    """Give a model its arrays; none leave it as it is."""
    with np.load(path, allow_pickle=False) as arrays:
        if arrays.files:
            model.set_weights([arrays[name] for name in sorted(arrays.files)])


def _write(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk, so that a full one is noticed here."""
    try:
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConversionError(f"cannot write {len(content)} bytes of model: {error.strerror or error}") from error


if __name__ == "__main__":
    main()
