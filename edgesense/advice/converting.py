"""Post-training passes, made of the float32 pipeline that a pipeline came from."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesense.advice.clips import Clips
from edgesense.advice.subject import Subject
from edgesense.errors import ConversionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesense.optimize.convert import Trained

FLOAT = "float32"
TRIED_ON = 8
SAME = 1e-5
"""Largest difference of scores at which weights that were put back count as the file's own."""


@dataclass
class Converter:
    """Makes `.tflite` files; weights are read back once.

    Attributes:
        subject: The pipeline.
        clips: What is calibrated with.
        scratch: A folder for the files.
    """

    subject: Subject
    clips: Clips
    scratch: Path
    _trained: Trained | None = None
    _refused: str = ""
    _heard: NDArray[np.float32] | None = field(default=None)

    @property
    def source(self) -> Subject:
        """The pipeline in float32 that passes start from.

        Raises:
            ConversionError: There is none.
        """
        found = self.subject.float_source()
        if found is not None:
            return found
        other = self.subject.reference
        why = self.subject.no_reference or f"its reference computes in {other.model.dtype if other else 'nothing'}"
        raise ConversionError(f"there is no float32 pipeline to convert from: {why}")

    def make(self, name: str) -> Path:
        """Convert with one pass.

        Args:
            name: A conversion of `edgesense.optimize`.

        Returns:
            The `.tflite` file.

        Raises:
            ConversionError: It cannot be made here; the text says why.
            SettingsError: The recipe names an architecture that is not here.
        """
        from edgesense import optimize
        from edgesense.optimize import convert

        trained = self._weights()
        calibration = self._calibration() if optimize.get(name).NEEDS_CALIBRATION else None
        output = self.scratch / f"{name}.tflite"
        convert.convert(trained, name, output, calibration=calibration)
        return output

    def _weights(self) -> Trained:
        if self._refused:
            raise ConversionError(self._refused)
        if self._trained is None:
            try:
                self._trained = self._recovered()
            except ConversionError as error:
                self._refused = str(error)
                raise
        return self._trained

    def _recovered(self) -> Trained:
        source = self.source
        if not source.architecture:
            raise ConversionError(f"{source.path.name} has no recipe.json that names its architecture")
        if importlib.util.find_spec("tensorflow") is None:
            raise ConversionError("conversions need TensorFlow: pip install 'pytest-edgesense[train]'")
        from edgesense.optimize import convert, recover

        found = recover.recover(source.model.path, source.architecture, source.recipe.get("options"))
        again = self.scratch / f"{FLOAT}-again.tflite"
        convert.convert(found, FLOAT, again)
        off = _apart(again, source.model.path, found.input_shape)
        if off > SAME:
            raise ConversionError(
                f"the weights of {source.path.name}, put back into {source.architecture}, give other scores than the "
                f"file (by {off:.2g}): it was made by something else"
            )
        return found

    def _calibration(self) -> NDArray[np.float32]:
        if self._heard is None:
            if self.clips.calibration is None or self.source.file is None:
                raise ConversionError(f"there are no clips to calibrate with: {self.clips.why}")
            from edgesense.features import FrontEnd

            front_end = FrontEnd(self.source.file.features)
            self._heard = np.stack([front_end(clip) for clip in self.clips.sound(self.source.file)])
        return self._heard


def _apart(one: Path, other: Path, shape: tuple[int, int]) -> float:
    from edgesense.runtime import interpreter

    inputs = np.random.default_rng(0).normal(size=(TRIED_ON, 1, *shape)).astype(np.float32)
    first, second = (interpreter.load(path) for path in (one, other))
    return max(float(np.abs(first.run(item) - second.run(item)).max()) for item in inputs)
