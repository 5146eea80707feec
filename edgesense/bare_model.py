"""A `.tflite` file as a workload, without feature settings or labels: random input of its shapes."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import pipeline_file
from edgesense.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgesense.runtime.interpreter import Model, Port


class _UnlabelledError(PipelineError, AttributeError):
    """Labelled clips were asked of a workload that has none; to `hasattr` it just has no such attribute."""


class ModelWorkload:
    """What a pipeline directory and a bare model have in common."""

    def __init__(self, path: Path, model: Model) -> None:
        self.path = path
        self.model = model

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in ("labelled", "labelled_digest"):
                raise _UnlabelledError(self._why_unlabelled())
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _why_unlabelled(self) -> str:
        raise NotImplementedError

    def subject(self) -> dict[str, Any]:
        """What is measured, as plain JSON values: the model's SHA-256 and dtype, the runtime, threads and delegates."""
        # Costs megabytes, so not before memory has been read.
        import hashlib

        with self.model.file.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {
            "model": digest,
            "dtype": self.model.file.dtype,
            "runtime": self.model.runtime,
            "threads": self.model.threads,
            "delegates": [record.to_dict() for record in self.model.delegates],
        }

    def footprint(self) -> dict[str, Any]:
        """What the model takes on a microcontroller, as plain JSON values.

        Returns:
            ``arena`` in bytes, what it is made of and what it was found with; ``scratch``: bytes that an ESP32-S3's
            kernels may ask for on top; ``work``: multiply-accumulates by kind of operator, and numbers that go through
            those without.

        Raises:
            SettingsError: TFLite Micro is not installed; the text says how to install it.
            ModelError: It cannot load the model, or the model's work cannot be told.
        """
        from collections import Counter

        from edgesense.runtime import arena, macs, scratch

        path = self.model.file.path
        found, layers = arena.find(path), macs.layers(path)
        work: Counter[str] = Counter()
        for layer in layers:
            work[layer.kind] += layer.macs or layer.elements
        return {
            "arena": {"total": found.total, "activations": found.activations, "records": found.records},
            "runtime": found.runtime,
            "scratch": scratch.esp32s3(layers),
            "work": {kind: amount for kind, amount in work.items() if amount},
        }


class BareModel(ModelWorkload):
    """A `.tflite` file by itself; made by `open`. An item is one array an input, as the model takes it.

    Attributes:
        path: The file.
        model: The model, loaded.
        stages: "inference", which is all there is.
    """

    def __init__(self, path: Path, model: Model) -> None:
        super().__init__(path, model)
        self.stages: Mapping[str, Callable[[Any], Any]] = {"inference": self.run}

    def artifacts(self) -> tuple[Path, ...]:
        """The file itself."""
        return (self.path,)

    @cached_property
    def _example(self) -> tuple[NDArray[Any], ...]:
        generator = np.random.default_rng(0)
        return tuple(_random(port, generator) for port in self.model.inputs)

    def example(self) -> tuple[NDArray[Any], ...]:
        """One array an input, of its shape and dtype: random by a fixed seed, and always the same."""
        return self._example

    def run(self, item: tuple[NDArray[Any], ...]) -> int:
        """Run the model once.

        Args:
            item: One array an input, of its shape and dtype.

        Returns:
            Index of the highest value of the first output, as if it were scores.

        Raises:
            ModelError: Another number, shape or dtype, or the runtime fails.
        """
        return int(self.model.invoke(item)[0].argmax())

    def _why_unlabelled(self) -> str:
        return (
            f"{self.path} is a model without feature settings and labels, so it has no accuracy; "
            f"put it into a directory with a {pipeline_file.NAME} that names them"
        )


def _random(port: Port, generator: np.random.Generator) -> NDArray[Any]:
    """A value for one input: any number that its dtype holds, but few for what may be an index."""
    if np.issubdtype(port.dtype, np.floating):
        return generator.standard_normal(port.shape).astype(port.dtype)
    if port.dtype == np.bool_ or (np.issubdtype(port.dtype, np.integer) and not port.scale):
        return generator.integers(0, 2, port.shape).astype(port.dtype)
    if np.issubdtype(port.dtype, np.integer):
        limits = np.iinfo(port.dtype)
        return generator.integers(limits.min, limits.max, port.shape, port.dtype, endpoint=True)
    raise PipelineError(f"no random input can be made for the input {port.name!r} of dtype {port.dtype}")
