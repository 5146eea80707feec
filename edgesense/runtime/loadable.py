"""Whether a runtime can load a `.tflite` file, told from the file alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import UnsupportedOperator
from edgesense.runtime import inspect
from edgesense.runtime.inspect import ModelFile, OperatorInfo
from edgesense.runtime.operators import support


@dataclass(frozen=True, slots=True)
class Unsupported:
    """What a runtime lacks for a file.

    Attributes:
        needs: The operators and versions, in words.
        advice: What can be done.
    """

    needs: str
    advice: str


def check(path: str | Path, runtime: str) -> ModelFile:
    """Refuse a file with an operator that a runtime cannot load, before anything runs.

    Args:
        path: The `.tflite` file.
        runtime: "litert" or "tflite"; the release that `operators` has the table of.

    Returns:
        What the file is made of.

    Raises:
        ModelError: A file that is no TFLite model.
        UnsupportedOperator: An operator, or a version of it, that the runtime does not have.
    """
    model = inspect.read(path)
    refuse_unsupported(model, runtime)
    return model


def refuse_unsupported(model: ModelFile, runtime: str) -> None:
    """Raise for the operators of a file that a runtime cannot load; see `check`.

    Raises:
        UnsupportedOperator: One or more; the text names each, what it needs and what can be done.
    """
    found = unsupported(model, runtime)
    if found is not None:
        raise UnsupportedOperator(f"{model.path} {found.needs}: {found.advice}")


def unsupported(model: ModelFile, runtime: str) -> Unsupported | None:
    """Return which operators of a file a runtime cannot load, None where it can load all.

    Raises:
        SettingsError: A runtime that nothing is known of.
    """
    known = support(runtime)
    missing = [o for o in model.operators if o.version > (0 if o.custom else known.versions.get(o.name, 0))]
    missing = [o for o in missing if not (o.custom and o.name in known.custom)]
    if not missing:
        return None
    other = "litert" if runtime == "tflite" else "tflite"
    elsewhere = support(other)
    advice = ["convert it again for the older runtime"]
    if all(o.version <= elsewhere.versions.get(o.name, 0) or o.name in elsewhere.custom for o in missing):
        advice.insert(0, f"use the runtime {other} ({elsewhere.release} loads it)")
    if any(o.name == "FULLY_CONNECTED" for o in missing):
        advice[-1] += " (set converter._experimental_disable_per_channel_quantization_for_dense_layers = True)"
    if any(o.custom for o in missing):
        advice[-1] = "convert it again with builtin operators only (no SELECT_TF_OPS, no custom operators)"
    needs = "; ".join(_need(o, known.versions.get(o.name, 0), known.release) for o in missing)
    noted = f" (it was marked for TensorFlow {model.min_runtime_version} or newer)" if model.min_runtime_version else ""
    return Unsupported(f"needs {needs}{noted}", ", or ".join(advice))


def _need(operator: OperatorInfo, highest: int, release: str) -> str:
    if operator.custom:
        return f"the custom operator {operator.name}, which {release} does not have"
    if not highest:
        return f"the operator {operator.name}, which {release} does not have"
    return f"{operator.name} version {operator.version}, of which {release} has versions up to {highest}"
