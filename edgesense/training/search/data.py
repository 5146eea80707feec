"""Clips that a trial learns from and is judged by: never a test clip, which is not even in the lists made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edgesense import synthetic
from edgesense.datasets.manifest import Manifest
from edgesense.errors import DatasetError
from edgesense.pipeline_file import ManifestSet, SyntheticSet
from edgesense.training import folds, recordings
from edgesense.training.sources import ManifestSource, SyntheticSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesense.datasets.store import ClipSource
    from edgesense.features.settings import FeatureSettings

CALIBRATION_CLIPS = 300
TEST_CLIPS = 2000


@dataclass(frozen=True)
class Part:
    """Some clips of a source.

    Attributes:
        source: The clips.
        rows: (n,) whole numbers, which of them.
    """

    source: ClipSource
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One training of a trial.

    Attributes:
        name: The fold that it is scored on; "" where there are none.
        train: To learn from.
        validation: To choose the epoch by.
        calibration: To take the ranges of 8-bit tensors from.
        scored: To judge the converted model by.
        identity: Plain JSON values for the recipe.
    """

    name: str
    train: Part
    validation: Part
    calibration: Part
    scored: Part
    identity: Mapping[str, Any]


class Data(Protocol):
    """A labelled set, cut into what a search may see and what it may not."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in order."""

    @property
    def balance(self) -> bool:
        """Whether classes are so unequal that rare ones weigh more in the loss."""

    @property
    def labelled(self) -> SyntheticSet | ManifestSet:
        """The held-out test clips, as pipeline directories name them."""

    def names(self) -> Sequence[str]:
        """Names of the folds."""

    def folds(self, settings: FeatureSettings, seed: int) -> Sequence[Fold]:
        """The trainings of one trial."""

    def test(self, settings: FeatureSettings, clips: int | None) -> Part:
        """The held-out test clips."""

    def identity(self) -> Mapping[str, Any]:
        """Plain JSON values: which clips these are."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values from which `from_dict` makes the same."""


@dataclass(frozen=True)
class Embedded:
    """The embedded data set: learns from its training clips, is judged by its validation clips.

    Attributes:
        clips: How many training clips.
        validation_clips: How many clips choose the epoch, and then judge the converted model.
    """

    clips: int
    validation_clips: int

    @property
    def classes(self) -> tuple[str, ...]:
        """All of the generator's."""
        return synthetic.CLASSES

    @property
    def balance(self) -> bool:
        """They are equal by construction."""
        return False

    @property
    def labelled(self) -> SyntheticSet:
        """The test split."""
        return SyntheticSet("test", TEST_CLIPS)

    def names(self) -> Sequence[str]:
        """One training, no folds."""
        return ("",)

    def folds(self, settings: FeatureSettings, seed: int) -> Sequence[Fold]:  # noqa: ARG002 - part of the seam
        """The one training; splits are disjoint by seed."""
        parts = {
            "train": _all(SyntheticSource("train", self.clips, settings)),
            "validation": _all(SyntheticSource("validation", self.validation_clips, settings)),
            "calibration": _all(SyntheticSource("calibration", min(CALIBRATION_CLIPS, -(-self.clips // 20)), settings)),
        }
        identity = {name: dict(part.source.identity()) for name, part in parts.items()}
        return (Fold("", **parts, scored=parts["validation"], identity=identity),)

    def test(self, settings: FeatureSettings, clips: int | None) -> Part:
        """The first clips of the test split."""
        return _all(SyntheticSource("test", clips or TEST_CLIPS, settings))

    def identity(self) -> Mapping[str, Any]:
        """The generator's version, and how many clips."""
        return {"generator": synthetic.GENERATOR_VERSION, **self.to_dict()}

    def to_dict(self) -> dict[str, Any]:
        """The numbers of clips."""
        return {"source": "synthetic", "clips": self.clips, "validation_clips": self.validation_clips}


@dataclass(frozen=True)
class Recordings:
    """A folder with a manifest: judged on folds of subjects that were not learned from; one fold is never looked at.

    Attributes:
        directory: The folder.
        classes: Labels to tell apart.
        scored: Folds that are held out in turn, one training each; a trial is judged by all of them together.
        held_out: The fold that no trial sees.
    """

    directory: Path
    classes: tuple[str, ...]
    scored: tuple[str, ...]
    held_out: str

    @classmethod
    def open(
        cls, directory: Path, classes: Sequence[str] = (), scored: Sequence[str] = (), held_out: str | None = None
    ) -> Recordings:
        """Choose folds of a folder.

        Args:
            directory: The folder.
            classes: Labels to tell apart; none for all.
            scored: Folds to judge by; none for the first that is not held out, "all" for all of those.
            held_out: The fold that is never looked at; None for the last.

        Raises:
            DatasetError: There is no such label or fold, too few folds, or nothing to tell apart.
        """
        manifest = Manifest.open(directory)
        chosen_rows, labels = recordings.of_classes(manifest, classes)
        known = chosen_rows.folds
        if len(known) < 2:
            raise DatasetError(f"{directory}: a search needs two folds of subjects, one to judge by and one held out")
        kept = known[-1] if held_out is None else held_out
        others = tuple(name for name in known if name != kept)
        chosen = others if list(scored) == ["all"] else tuple(scored) or others[:1]
        for name in (kept, *chosen):
            if name not in known:
                raise DatasetError(f"{directory} has no fold {name!r}, only {', '.join(known)}")
        if kept in chosen:
            raise DatasetError(f"fold {kept} is held out for the test, so no trial may be judged by it")
        return cls(directory, labels, chosen, kept)

    @property
    def balance(self) -> bool:
        """Recordings are never of equal numbers."""
        return True

    @property
    def labelled(self) -> ManifestSet:
        """The fold that is held out."""
        return ManifestSet(self.directory.name, (self.held_out,))

    def names(self) -> Sequence[str]:
        """The folds that a trial is judged by."""
        return self.scored

    def folds(self, settings: FeatureSettings, seed: int) -> Sequence[Fold]:
        """One training a fold, its epoch chosen on yet other subjects."""
        seen = [name for name in self._chosen().folds if name != self.held_out]
        source = ManifestSource(self._chosen().select(folds=seen), settings)
        every = [str(row.fold) for row in source.manifest.rows]
        subjects = [str(row.subject) for row in source.manifest.rows]
        made = []
        for name in self.scored:
            rows = folds.split(every, subjects, name, seed)
            calibration = np.random.default_rng((seed, 8)).permutation(rows.train)[:CALIBRATION_CLIPS]
            made.append(
                Fold(
                    name,
                    train=Part(source, rows.train),
                    validation=Part(source, rows.validation),
                    calibration=Part(source, calibration),
                    scored=Part(source, rows.test),
                    identity={**source.identity(), "held_out": name, "unseen": self.held_out},
                )
            )
        return made

    def test(self, settings: FeatureSettings, clips: int | None) -> Part:
        """The fold that was held out, or its first clips."""
        part = _all(ManifestSource(self._chosen().select(folds=[self.held_out]), settings))
        return part if clips is None else Part(part.source, part.rows[:clips])

    def identity(self) -> Mapping[str, Any]:
        """The manifest's rows and the lengths of their files, and the folds."""
        from edgesense.features.settings import FeatureSettings

        rows = ManifestSource(self._chosen(), FeatureSettings()).identity()
        return {**self.to_dict(), **rows, "directory": self.directory.name}

    def to_dict(self) -> dict[str, Any]:
        """The folder, its labels and its folds."""
        return {
            "source": "manifest",
            "directory": str(self.directory.absolute()),
            "classes": list(self.classes),
            "scored": list(self.scored),
            "held_out": self.held_out,
        }

    def _chosen(self) -> Manifest:
        return Manifest.open(self.directory).select(labels=self.classes)


def from_dict(values: Mapping[str, Any]) -> Data:
    """The data that `to_dict` told of."""
    if values["source"] == "synthetic":
        return Embedded(values["clips"], values["validation_clips"])
    classes, scored = tuple(values["classes"]), tuple(values["scored"])
    return Recordings(Path(values["directory"]), classes, scored, values["held_out"])


def _all(source: ClipSource) -> Part:
    return Part(source, np.arange(len(source.labels)))
