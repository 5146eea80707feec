"""`pipeline.json`, the record of what a pipeline directory is: read with every mistake named, written whole.

Schema 1: `schema`, `name`, `model`, `artifacts`, `features`, `classes`, and optionally `labelled`, `reference`
and `hop_seconds`.
Paths are relative to the directory; what ships may not lie outside it.
"""

from __future__ import annotations

import difflib
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edgesense.errors import PipelineError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesense.features.settings import FeatureSettings

SCHEMA = 1
NAME = "pipeline.json"
HOP_SECONDS = 0.5
"""From one answer about a stream to the next, where the record does not say."""

SPLITS = ("train", "validation", "calibration", "test")
_KEYS = ("schema", "name", "model", "artifacts", "features", "classes", "labelled", "reference", "hop_seconds")
_LABELLED_KEYS = {"synthetic": ("source", "split", "clips"), "manifest": ("source", "path", "folds")}


@dataclass(frozen=True)
class SyntheticSet:
    """Labelled clips of the embedded data set.

    Attributes:
        split: One of `SPLITS`.
        clips: How many, from the first.
    """

    split: str
    clips: int

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `pipeline.json`."""
        return {"source": "synthetic", "split": self.split, "clips": self.clips}


@dataclass(frozen=True)
class ManifestSet:
    """Labelled recordings of a manifest.

    Attributes:
        path: The manifest's directory, relative to the pipeline's or to the data folder.
        folds: The folds that are used; () for all.
    """

    path: str
    folds: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `pipeline.json`."""
        return {"source": "manifest", "path": self.path, "folds": list(self.folds)}


@dataclass(frozen=True)
class PipelineFile:
    """What a `pipeline.json` says.

    Attributes:
        directory: Where it lies.
        name: What the pipeline is called.
        model: Its `.tflite`, relative to the directory.
        artifacts: The other files that ship, relative to the directory; the model and the record always do.
        features: The front end's settings.
        classes: Names of the model's scores, in order.
        labelled: The clips that its accuracy is told from; None for none.
        reference: The pipeline directory that its accuracy is compared with, relative to its own; None for none.
        hop_seconds: How often it labels a stream; None where it does not say.
    """

    directory: Path
    name: str
    model: str
    features: FeatureSettings
    classes: tuple[str, ...]
    artifacts: tuple[str, ...] = ()
    labelled: SyntheticSet | ManifestSet | None = None
    reference: str | None = None
    hop_seconds: float | None = None

    @property
    def path(self) -> Path:
        """The record itself."""
        return self.directory / NAME

    def shipped(self) -> tuple[Path, ...]:
        """Every file that ships: the record, the model, and the other artifacts."""
        return (self.path, *(self.directory / name for name in dict.fromkeys((self.model, *self.artifacts))))

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        values: dict[str, Any] = {
            "schema": SCHEMA,
            "name": self.name,
            "model": self.model,
            "artifacts": list(dict.fromkeys((self.model, *self.artifacts))),
            "features": self.features.to_dict(),
            "classes": list(self.classes),
        }
        if self.labelled is not None:
            values["labelled"] = self.labelled.to_dict()
        if self.reference is not None:
            values["reference"] = self.reference
        if self.hop_seconds is not None:
            values["hop_seconds"] = self.hop_seconds
        return values

    def write(self) -> Path:
        """Write the record into its directory, whole or not at all.

        Returns:
            The path of the record.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        draft = self.directory / f".{NAME}.{os.getpid()}"
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(self.to_dict(), indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return draft.replace(self.path)

    def refuse_mismatch(self, taken: Sequence[tuple[int, ...]], given: tuple[int, ...]) -> None:
        """Refuse a model that does not take the features or does not give one score a class.

        Args:
            taken: Shape of each of its inputs, batch first.
            given: Shape of its first output.

        Raises:
            PipelineError: It does not.
        """
        if len(taken) != 1:
            raise PipelineError(f"{self.path}: key 'model' names {self.model!r}, which takes {len(taken)} inputs")
        frames, columns = self.features.shape
        if _without_ones(taken[0]) != _without_ones((frames, columns)):
            raise PipelineError(
                f"{self.path}: key 'features' makes {frames} frames of {columns} columns, but {self.model!r} takes an "
                f"input of shape {taken[0]}"
            )
        if math.prod(given) != len(self.classes):
            raise PipelineError(
                f"{self.path}: key 'classes' names {len(self.classes)} classes, but {self.model!r} gives scores of "
                f"shape {given}"
            )


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def read(directory: str | Path) -> PipelineFile:
    """Read the record of a pipeline directory.

    Args:
        directory: Where `pipeline.json` lies.

    Returns:
        What it says; the files that it names are there.

    Raises:
        PipelineError: It is missing, no JSON, of another schema, or says something that cannot be; the text names
            the file and the key.
    """
    path = Path(directory) / NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PipelineError(f"{directory} is no pipeline directory: it holds no {NAME}") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise PipelineError(f"{path} cannot be read as JSON: {error}") from error
    return _Reader(path).record(values)


class _Reader:
    """Turns JSON values into a record, and says of every mistake where it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, values: object) -> PipelineFile:
        if not isinstance(values, dict):
            raise PipelineError(f"{self._path} must hold a JSON object, not {_kind(values)}")
        schema = values.get("schema")
        if schema != SCHEMA or isinstance(schema, bool):
            newer = "; a newer EdgeSense wrote it" if isinstance(schema, int) and schema > SCHEMA else ""
            raise PipelineError(f"{self._path}: key 'schema' is {schema!r}, and only {SCHEMA} can be read{newer}")
        self._known(values, _KEYS)
        file = PipelineFile(
            directory=self._path.parent,
            name=self._text(values, "name"),
            model=self._text(values, "model"),
            artifacts=self._texts(values, "artifacts", least=0) if "artifacts" in values else (),
            features=self._features(values),
            classes=self._texts(values, "classes", least=2),
            labelled=self._labelled(values["labelled"]) if values.get("labelled") is not None else None,
            reference=self._text(values, "reference") if values.get("reference") is not None else None,
            hop_seconds=self._seconds(values) if values.get("hop_seconds") is not None else None,
        )
        self._files(file)
        return file

    def _known(self, values: Mapping[str, object], known: Sequence[str], of: str = "") -> None:
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
                raise self._error(of + key, f"is unknown{hint}")

    def _text(self, values: Mapping[str, object], key: str, of: str = "") -> str:
        value = self._value(values, key, of)
        if not isinstance(value, str) or not value.strip():
            raise self._error(of + key, f"must be a text, not {_kind(value)}")
        return value

    def _texts(self, values: Mapping[str, object], key: str, *, least: int, of: str = "") -> tuple[str, ...]:
        value = self._value(values, key, of)
        fits = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        if not isinstance(value, list) or not fits or len(value) < least:
            wanted = f"a list of at least {least} texts" if least else "a list of texts"
            raise self._error(of + key, f"must be {wanted}, not {json.dumps(value)}")
        if len(set(value)) < len(value):
            raise self._error(of + key, f"names one twice: {json.dumps(value)}")
        return tuple(value)

    def _value(self, values: Mapping[str, object], key: str, of: str = "") -> object:
        if key not in values:
            raise self._error(of + key, "is missing")
        return values[key]

    def _features(self, values: Mapping[str, object]) -> FeatureSettings:
        # SciPy comes with it, which a bare model does without.
        from edgesense.features.settings import FeatureSettings

        value = self._value(values, "features")
        if not isinstance(value, dict):
            raise self._error("features", f"must be an object, not {_kind(value)}")
        try:
            return FeatureSettings.from_dict(value)
        except SettingsError as error:
            raise self._error("features", f"cannot be used: {error}") from error

    def _labelled(self, value: object) -> SyntheticSet | ManifestSet:
        if not isinstance(value, dict):
            raise self._error("labelled", f"must be an object, not {_kind(value)}")
        source = self._choice(value, "source", tuple(_LABELLED_KEYS))
        self._known(value, _LABELLED_KEYS[source], of="labelled.")
        if source == "manifest":
            folds = [str(fold) for fold in value["folds"]] if isinstance(value.get("folds"), list) else None
            if folds is None and value.get("folds") is not None:
                raise self._error("labelled.folds", f"must be a list, not {_kind(value['folds'])}")
            return ManifestSet(self._text(value, "path", of="labelled."), tuple(folds or ()))
        clips = self._value(value, "clips", of="labelled.")
        if isinstance(clips, bool) or not isinstance(clips, int) or clips < 1:
            raise self._error("labelled.clips", f"must be a whole number of 1 or more, not {json.dumps(clips)}")
        return SyntheticSet(self._choice(value, "split", SPLITS), clips)

    def _choice(self, values: Mapping[str, object], key: str, known: tuple[str, ...]) -> str:
        value = self._text(values, key, of="labelled.")
        if value not in known:
            near = difflib.get_close_matches(value, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise self._error(f"labelled.{key}", f"is {value!r}, not one of {', '.join(known)}{hint}")
        return value

    def _seconds(self, values: Mapping[str, object]) -> float:
        value = values["hop_seconds"]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise self._error("hop_seconds", f"must be a number of seconds above 0, not {_kind(value)}")
        return float(value)

    def _files(self, file: PipelineFile) -> None:
        """Refuse files that are missing or could not ship with the directory."""
        named: list[tuple[Literal["model", "artifacts"], str]] = [("model", file.model)]
        named += [("artifacts", name) for name in file.artifacts]
        root = file.directory.resolve()
        for key, name in named:
            target = file.directory / name
            if not target.resolve().is_relative_to(root):
                raise self._error(
                    key, f"names {name!r}, which lies outside of the directory and could not ship with it"
                )
            if not target.is_file():
                raise self._error(key, f"names {name!r}, and there is no such file")

    def _error(self, key: str, text: str) -> PipelineError:
        return PipelineError(f"{self._path}: key {key!r} {text}")


def _kind(value: object) -> str:
    """What a JSON value is, for a message."""
    if value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value)
