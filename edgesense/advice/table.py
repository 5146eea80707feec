"""What a table of results (`edgesense optimize --all`) measured for changes that take hours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgesense.advice.records import Gain
from edgesense.errors import SettingsError
from edgesense.perf import metrics
from edgesense.perf.records import Known

USUAL = Path("docs/results.json")
SCHEMAS = (1, 2)
KEYS = ("pipeline", "variant", "passes", "bytes", "embedded", "boards")


@dataclass(frozen=True)
class Results:
    """The rows of a table; none where there is no table.

    Attributes:
        name: The file, as it is named in what is said.
        rows: Plain JSON values, as `edgesense.training.results` makes them.
    """

    name: str = ""
    rows: tuple[Mapping[str, Any], ...] = field(default=())

    @classmethod
    def read(cls, path: Path | None, beside: Path) -> Results:
        """Read a table.

        Args:
            path: The file; None for `docs/results.json` of a project around `beside`, if there is one.
            beside: Where to look for it.

        Raises:
            SettingsError: A file that was named is not there or is no such table.
        """
        if path is None:
            folders = (beside.resolve(), *beside.resolve().parents)
            found = next((one / USUAL for one in folders if (one / USUAL).is_file()), None)
            return cls() if found is None else cls._read(found, str(USUAL))
        return cls._read(path, str(path))

    @classmethod
    def _read(cls, path: Path, name: str) -> Results:
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if said["schema"] not in SCHEMAS:
                known = " and ".join(map(str, SCHEMAS))
                raise SettingsError(f"{name} has schema {said['schema']!r}, and only {known} can be read")
            rows = tuple(row for row in said["rows"] if all(key in row for key in KEYS))
        except OSError as error:
            raise SettingsError(f"{name} cannot be read: {error.strerror or error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{name} is no table of results: make one with edgesense optimize --all") from error
        return cls(name, rows)

    def row(self, pipeline: str) -> Mapping[str, Any] | None:
        """The row of a pipeline by its name; None where there is none."""
        return next((row for row in self.rows if row["pipeline"] == pipeline), None)

    def other(self, row: Mapping[str, Any], *, variant: str = "", passes: str = "") -> Mapping[str, Any] | None:
        """The row that differs from another in its variant or its passes; None where there is none."""
        wanted = (variant or row["variant"], passes or row["passes"])
        return next((one for one in self.rows if (one["variant"], one["passes"]) == wanted), None)

    def gains(self, before: Mapping[str, Any], after: Mapping[str, Any], board: str) -> tuple[Gain, ...]:
        """What the table measured from one row to another.

        Args:
            before: A row.
            after: Another.
            board: The device whose counts are wanted.
        """
        about = f"by {self.name}: {before['pipeline']} → {after['pipeline']}"
        found = []
        counts = [one["boards"].get(board, {}).get("instructions", {}).get("all") for one in (before, after)]
        if None not in counts:
            found.append(_gain("a call", "instructions_m", counts, Known.COUNTED, about))
        sizes = [one["bytes"]["model"] for one in (before, after)]
        found.append(_gain("model", "size_kb", sizes, Known.EXACT, about))
        compressed = [one["bytes"].get("compressed") for one in (before, after)]
        if None not in compressed:
            found.append(_gain("model as a zlib stream", "size_kb", compressed, Known.EXACT, about))
        return tuple(found)


def accuracy(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what the table says of right answers, in a sentence."""
    one, other = before["embedded"], after["embedded"]
    return (
        f"accuracy {one['accuracy']:.4f} → {other['accuracy']:.4f} ({other['low']:.3f}–{other['high']:.3f}) "
        f"on the table's {other['clips']} test clips"
    )


def _gain(quantity: str, limit: str, values: Sequence[float], known: Known, about: str) -> Gain:
    before, after = values
    return Gain(quantity, limit, metrics.find(limit).unit, before, after, after, after, known, about)
