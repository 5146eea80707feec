"""A tiny working pipeline directory, made in well under a second, for tests and examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import synthetic
from edgesense.features import FeatureSettings, FrontEnd
from edgesense.pipeline_file import PipelineFile, SyntheticSet
from edgesense.runtime.tiny import tiny_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

TINY_SETTINGS = FeatureSettings(
    seconds=0.5, n_fft=512, hop_length=400, n_mels=20, n_mfcc=8, blocks=("logmel",), level_dbfs=-26.0
)
"""Half a second in 21 frames of 20 log-mel bands."""


def tiny_pipeline(
    directory: str | Path,
    *,
    classes: tuple[str, ...] = synthetic.CLASSES,
    settings: FeatureSettings = TINY_SETTINGS,
    dtype: str = "float32",
    split: synthetic.Split = "test",
    clips: int | None = 20,
    trained_on: int = 40,
    reference: str | None = None,
    **model: Any,
) -> Path:
    """Write a pipeline directory that works: a linear classifier of the synthetic clips' log-mel features.

    Args:
        directory: Where to; it is made, and its last part is the pipeline's name.
        classes: Labels of the scores; with a labelled set, all of `synthetic.CLASSES` among them.
        settings: Settings of the front end.
        dtype: "float32", "int8" or "uint8".
        split: The split of the labelled set.
        clips: How many clips the labelled set has; None for a pipeline without one.
        trained_on: How many clips of the split "train" the classifier is fitted to, by ridge regression on its
            frames' means; more are right more often.
        reference: The pipeline directory that accuracy is compared with, relative to this one.
        **model: `padding_bytes`, `work`, `seed` and so on, as for `edgesense.runtime.tiny.tiny_model`.

    Returns:
        The directory.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    features, labels = _training_set(settings, classes, trained_on)
    weights, bias = _ridge(features, labels, len(classes))
    scores = features.mean(axis=1) @ weights.T + bias
    tiny_model(
        directory / "model.tflite",
        classes=len(classes),
        dtype=dtype,
        **{
            "inputs": (1, *settings.shape),
            "weights": np.tile(weights / settings.frames, settings.frames),
            "bias": bias,
            "input_range": (float(features.min()), float(features.max())),
            "output_range": (float(scores.min()), float(scores.max())),
            **model,
        },
    )
    labelled = None if clips is None else SyntheticSet(split, clips)
    record = PipelineFile(
        directory, directory.name, "model.tflite", settings, classes, labelled=labelled, reference=reference
    )
    record.write()
    return directory


def _training_set(
    settings: FeatureSettings, classes: tuple[str, ...], count: int
) -> tuple[NDArray[np.float32], list[int]]:
    """(clips, frames, columns) features of synthetic clips, and the index of each one's label; 0 where it has none."""
    front_end = FrontEnd(settings)
    found = list(synthetic.clips("train", count, seconds=settings.seconds, sample_rate=settings.sample_rate))
    labels = [classes.index(clip.label) if clip.label in classes else 0 for clip in found]
    return np.stack([front_end(clip.samples) for clip in found]), labels


def _ridge(
    features: NDArray[np.float32], labels: list[int], classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(classes, columns) weights and (classes,) bias that send each clip's mean frame towards its class."""
    means = features.mean(axis=1, dtype=np.float64)
    centre = means.mean(axis=0)
    wanted = np.eye(classes)[labels]
    shifted = means - centre
    gram = shifted.T @ shifted
    solved = np.linalg.solve(
        gram + np.trace(gram) * 1e-3 * np.eye(len(gram)), shifted.T @ (wanted - wanted.mean(axis=0))
    )
    return solved.T, wanted.mean(axis=0) - solved.T @ centre
