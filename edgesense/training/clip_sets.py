"""Sets of labelled clips to score a pipeline on, which tell what was left out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from edgesense import audio, synthetic
from edgesense.errors import AudioError, DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgesense.pipeline import Pipeline

SYNTHETIC = "synthetic"


class ClipSet:
    """Labelled clips with a length; what was left out of them is known when they have been gone through.

    Attributes:
        identity: What they are, as plain JSON values.
        left_out: Label that is no class of the pipeline -> how many clips have it.
        unusable: File -> why it could not be used.
        used: Names of the clips that were used, in order.
    """

    identity: dict[str, Any]

    def __init__(self) -> None:
        self.left_out: dict[str, int] = {}
        self.unusable: dict[str, str] = {}
        self.used: list[str] = []

    def __len__(self) -> int:
        raise NotImplementedError

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], str]]:
        raise NotImplementedError


class _Synthetic(ClipSet):
    """The first clips of a split of the embedded data set."""

    def __init__(self, split: str, count: int, opened: Pipeline) -> None:
        super().__init__()
        known = set(synthetic.CLASSES) & set(opened.classes)
        if not known:
            raise DatasetError(f"{opened.path} knows none of the embedded classes {', '.join(synthetic.CLASSES)}")
        self._split, self._settings, self._known = cast("synthetic.Split", split), opened.settings, known
        every = [synthetic.CLASSES[index % len(synthetic.CLASSES)] for index in range(count)]
        self._indexes = [index for index, label in enumerate(every) if label in known]
        self.left_out = dict(Counter(label for label in every if label not in known))
        self.identity = {"source": SYNTHETIC, "generator": synthetic.GENERATOR_VERSION, "split": split, "clips": count}

    def __len__(self) -> int:
        return len(self._indexes)

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], str]]:
        settings = self._settings
        for index in self._indexes:
            made = synthetic.clip(self._split, index, seconds=settings.seconds, sample_rate=settings.sample_rate)
            self.used.append(made.id)
            yield made.samples, made.label


class _Recordings(ClipSet):
    """Recordings of a manifest; those that no pipeline could use are left out and named."""

    def __init__(self, directory: Path, folds: Sequence[str] | None, opened: Pipeline) -> None:
        from edgesense.datasets.manifest import Manifest

        super().__init__()
        manifest = Manifest.open(directory)
        within = manifest.select(folds=folds) if folds else manifest
        self._rows = within.select(labels=opened.classes).rows
        self.left_out = dict(Counter(row.label for row in within.rows if row.label not in opened.classes))
        if not self._rows:
            raise DatasetError(
                f"no recording of {directory} has a label that {opened.path} knows: it knows "
                f"{', '.join(opened.classes)}, the manifest has {', '.join(manifest.labels)}"
            )
        self._directory, self._opened = directory, opened
        self.identity = {
            "source": "manifest",
            "name": directory.name,
            "folds": list(folds or ()),
            "clips": len(self._rows),
        }

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], str]]:
        settings = self._opened.settings
        for row in self._rows:
            try:
                samples = audio.fit_length(
                    audio.read(self._directory / row.file, settings.sample_rate), settings.samples
                )
                audio.check(samples, settings.sample_rate, settings)
            except AudioError as error:
                self.unusable[row.file] = str(error)
                continue
            self.used.append(row.file)
            yield samples, row.label


def find(
    dataset: str, opened: Pipeline, *, split: str = "test", count: int = 2000, folds: Sequence[str] | None = None
) -> ClipSet:
    """The clips of a data set that a pipeline has classes for.

    Args:
        dataset: "synthetic", or a folder with a MANIFEST.csv.
        opened: The pipeline.
        split: Split of the embedded data set.
        count: How many of its clips.
        folds: Folds of a manifest; None for all.

    Returns:
        The clips, as the pipeline takes them.

    Raises:
        DatasetError: There are none, or folds were asked of the embedded data set.
    """
    if dataset != SYNTHETIC:
        return _Recordings(Path(dataset), folds, opened)
    if folds:
        raise DatasetError("folds belong to a folder with a manifest; the embedded data set has splits")
    return _Synthetic(split, count, opened)
