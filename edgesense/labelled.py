"""The labelled clips that a pipeline's accuracy is told from, found by what its record says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from edgesense import audio
from edgesense.errors import PipelineError
from edgesense.pipeline_file import ManifestSet, PipelineFile, SyntheticSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from edgesense.datasets.manifest import Manifest
    from edgesense.synthetic import Split


def clips(file: PipelineFile, first: int = 0, step: int = 1) -> Iterator[tuple[NDArray[np.float32], str]]:
    """The labelled clips of a pipeline, each as long as its front end takes.

    Recordings of a manifest with a label that is none of the pipeline's classes are left out.

    Args:
        file: The pipeline's record.
        first: Index of the first clip.
        step: Every how-manieth from there on; no other is made or read.

    Yields:
        (n,) float32 samples and their label.

    Raises:
        PipelineError: The record names no labelled set, or one that is not here or fits none of the classes.
    """
    settings = file.features
    if isinstance(file.labelled, SyntheticSet):
        from edgesense import synthetic

        missing = [label for label in synthetic.CLASSES if label not in file.classes]
        if missing:
            raise PipelineError(
                f"{file.path}: key 'classes' lacks {', '.join(missing)}, which the synthetic clips of "
                "key 'labelled' have"
            )
        found = synthetic.clips(
            cast("Split", file.labelled.split),
            file.labelled.clips,
            seconds=settings.seconds,
            sample_rate=settings.sample_rate,
            first=first,
            step=step,
        )
        for clip in found:
            yield clip.samples, clip.label
        return
    chosen = manifest(file)
    for row in chosen.rows[first::step]:
        yield audio.fit_length(chosen.read(row), settings.samples), row.label


def digest(file: PipelineFile) -> str:
    """Identity of the audio of `clips`, not of its labels: another text means that answers cannot be compared.

    Args:
        file: The pipeline's record.

    Returns:
        For synthetic clips the generator's version and what was asked of it; for recordings a SHA-256 of the files.

    Raises:
        PipelineError: As for `clips`.
    """
    settings = file.features
    form = f"{settings.seconds:g} s at {settings.sample_rate} Hz"
    if isinstance(file.labelled, SyntheticSet):
        from edgesense.synthetic import GENERATOR_VERSION

        return f"synthetic v{GENERATOR_VERSION}, {file.labelled.clips} of {file.labelled.split}, {form}"
    import hashlib

    found = manifest(file)
    content = hashlib.sha256()
    for row in found.rows:
        content.update(hashlib.sha256((found.directory / row.file).read_bytes()).digest())
    return f"{len(found)} recordings {content.hexdigest()}, {form}"


def manifest(file: PipelineFile) -> Manifest:
    """The manifest's rows of the folds and classes in question."""
    if not isinstance(file.labelled, ManifestSet):
        raise PipelineError(f"{file.path}: there is no key 'labelled', so nothing to tell the accuracy from")
    from edgesense.datasets.manifest import DATA_VARIABLE, Manifest, data_folder

    wanted = file.labelled
    roots = [root for root in (file.directory, data_folder()) if root is not None]
    directory = next((root / wanted.path for root in roots if (root / wanted.path).is_dir()), None)
    if directory is None:
        raise PipelineError(
            f"{file.path}: key 'labelled.path' names {wanted.path!r}, which is in none of "
            f"{', '.join(map(str, roots))}; say with {DATA_VARIABLE} where recordings are"
        )
    everything = Manifest.open(directory, sample_rate=file.features.sample_rate)
    chosen = everything.select(labels=file.classes, folds=wanted.folds or None)
    if not chosen.rows:
        raise PipelineError(
            f"{file.path}: of the recordings in {directory} none has one of the labels {', '.join(file.classes)}"
            + (f" in the folds {', '.join(wanted.folds)}" if wanted.folds else "")
        )
    return chosen
