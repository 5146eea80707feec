"""Which of a workload's files the model is: asked of the workload itself, in a worker of this computer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgesense.errors import PipelineError
from edgesense.perf.metrics import size

PROBE = f"{__name__}:probe"
SUFFIX = ".tflite"


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ships, as `edgesense.perf.metrics.size` has it, and the model's file.

    Raises:
        PipelineError: If not exactly one of the files that ship is a model.
    """
    said = size.probe(workload, options)
    models = [path for path in dict.fromkeys(workload.artifacts()) if path.suffix == SUFFIX]
    if len(models) != 1:
        names = ", ".join(path.name for path in models) or "none"
        msg = f"one {SUFFIX} file is wanted among the files that ship, to be run on the phone; there are: {names}"
        raise PipelineError(msg)
    said["facts"]["graph"] = str(models[0].absolute())
    return said
