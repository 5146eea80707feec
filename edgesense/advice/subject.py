"""What advice is about: a pipeline directory or a bare model, read from its files without running anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgesense import pipeline_file
from edgesense.errors import EdgeSenseError, ModelError, PipelineError
from edgesense.pipeline_file import PipelineFile
from edgesense.runtime import graph, inspect, macs
from edgesense.runtime.graph import Node
from edgesense.runtime.inspect import ModelFile
from edgesense.runtime.macs import Layer

RECIPE = "recipe.json"
QUANTISED = ("int8", "int16x8", "uint8", "mixed")


@dataclass(frozen=True)
class Subject:
    """The files of a pipeline.

    Attributes:
        path: The directory, or the bare model.
        model: What the model's file is made of.
        nodes: Its operators, in order.
        layers: The same with their multiply-accumulates; () where those cannot be told.
        file: The record; None for a bare model.
        recipe: What `recipe.json` says of how it was trained; {} where there is none.
        reference: The float pipeline that its record names; None for none, or for one that cannot be used.
        no_reference: Why there is none, in words; "" where there is.
    """

    path: Path
    model: ModelFile
    nodes: tuple[Node, ...]
    layers: tuple[Layer, ...]
    file: PipelineFile | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    reference: Subject | None = None
    no_reference: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.resolve().name if self.file is not None else self.path.name

    @property
    def shipped_bytes(self) -> int:
        """The size of all files that ship."""
        files = self.file.shipped() if self.file is not None else (self.path,)
        return sum(one.stat().st_size for one in files)

    @property
    def quantised(self) -> bool:
        """Whether it is meant to compute in integers."""
        return self.model.dtype in QUANTISED

    @property
    def architecture(self) -> str:
        """What its recipe says, "" where it does not."""
        return str(self.recipe.get("architecture", ""))

    def float_nodes(self) -> tuple[tuple[int, Node], ...]:
        """Place and operator of what computes in floating point."""
        return tuple((place, node) for place, node in enumerate(self.nodes) if node.in_float)

    def float_source(self) -> Subject | None:
        """The pipeline in float32 that passes can start from: itself or its reference; None for neither."""
        here = (self, self.reference)
        return next((one for one in here if one is not None and one.file and one.model.dtype == "float32"), None)


def read(path: Path) -> Subject:
    """Read a pipeline directory or a `.tflite` file.

    Raises:
        PipelineError: There is neither, or `pipeline.json` says what cannot be.
        ModelError: The model is no TFLite model, or does not fit the record.
    """
    found = _read(path)
    if found.file is None or found.file.reference is None:
        why = "a bare model names none" if found.file is None else "pipeline.json has no key 'reference'"
        return replace(found, no_reference=why)
    directory = found.file.directory / found.file.reference
    try:
        reference = _read(directory)
    except EdgeSenseError as error:
        return replace(found, no_reference=f"its reference cannot be read: {error}")
    return replace(found, reference=reference)


def _read(path: Path) -> Subject:
    if path.name == pipeline_file.NAME:
        path = path.parent
    if not path.exists():
        raise PipelineError(f"{path} does not exist: give a directory with a {pipeline_file.NAME}, or a .tflite file")
    file = pipeline_file.read(path) if path.is_dir() else None
    model = inspect.read(path if file is None else path / file.model)
    if file is not None:
        file.refuse_mismatch([one.shape for one in model.inputs], model.outputs[0].shape)
    return Subject(path, model, graph.nodes(model), _layers(model), file, _recipe(path) if file is not None else {})


def _layers(model: ModelFile) -> tuple[Layer, ...]:
    try:
        return macs.layers(model.path)
    except ModelError:
        return ()


def _recipe(directory: Path) -> Mapping[str, Any]:
    """What a training left beside the pipeline; another program's file of that name says nothing."""
    try:
        said = json.loads((directory / RECIPE).read_text(encoding="utf-8"))
        found = said["recipe"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {**found, "passes": said.get("passes", "")} if isinstance(found, dict) else {}
