"""Results of other benchmark tools, one format a file: read into records that this project can show and compare.

A format's module has ``NAME``, ``LOOKED_FOR`` (in words), ``recognises(text)`` and ``read(text) -> tuple[Run, ...]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import InvalidInput
from edgesense.perf.imports import benchmark_text, litert_json, operators_csv
from edgesense.perf.imports.records import Run

FORMATS = (litert_json, benchmark_text, operators_csv)
"""The text comes before the CSV, which it may hold."""


@dataclass(frozen=True)
class Imported:
    """What a file held.

    Attributes:
        format: Which format it was.
        runs: What each run of the tool said.
    """

    format: str
    runs: tuple[Run, ...]


def read(path: Path) -> Imported:
    """Read a file of any known format.

    Raises:
        InvalidInput: If it cannot be read, is none of them, or is damaged; the text names what was looked for.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        msg = f"{path} is no text (the file of --result_file_path is a binary one and is not read); {_looked_for()}"
        raise InvalidInput(msg) from error
    for one in FORMATS:
        if one.recognises(text):
            try:
                return Imported(one.NAME, one.read(text))
            except InvalidInput as error:
                raise InvalidInput(f"{path}: {error}") from error
    raise InvalidInput(f"{path} is no result that can be imported; {_looked_for()}")


def _looked_for() -> str:
    return "looked for " + "; ".join(one.LOOKED_FOR for one in FORMATS)
