"""What pipelines answer on labelled clips, in one pass over the audio."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense import evaluation, pipeline
from edgesense.errors import DatasetError, EdgeSenseError, PipelineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgesense.datasets.store import ClipSource

    Clip = tuple[NDArray[np.float32], str]


@dataclass(frozen=True)
class Answers:
    """Answers of one or more pipelines on the same clips.

    Attributes:
        classes: The classes, in the order of the first pipeline's.
        expected: True label of each clip.
        predicted: Pipeline's name -> its answer for each clip.
        runtimes: Pipeline's name -> the runtime that ran it, with its release.
    """

    classes: tuple[str, ...]
    expected: list[str]
    predicted: dict[str, list[str]]
    runtimes: dict[str, str]

    def scores(self, name: str) -> evaluation.Scores:
        """How right one pipeline was."""
        return evaluation.score(self.expected, self.predicted[name], self.classes)

    def comparison(self, reference: str, name: str) -> evaluation.Comparison:
        """What changed from one pipeline to another."""
        return evaluation.compare(self.expected, self.predicted[reference], self.predicted[name])

    def agreeing(self, first: str, second: str) -> int:
        """On how many clips two pipelines gave the same answer."""
        pairs = zip(self.predicted[first], self.predicted[second], strict=True)
        return sum(one == other for one, other in pairs)


def collect(
    pipelines: Mapping[str, pipeline.Pipeline],
    clips: Iterable[Clip],
    progress: Callable[[int], None] | None = None,
) -> Answers:
    """Run pipelines over labelled clips.

    Args:
        pipelines: Name -> pipeline; all with the same classes.
        clips: Samples as the pipelines take them, and the label of each.
        progress: Called with the number of clips that are done.

    Returns:
        All answers.

    Raises:
        PipelineError: The pipelines have different classes.
        DatasetError: There are no clips.
    """
    classes = next(iter(pipelines.values())).classes
    for name, one in pipelines.items():
        if set(one.classes) != set(classes):
            raise PipelineError(f"{name} has the classes {', '.join(one.classes)}, not {', '.join(classes)}")
    runtimes = {name: one.model.runtime for name, one in pipelines.items()}
    answers = Answers(classes, [], {name: [] for name in pipelines}, runtimes)
    for samples, label in clips:
        answers.expected.append(label)
        for name, one in pipelines.items():
            answers.predicted[name].append(one.run(samples))
        if progress:
            progress(len(answers.expected))
    if not answers.expected:
        raise DatasetError("there are no clips to answer for")
    return answers


@dataclass(frozen=True)
class Candidate:
    """A pipeline directory and what is to run it.

    Attributes:
        directory: The pipeline directory.
        runtime: "litert" or "tflite"; None for the first one installed.
    """

    directory: Path
    runtime: str | None = None


def collect_apart(candidates: Mapping[str, Candidate], source: ClipSource, rows: Sequence[int]) -> Answers:
    """Run pipelines over clips of a source in a fresh process.

    TensorFlow, once imported, keeps tflite-runtime 2.14 from opening any model in the same process
    (`vector::reserve`), so a training process does not run what it made itself.

    Args:
        candidates: Name -> pipeline directory and runtime.
        source: The clips.
        rows: Which of them.

    Returns:
        All answers.

    Raises:
        EdgeSenseError: The process died, or a pipeline or clip cannot be used.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_collect_here, dict(candidates), source, list(rows)).result()
        except BrokenProcessPool as error:
            raise EdgeSenseError("the process that ran the pipelines was killed, for lack of memory perhaps") from error


def _collect_here(candidates: Mapping[str, Candidate], source: ClipSource, rows: Sequence[int]) -> Answers:
    opened = {}
    for name, candidate in candidates.items():
        one = pipeline.open(candidate.directory, runtime=candidate.runtime)
        if not isinstance(one, pipeline.Pipeline):
            raise PipelineError(f"{candidate.directory} is no pipeline directory")
        opened[name] = one
    return collect(opened, ((source.clip(row), source.labels[row]) for row in rows))
