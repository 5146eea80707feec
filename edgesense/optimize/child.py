"""The converting process: one JSON request on standard input, one `.tflite` file written.

A conversion can end its process (a signal out of the converter's C++), so `convert.convert` starts this module and
reads its exit status. Nothing else imports it.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgesense import models


def main() -> None:
    """Build the model, load its weights, run the pass, write the result."""
    request: dict[str, Any] = json.load(sys.stdin)
    architecture = models.configured(request["architecture"], request["options"])
    model = architecture.build(tuple(request["input_shape"]), request["classes"], batch_size=1)
    with np.load(request["weights"], allow_pickle=False) as arrays:
        if arrays.files:
            model.set_weights([arrays[name] for name in sorted(arrays.files)])
    calibration = np.load(request["calibration"], allow_pickle=False) if request["calibration"] else None
    content = importlib.import_module(request["pass"]).convert(model, calibration)
    Path(request["output"]).write_bytes(content)


if __name__ == "__main__":
    main()
