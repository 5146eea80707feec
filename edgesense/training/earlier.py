"""What of an earlier table of results still holds, so that a table grows over several runs and computers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EMBEDDED, RECORDINGS = "embedded", "recordings"
ABOUT = ("seed", "clips", "recordings")
SHIPPED = ("model.tflite", "pipeline.json", "recipe.json")


@dataclass(frozen=True)
class Earlier:
    """The rows of an earlier table; none for the first one.

    Attributes:
        rows: Variant -> its rows, each a plain JSON value as `edgesense.training.results` makes them.
        about: What all rows have in common: "seed", "clips" and the name of the "recordings".
        techniques: Technique -> its row, as `edgesense.training.technique_row` makes it.
    """

    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    techniques: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, schema: int) -> Earlier:
        """The rows of a report; none where there is no file, or one of another schema.

        Raises:
            SettingsError: The file is no report.
        """
        if not path.exists():
            return cls()
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["schema"] != schema:
                return cls()
            rows: dict[str, list[Mapping[str, Any]]] = {}
            for row in found["rows"]:
                rows.setdefault(row["variant"], []).append(row)
            beside = {row["technique"]: row for row in found.get("techniques", ())}
            return cls(rows, {key: found[key] for key in ABOUT}, beside)
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"{path} is no table of results, so it is neither continued nor written over; move it away"
            ) from error

    def without(self, variants: Sequence[str]) -> Earlier:
        """The rows of other variants; of none left, nothing is known at all.

        Args:
            variants: Those that are to be made anew.
        """
        rows = {name: kept for name, kept in self.rows.items() if name not in variants}
        return Earlier(rows, self.about) if rows else Earlier()

    def holds(self, variant: str, passes: Sequence[str], part: str, identity: str) -> bool:
        """Whether each row of a variant was made by the same training on one part of the data.

        Args:
            variant: Name of the variant.
            passes: Its chains of passes, all of them.
            part: `EMBEDDED` or `RECORDINGS`.
            identity: Of the training, see `identity`.
        """
        kept = self.rows.get(variant, ())
        return [row["passes"] for row in kept] == list(passes) and all(
            row["made"].get(part) == identity for row in kept
        )

    def ships(self, variant: str, output: Path) -> bool:
        """Whether the pipelines of a variant's rows are still those that were measured."""
        kept = self.rows.get(variant, ())
        return bool(kept) and all(digest(output / row["pipeline"]) == row["digest"] for row in kept)

    def row(self, variant: str, chain: str) -> Mapping[str, Any]:
        """One row; {} where there is none."""
        return next((row for row in self.rows.get(variant, ()) if row["passes"] == chain), {})

    def check(self, about: Mapping[str, Any]) -> None:
        """See that new rows may stand beside these.

        Args:
            about: What the new rows have in common.

        Raises:
            SettingsError: They are made with something else.
        """
        for name, value in self.about.items():
            if value is not None and value != about[name]:
                raise SettingsError(
                    f"the report that is there was made with {name} {value}, not {about[name]}: "
                    "make it all again with --anew, or write another one"
                )


def identity(**parts: object) -> str:
    """Digest of what decides a training, whatever the computer or the folder.

    Args:
        parts: Plain JSON values.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def digest(directory: Path) -> str:
    """Identity of what ships of a pipeline directory, "" where there is none."""
    if not all((directory / name).is_file() for name in SHIPPED):
        return ""
    return hashlib.sha256(b"".join((directory / name).read_bytes() for name in SHIPPED)).hexdigest()
