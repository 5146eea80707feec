"""Labelled recordings: a folder of WAV or FLAC files with a `MANIFEST.csv` that says what each of them is."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense import audio
from edgesense.errors import AudioError, DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

FILE_NAME = "MANIFEST.csv"
DATA_VARIABLE = "EDGESENSE_DATA"
_COLUMNS = ("file", "label", "subject", "fold")


def data_folder() -> Path | None:
    """The folder of real recordings: the one that `EDGESENSE_DATA` names, else `../shared/data` beside the repository.

    Returns:
        The folder, with one subfolder a data set; None where there is none.

    Raises:
        DatasetError: `EDGESENSE_DATA` names something that is no folder.
    """
    named = os.environ.get(DATA_VARIABLE)
    if named:
        if not Path(named).is_dir():
            raise DatasetError(f"{DATA_VARIABLE} names {named!r}, which is no folder")
        return Path(named)
    beside = Path(__file__).resolve().parents[2] / "../shared/data"
    return beside.resolve() if beside.is_dir() else None


@dataclass(frozen=True)
class Row:
    """One recording.

    Attributes:
        file: Path within the manifest's folder, with `/`.
        label: What it is.
        subject: Whose it is, "" where the manifest does not say; one subject belongs to one part of a split.
        fold: Part for cross-validation, "" where the manifest does not say.
        other: The manifest's further columns.
    """

    file: str
    label: str
    subject: str = ""
    fold: str = ""
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """Labelled recordings of one folder, or some of them.

    Attributes:
        directory: The folder.
        rows: In the manifest's order.
        sample_rate: Hz that the recordings are read at.
    """

    directory: Path
    rows: tuple[Row, ...]
    sample_rate: int = 16000

    @classmethod
    def open(cls, directory: str | Path, *, sample_rate: int = 16000) -> Manifest:
        """Read a folder's manifest; the recordings themselves are read one by one, later.

        Args:
            directory: Folder that holds `MANIFEST.csv`: UTF-8, with the columns file and label, and optionally
                subject, fold and any others.
            sample_rate: Hz that the recordings shall have.

        Returns:
            All its recordings.

        Raises:
            DatasetError: The manifest is missing, malformed or empty, or names a file that is not there; the text
                says in which line.
        """
        path = Path(directory) / FILE_NAME
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DatasetError(
                f"no {FILE_NAME} in {directory}; it lists file,label[,subject,fold] a recording"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(f"cannot read {path}: {error}") from error
        rows = tuple(_rows(path, text))
        if not rows:
            raise DatasetError(f"{path} lists no recordings")
        return cls(Path(directory), rows, sample_rate)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that occur, sorted."""
        return tuple(sorted({row.label for row in self.rows}))

    @property
    def folds(self) -> tuple[str, ...]:
        """Folds that occur, sorted."""
        return tuple(sorted({row.fold for row in self.rows}))

    def select(self, *, labels: Sequence[str] | None = None, folds: Sequence[str | int] | None = None) -> Manifest:
        """The recordings with one of these labels and in one of these folds.

        Args:
            labels: Labels to keep; None keeps all.
            folds: Folds to keep; None keeps all.

        Returns:
            A manifest of those rows; it may have none.
        """
        kept_folds = None if folds is None else {str(fold) for fold in folds}
        rows = (
            row
            for row in self.rows
            if (labels is None or row.label in labels) and (kept_folds is None or row.fold in kept_folds)
        )
        return replace(self, rows=tuple(rows))

    def read(self, row: Row) -> NDArray[np.float32]:
        """The samples of one recording.

        Args:
            row: One of `rows`.

        Returns:
            (n,) float32, mono, in [-1, 1], at `sample_rate`.

        Raises:
            DatasetError: The file cannot be read as audio.
        """
        try:
            return audio.read(self.directory / row.file, self.sample_rate)
        except AudioError as error:
            raise DatasetError(f"{row.file} of {self.directory / FILE_NAME}: {error}") from error

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], str]]:
        for row in self.rows:
            yield self.read(row), row.label


def _rows(path: Path, text: str) -> Iterator[Row]:
    reader = csv.reader(text.splitlines(), strict=True)
    header = _header(path, _next(path, reader) or [])
    lines: dict[str, int] = {}
    while (cells := _next(path, reader)) is not None:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}, line {reader.line_num}"
        if len(cells) != len(header):
            raise DatasetError(f"{where}: {len(cells)} values for {len(header)} columns")
        row = _row(where, {name: cell.strip() for name, cell in zip(header, cells, strict=True)})
        if row.file in lines:
            raise DatasetError(f"{where}: {row.file} is already in line {lines[row.file]}")
        if not (path.parent / row.file).is_file():
            raise DatasetError(f"{where}: there is no file {path.parent / row.file}")
        lines[row.file] = reader.line_num
        yield row


def _header(path: Path, names: list[str]) -> list[str]:
    if missing := [name for name in _COLUMNS[:2] if name not in names]:
        raise DatasetError(f"{path} has no column {' and no column '.join(missing)}; its header is {','.join(names)!r}")
    if len(set(names)) < len(names):
        raise DatasetError(f"{path} names a column twice: {','.join(names)!r}")
    return names


def _row(where: str, values: dict[str, str]) -> Row:
    for name in _COLUMNS[:2]:
        if not values[name]:
            raise DatasetError(f"{where}: no {name}")
    file = Path(values["file"])
    if file.is_absolute() or ".." in file.parts:
        raise DatasetError(f"{where}: {file} is outside the manifest's folder")
    known = {name: values.pop(name) for name in _COLUMNS if name in values}
    return Row(**known, other=values)


def _next(path: Path, reader: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise DatasetError(f"{path}, line {getattr(reader, 'line_num', '?')}: {error}") from error
