"""A teacher's answers to the clips that a student learns from: asked once, kept, and never on held-out clips."""

from __future__ import annotations

import hashlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesense import pipeline_file
from edgesense.datasets import store
from edgesense.errors import EdgeSenseError, PipelineError
from edgesense.runtime import interpreter
from edgesense.training.distill import Distillation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edgesense.training.sources import ManifestSource, SyntheticSource

FOLD = "{fold}"


@dataclass(frozen=True)
class Teacher:
    """A pipeline that teaches, and how it is listened to.

    Attributes:
        directory: Its pipeline directory; "{fold}" in it stands for the fold that is held out, since a teacher that
            has learned from the held-out subjects would tell the student about them.
        temperature: As `edgesense.training.distill.Distillation` has it.
        alpha: The same.
    """

    directory: Path
    temperature: float = Distillation.temperature
    alpha: float = Distillation.alpha

    def of_fold(self, fold: str) -> Teacher:
        """The teacher that has not heard a fold."""
        return replace(self, directory=Path(str(self.directory).replace(FOLD, fold)))

    def check(self, classes: Sequence[str]) -> pipeline_file.PipelineFile:
        """Read its record.

        Raises:
            PipelineError: It is no pipeline directory, or has other classes than the student is to have.
        """
        if not self.directory.is_dir():
            raise PipelineError(f"the teacher {self.directory} is no pipeline directory")
        file = pipeline_file.read(self.directory)
        if set(file.classes) != set(classes):
            raise PipelineError(
                f"the teacher {self.directory} knows {', '.join(file.classes)}, and the student is to learn "
                f"{', '.join(classes)}"
            )
        return file

    def refuse_hearer(self, dataset: str, fold: str) -> None:
        """Refuse a teacher that says of itself that it has learned from a fold.

        Args:
            dataset: Name of the recordings.
            fold: The fold that is held out.

        Raises:
            PipelineError: Its record names other folds of these recordings as those that it has not heard.
        """
        if not self.directory.is_dir():
            raise PipelineError(f"the teacher {self.directory} is no pipeline directory")
        unheard = pipeline_file.read(self.directory).labelled
        if (
            not isinstance(unheard, pipeline_file.ManifestSet)
            or Path(unheard.path).name != dataset
            or not unheard.folds
        ):
            return
        if fold not in unheard.folds:
            raise PipelineError(
                f"the teacher {self.directory} has learned from fold {fold} of {dataset}, which is held out: name one "
                f"for each fold, with {FOLD} in the place of the fold's name"
            )

    def distillation(self, classes: Sequence[str]) -> Distillation:
        """What a recipe says of it.

        Raises:
            PipelineError: As `check`.
            SettingsError: Temperature or alpha out of range.
        """
        file = self.check(classes)
        content = (file.directory / file.model).read_bytes() + repr(file.features.to_dict()).encode()
        return Distillation(hashlib.sha256(content).hexdigest()[:16], self.temperature, self.alpha)

    def answers(
        self,
        source: SyntheticSource | ManifestSource,
        classes: Sequence[str],
        work: Path,
        progress: Callable[[int, int], None],
    ) -> NDArray[np.float32]:
        """Ask it about every clip of a source, or open what it said before.

        Args:
            source: The clips; brought to the teacher's length and rate, whatever the student's are.
            classes: The student's classes, in their order.
            work: Folder of features and answers.
            progress: Called with (clips whose features are done, clips in all).

        Returns:
            (clips, classes) float32, probabilities.

        Raises:
            PipelineError: As `check`.
            EdgeSenseError: The process that ran it was killed.
        """
        file = self.check(classes)
        plain = replace(file.features, column_mean=(), column_std=())
        heard = store.build(work / "features", replace(source, settings=plain), plain, progress)
        name = hashlib.sha256(f"{self.distillation(classes).teacher} {heard.digest} {list(classes)}".encode())
        kept = work / "teachers" / f"{name.hexdigest()[:16]}.npy"
        if not kept.exists():
            # Where TensorFlow is loaded, tflite-runtime opens no model.
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                try:
                    scores = pool.submit(_ask, file, heard.path).result()
                except BrokenProcessPool as error:
                    raise EdgeSenseError("the process that ran the teacher was killed") from error
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(".partial")
            with partial.open("wb") as out:
                np.save(out, scores[:, [file.classes.index(name) for name in classes]])
            partial.replace(kept)
        answers: NDArray[np.float32] = np.load(kept)
        return answers


def _ask(file: pipeline_file.PipelineFile, features: Path) -> NDArray[np.float32]:
    model = interpreter.load(file.directory / file.model)
    clips = np.load(features, mmap_mode="r")
    mean = np.array(file.features.column_mean or 0.0, np.float32)
    scale = (1.0 / np.array(file.features.column_std or 1.0)).astype(np.float32)
    return np.stack([model.run(((clip - mean) * scale).reshape(model.inputs[0].shape)).ravel() for clip in clips])
