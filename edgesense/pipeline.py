"""Pipelines: feature settings, a model and class names in one directory; audio goes in, a label comes out.

`open` is all that most callers need. What it returns is a workload in the sense of `edgesense.perf.interfaces`, and
what `run` does is what ships: nothing is skipped when it is measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from edgesense import audio, labelled, pipeline_file
from edgesense.bare_model import BareModel, ModelWorkload
from edgesense.errors import PipelineError, SettingsError
from edgesense.runtime import interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesense.delegation import Request
    from edgesense.features.cache import FeatureCache
    from edgesense.features.settings import FeatureSettings
    from edgesense.pipeline_file import PipelineFile
    from edgesense.runtime.interpreter import Model
    from edgesense.streaming import Heard


@dataclass(frozen=True)
class Prediction:
    """What a pipeline says of one clip.

    Attributes:
        label: The class with the highest score.
        scores: The model's score of each class, in the order of the pipeline's classes.
    """

    label: str
    scores: tuple[float, ...]


class Pipeline(ModelWorkload):
    """A pipeline directory, opened; made by `open`.

    Attributes:
        path: The directory.
        name: What it is called.
        settings: Its front end's settings.
        classes: Its labels, in the order of the scores.
        model: Its model, loaded.
        stages: Its two halves, "features" and "inference"; the second takes what the first returns.
    """

    def __init__(self, file: PipelineFile, model: Model, cache: FeatureCache | None = None) -> None:
        # SciPy comes with it, which a bare model does without.
        from edgesense.features import FrontEnd

        super().__init__(file.directory, model)
        self._file = file
        self.name = file.name
        self.settings: FeatureSettings = file.features
        self.classes = file.classes
        front_end = FrontEnd(file.features)
        self._front_end: Callable[[NDArray[np.float32]], NDArray[np.float32]] = front_end
        if cache is not None:
            from edgesense.features.cache import CachedFrontEnd

            self._front_end = CachedFrontEnd(front_end, cache)
        self._input_shape = model.inputs[0].shape
        self.stages: Mapping[str, Callable[[Any], Any]] = {"features": self.features, "inference": self._classify}

    @property
    def hop_seconds(self) -> float:
        """How often it labels a stream: what its record says, else every half second."""
        return self._file.hop_seconds or pipeline_file.HOP_SECONDS

    def artifacts(self) -> tuple[Path, ...]:
        """The files that ship: `pipeline.json`, the model, and what else it names."""
        return self._file.shipped()

    def example(self) -> NDArray[np.float32]:
        """(samples,) float32: a clip of broadband noise at a tenth of full scale, always the same."""
        # A chirp that wraps round is noise enough, and spares the memory of a random generator.
        noise: NDArray[np.float64] = np.sin(0.7 * np.arange(self.settings.samples, dtype=np.float64) ** 2)
        return (0.1 * noise).astype(np.float32)

    def run(self, item: NDArray[np.float32]) -> str:
        """Label one clip.

        Args:
            item: (samples,) float32, mono, in [-1, 1], at the pipeline's rate.

        Returns:
            The label with the highest score.

        Raises:
            AudioError: The clip is empty, not finite, silent, or of another length or type.
        """
        return self._classify(self.features(item))

    def features(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The first stage: check one clip and compute its features.

        Args:
            samples: (samples,) float32, mono, in [-1, 1], at the pipeline's rate.

        Returns:
            (frames, columns) float32.

        Raises:
            AudioError: As for `run`.
        """
        return self._front_end(self._sound(samples))

    def _sound(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Samples that can be worked with; the energy alone tells silence, NaN and infinity in one pass."""
        if isinstance(samples, np.ndarray) and samples.dtype == np.float32 and samples.ndim == 1:
            energy = float(samples @ samples)
            if 0.0 < energy < math.inf:
                return samples
        return audio.check(samples, self.settings.sample_rate, self.settings)

    def _scores(self, features: NDArray[np.float32], model: Model | None = None) -> NDArray[np.float32]:
        return (model or self.model).run(features.reshape(self._input_shape)).ravel()

    def _classify(self, features: NDArray[np.float32]) -> str:
        """The second stage: the label of one clip's features."""
        return self.classes[int(self._scores(features).argmax())]

    def predict(self, samples: NDArray[np.float32], sample_rate: int | None = None) -> Prediction:
        """Label one clip and say how sure the model is.

        Args:
            samples: (samples,) float32, mono, in [-1, 1].
            sample_rate: Its rate in Hz, to be checked; None when it is known to be the pipeline's.

        Returns:
            The label and all scores.

        Raises:
            AudioError: The clip is empty, not finite, silent, or of another rate, length or type.
        """
        return self._predict(samples, sample_rate, self.model)

    def _predict(self, samples: NDArray[np.float32], sample_rate: int | None, model: Model) -> Prediction:
        rate = self.settings.sample_rate if sample_rate is None else sample_rate
        scores = self._scores(self._front_end(audio.check(samples, rate, self.settings)), model)
        return Prediction(self.classes[int(scores.argmax())], tuple(scores.tolist()))

    def predict_many(
        self, clips: Iterable[NDArray[np.float32]], sample_rate: int | None = None, *, workers: int = 1
    ) -> Iterator[Prediction]:
        """Label a stream of clips, which may be longer than memory; see `predict`.

        Args:
            clips: (samples,) float32 each, mono, in [-1, 1]; taken when they are needed, in the caller's thread.
            sample_rate: Their rate in Hz, to be checked; None when it is known to be the pipeline's.
            workers: Threads that label; each of several has a model of its own, made from the same file, and so does
                not get in the way of `run` and `predict`. At most two clips a thread are taken ahead.

        Returns:
            One prediction a clip, in the order of the clips. When it is closed or an error ends it, its threads end.

        Raises:
            SettingsError: `workers` is no whole number of 1 or more.
            AudioError: When a bad clip's turn comes, after the predictions of those before it.
        """
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise SettingsError(f"workers must be a whole number of 1 or more, not {workers!r}")
        if workers == 1:
            return (self.predict(samples, sample_rate) for samples in clips)
        return self._predict_in_threads(clips, sample_rate, workers)

    def _predict_in_threads(
        self, clips: Iterable[NDArray[np.float32]], sample_rate: int | None, workers: int
    ) -> Iterator[Prediction]:
        from edgesense import parallel

        models = [self.model.another() for _ in range(workers)]
        # The front end holds nothing that changes: all threads share one.
        each = [partial(self._predict, sample_rate=sample_rate, model=model) for model in models]
        yield from parallel.in_order(each, clips)

    def cached(self, cache: FeatureCache) -> Self:
        """The same pipeline, its model shared, with features that are looked up before they are computed.

        A lookup hashes the clip; it pays where clips come again or pipelines with equal settings share the cache.

        Args:
            cache: Where features are kept; several pipelines and threads may share one.

        Returns:
            A pipeline of its own, which gives the same answers. This one stays without a cache.
        """
        return type(self)(self._file, self.model, cache)

    def stream(self, blocks: Iterable[NDArray[np.float32]], *, hop_seconds: float) -> Iterator[Heard]:
        """Label a stream: a clip every hop, each as `predict` labels the same samples.

        A silent clip, which `predict` refuses, gets an answer without a label; what follows the last whole clip, none.

        Args:
            blocks: (n,) float32, mono, in [-1, 1], at the pipeline's rate: what a microphone gives, in blocks of any
                sizes. It is asked for the next block only when the answers to the last have been taken.
            hop_seconds: From the beginning of one clip to that of the next, a whole number of hop lengths.

        Returns:
            One answer a hop, with its position, its scores and how long it took.

        Raises:
            SettingsError: The hop is no whole number of hop lengths; the text names the nearest that are.
            AudioError: While it is gone through: a block is no one-dimensional array of finite numbers.
        """
        from edgesense import streaming
        from edgesense.features.streaming import FeatureStream

        close = streaming.CLOSE_FLOAT if self.model.file.dtype == "float32" else streaming.CLOSE_QUANTISED
        stream = FeatureStream(self.settings, hop_seconds)
        return streaming.listen(stream, self._scores, self.classes, blocks, close=close)

    def reference(self) -> Pipeline | None:
        """The pipeline that this one's accuracy is compared with, in the same runtime; None for none.

        Raises:
            PipelineError: It cannot be opened, or hears other clips than this one.
        """
        if self._file.reference is None:
            return None
        where = f"{self._file.path}: key 'reference'"
        directory = self.path / self._file.reference
        if not directory.is_dir():
            raise PipelineError(f"{where} names {self._file.reference!r}, and there is no such directory")
        # A delegate that takes nothing but the smaller model must not keep the float one from being asked.
        delegate = self.model.delegate and replace(self.model.delegate, required=False)
        other = open(directory, runtime=self.model.runtime.split()[0], threads=self.model.threads, delegate=delegate)
        if not isinstance(other, Pipeline) or set(other.classes) != set(self.classes):
            raise PipelineError(f"{where} names {self._file.reference!r}, which has other classes than this one")
        if (other.settings.samples, other.settings.sample_rate) != (self.settings.samples, self.settings.sample_rate):
            raise PipelineError(f"{where} names {self._file.reference!r}, which takes clips of another length or rate")
        return other

    def subject(self) -> dict[str, Any]:
        """What is measured: as of any workload, with feature settings, classes, and which labelled clips."""
        record = self._file.to_dict()
        for key in ("column_mean", "column_std"):
            # Hundreds of numbers say no more than whether they are the same.
            record["features"][key] = _fingerprint(record["features"][key])
        return super().subject() | {key: record.get(key) for key in ("name", "features", "classes", "labelled")}

    def footprint(self) -> dict[str, Any]:
        """What the pipeline takes on a microcontroller: as of any model, and ``features``, the front end's share in C.

        Raises:
            SettingsError: TFLite Micro is not installed, or the C code cannot compute the front end.
            ModelError: TFLite Micro cannot load the model, or its work cannot be told.
        """
        from dataclasses import asdict

        from edgesense.features import footprint

        return super().footprint() | {"features": asdict(footprint.of(self.settings))}

    def _why_unlabelled(self) -> str:
        return f"{self._file.path}: there is no key 'labelled', so nothing to tell the accuracy from"


class LabelledPipeline(Pipeline):
    """A pipeline whose record names labelled clips."""

    def labelled(self) -> Iterator[tuple[NDArray[np.float32], str]]:
        """The labelled clips, one after the other: samples as `run` takes them, and the label they should get.

        Raises:
            PipelineError: They are not here, or none fits the classes.
        """
        return labelled.clips(self._file)

    def labelled_part(self, share: int, shares: int) -> Iterator[tuple[NDArray[np.float32], str]]:
        """Of the labelled clips every `shares`-th from `share` on; the others are not made or read.

        Raises:
            PipelineError: As for `labelled`.
        """
        return labelled.clips(self._file, share, shares)

    def labelled_digest(self) -> str:
        """Identity of these clips' audio; their labels are no part of it."""
        return labelled.digest(self._file)


def open(  # noqa: A001 - `edgesense.pipeline.open` is read with its module's name
    path: str | Path, *, runtime: str | None = None, threads: int = 1, delegate: str | Request | None = None
) -> Pipeline | BareModel:
    """Open a pipeline directory or a bare `.tflite` file.

    Args:
        path: The directory that holds `pipeline.json` (or that file), or a `.tflite` file.
        runtime: "litert" or "tflite"; None for the first one installed.
        threads: How many threads the runtime's kernels may use.
        delegate: "xnnpack", "none", "nnapi", "gpu", or an external delegate's library with its options, as in
            "libfoo.so:key=value"; with the option `required` nothing may fall back. None for what the runtime does by
            itself. What became of it is in `model.delegates` and in `subject()`.

    Returns:
        The pipeline, its model loaded; for a bare file a workload that runs on random input.

    Raises:
        PipelineError: There is nothing there, or `pipeline.json` says what cannot be.
        ModelError: The model is no TFLite model, or the runtime cannot load it.
        DelegateError: The delegate is required and cannot be loaded or takes nothing of the model.
        SettingsError: The runtime is not installed, or there is no such delegate.
    """
    path = Path(path)
    if path.name == pipeline_file.NAME:
        path = path.parent
    if path.is_dir():
        file = pipeline_file.read(path)
        model = interpreter.load(path / file.model, runtime=runtime, threads=threads, delegate=delegate)
        file.refuse_mismatch([one.shape for one in model.inputs], model.outputs[0].shape)
        return (Pipeline if file.labelled is None else LabelledPipeline)(file, model)
    if not path.exists():
        raise PipelineError(f"{path} does not exist: give a directory with a {pipeline_file.NAME}, or a .tflite file")
    model = interpreter.load(path, runtime=runtime, threads=threads, delegate=delegate)
    return BareModel(path, model)


def _fingerprint(values: Sequence[float]) -> str:
    import hashlib

    return f"{len(values)} values {hashlib.sha256(repr(list(values)).encode()).hexdigest()[:16]}" if values else ""
