"""Clips to calibrate with and to judge on: never those that a pipeline is tested on."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense import labelled
from edgesense.errors import EdgeSenseError
from edgesense.pipeline_file import ManifestSet, PipelineFile, SyntheticSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgesense.datasets.manifest import Manifest, Row

VALIDATION = 300
CALIBRATION = 100
RECORDINGS = "recordings"


@dataclass(frozen=True)
class Clips:
    """Where clips come from.

    Attributes:
        validation: What changes are judged on; None for none.
        calibration: What ranges and column means are taken from; None for none.
        judged_on: `validation` in words.
        why: Why there are none, "" where there are.
    """

    validation: SyntheticSet | ManifestSet | None = None
    calibration: SyntheticSet | ManifestSet | None = None
    judged_on: str = ""
    why: str = ""

    def sound(self, file: PipelineFile) -> list[NDArray[np.float32]]:
        """(samples,) float32 of each calibration clip, as a pipeline takes them.

        Raises:
            EdgeSenseError: They are not here.
        """
        return [samples for samples, _ in labelled.clips(replace(file, labelled=self.calibration))]


def find(file: PipelineFile, scratch: Path, *, recordings: Path | None = None, validation: int = VALIDATION) -> Clips:
    """Return the clips that changes of a pipeline may be judged on.

    Args:
        file: The pipeline's record.
        scratch: An empty folder, for lists of recordings.
        recordings: A folder with a manifest to take them from instead.
        validation: At most so many are judged on.
    """
    said = file.labelled
    if recordings is None and isinstance(said, SyntheticSet):
        if said.split != "test":
            return Clips(why=f"its labelled set is the embedded {said.split} clips, so which are left is not known")
        judged = f"{validation} validation clips of the embedded set, none of its test clips"
        return Clips(SyntheticSet("validation", validation), SyntheticSet("calibration", CALIBRATION), judged)
    if recordings is None and said is None:
        return Clips(why="pipeline.json names no labelled set; name recordings with --recordings DIR")
    try:
        return _of_manifest(file, scratch, recordings, validation)
    except EdgeSenseError as error:
        return Clips(why=str(error))


def _of_manifest(file: PipelineFile, scratch: Path, recordings: Path | None, validation: int) -> Clips:
    from edgesense.datasets.manifest import Manifest

    own = labelled.manifest(file) if isinstance(file.labelled, ManifestSet) else None
    directory = recordings.resolve() if recordings is not None else own.directory if own is not None else Path()
    everything = Manifest.open(directory, sample_rate=file.features.sample_rate).select(labels=file.classes)
    tested = (
        {row.file for row in own.rows} if own is not None and own.directory.resolve() == directory.resolve() else ()
    )
    rows = [row for row in everything.rows if row.file not in tested]
    if not rows:
        left = "all recordings there are its test clips" if tested else "no recording there has one of its labels"
        return Clips(why=f"{directory.name}: {left}; name others with --recordings DIR")
    first, second = _halves(rows)
    if not first or not second:
        return Clips(why=f"{directory.name}: one subject alone cannot be both calibrated with and judged on")
    judged, heard = _spread(second, validation), _spread(first, CALIBRATION)
    words = f"{len(judged)} recordings of {directory.name} that are none of its test clips"
    if recordings is None:
        words += "; it may have been trained on them"
    sets = [_listed(everything, part, scratch / name) for name, part in (("judged", judged), ("heard", heard))]
    return Clips(sets[0], sets[1], words)


def _halves(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return rows in two parts that share no subject; by turns where subjects are not told."""
    subjects = sorted({row.subject for row in rows if row.subject})
    if not subjects:
        return list(rows[::2]), list(rows[1::2])
    first = set(subjects[::2])
    return [row for row in rows if row.subject in first], [row for row in rows if row.subject not in first]


def _spread(rows: Sequence[Row], most: int) -> list[Row]:
    if len(rows) <= most:
        return list(rows)
    return [rows[index * len(rows) // most] for index in range(most)]


def _listed(manifest: Manifest, rows: Sequence[Row], folder: Path) -> ManifestSet:
    """Write a manifest of some rows, beside a link to the recordings."""
    folder.mkdir(parents=True)
    (folder / RECORDINGS).symlink_to(manifest.directory.resolve(), target_is_directory=True)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("file", "label"))
    writer.writerows((f"{RECORDINGS}/{row.file}", row.label) for row in rows)
    (folder / "MANIFEST.csv").write_text(text.getvalue(), encoding="utf-8")
    return ManifestSet(str(folder.resolve()))
