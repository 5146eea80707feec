"""Records to JSON and back; the only module that knows how a baseline is written.

History of the baseline's schema:
    1  test, device, fingerprint, subject, readings (base units, known, n, parts, labelled
       results as packed hex), elsewhere.
    2  adds origin: pipeline, files (path -> SHA-256) and source, the digest of the project's imported code;
       labelled results may name clips that were answered differently when asked again (unsteady).

History of the measurement's schema:
    1  kind ("measurement"), device, fingerprint, subject, environment, readings (as a baseline has them), missing
       (reason, remedy), notes, origin.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from edgesense.errors import BaselineError, InvalidInput, SchemaError
from edgesense.perf import metrics
from edgesense.perf.records import Baseline, Json, Known, Labelled, Measurement, Missing, Origin, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict

VERSION = 2
MEASUREMENT_VERSION = 1
MEASUREMENT = "measurement"
UNSTEADY = ("unsteady", "unsteady_reference")


def dump_baseline(baseline: Baseline) -> str:
    """Return a baseline as JSON text, stable and readable in a diff."""
    body = {
        "schema": VERSION,
        "test": baseline.test,
        "device": baseline.device,
        "fingerprint": dict(sorted(baseline.fingerprint.items())),
        "subject": dict(baseline.subject),
        "readings": {name: dump_reading(name, reading) for name, reading in sorted(baseline.readings.items())},
    }
    if baseline.origin is not None:
        body["origin"] = _dump_origin(baseline.origin)
    if baseline.elsewhere:
        body["elsewhere"] = {name: dict(where) for name, where in sorted(baseline.elsewhere.items())}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def load_baseline(text: str, origin: str) -> Baseline:
    """Return the baseline that `text` holds.

    Args:
        text: What `dump_baseline` wrote, of this or an earlier schema.
        origin: The file's name, for messages.

    Raises:
        SchemaError: If a newer release wrote it.
        BaselineError: If it is damaged.
    """
    try:
        body = json.loads(text)
        check_version(body["schema"], VERSION, origin)
        return Baseline(
            test=_text(body["test"]),
            device=_text(body["device"]),
            fingerprint=_texts(body["fingerprint"]),
            subject=dict(body["subject"]),
            readings={name: load_reading(one) for name, one in body["readings"].items()},
            elsewhere={name: _texts(where) for name, where in body.get("elsewhere", {}).items()},
            origin=_origin(body["origin"]) if "origin" in body else None,
        )
    except BaselineError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        what = f"{type(error).__name__}: {error}"
        msg = f"{origin} is damaged ({what}): restore it from version control, or delete it and store it anew"
        raise BaselineError(msg) from error


def dump_measurement(measurement: Measurement) -> dict[str, Json]:
    """Return a measurement as plain data; what was measured beside a baseline belongs to one run and is left out."""
    body: dict[str, Json] = {
        "schema": MEASUREMENT_VERSION,
        "kind": MEASUREMENT,
        "device": measurement.device,
        "fingerprint": dict(sorted(measurement.fingerprint.items())),
        "subject": dict(measurement.subject),
        "environment": dict(sorted(measurement.environment.items())),
        "readings": {name: dump_reading(name, one) for name, one in sorted(measurement.readings.items())},
        "missing": {
            name: {"reason": one.reason, "remedy": one.remedy} for name, one in sorted(measurement.missing.items())
        },
        "notes": list(measurement.notes),
    }
    if measurement.origin is not None:
        body["origin"] = _dump_origin(measurement.origin)
    return body


def load_measurement(text: str, origin: str) -> Measurement:
    """Return the measurement that `text` holds.

    Args:
        text: JSON of what `dump_measurement` gave, of this or an earlier schema.
        origin: The file's name, for messages.

    Raises:
        SchemaError: If a newer release wrote it.
        InvalidInput: If it is no measurement, or damaged.
    """
    try:
        body = json.loads(text)
        _check_kind(body.get("kind"))
        check_version(body["schema"], MEASUREMENT_VERSION, origin)
        return Measurement(
            device=_text(body["device"]),
            fingerprint=_texts(body["fingerprint"]),
            subject=dict(body["subject"]),
            readings={name: load_reading(one) for name, one in body["readings"].items()},
            missing={
                name: Missing(_text(one["reason"]), _text(one["remedy"])) for name, one in body["missing"].items()
            },
            notes=tuple(_text(note) for note in body["notes"]),
            environment=_texts(body["environment"]),
            origin=_origin(body["origin"]) if "origin" in body else None,
        )
    except SchemaError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        msg = f"{origin} is no measurement that can be read ({type(error).__name__}: {error})"
        raise InvalidInput(msg) from error


def _dump_origin(made_of: Origin) -> dict[str, Json]:
    files = dict(sorted(made_of.files.items()))
    return {"pipeline": made_of.pipeline, "source": made_of.source, "files": files}


def _origin(body: Mapping[str, Json]) -> Origin:
    return Origin(_text(body["pipeline"]), _texts(body["files"]), _text(body["source"]))


def _check_kind(kind: Any) -> None:
    if kind != MEASUREMENT:
        msg = f"kind is {kind!r}, not {MEASUREMENT!r}"
        raise ValueError(msg)


def check_version(version: Any, newest: int, origin: str) -> None:
    """Refuse a file of a schema that this release does not read.

    Args:
        version: What the file says.
        newest: The newest that is read.
        origin: The file's name, for messages.

    Raises:
        ValueError: If it is no version.
        SchemaError: If a newer release wrote it.
    """
    if type(version) is not int or version < 1:
        msg = f"schema {version!r} is no version"
        raise ValueError(msg)
    if version > newest:
        msg = f"{origin} is of schema {version!r}, this release reads up to {newest}: update pytest-edgesense"
        raise SchemaError(msg)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        msg = f"expected text, found {value!r}"
        raise TypeError(msg)
    return value


def _texts(body: Mapping[str, Json]) -> dict[str, str]:
    return {_text(key): _text(value) for key, value in body.items()}


def _number(value: Any) -> float:
    found = float(value)
    if not math.isfinite(found):
        # Nothing is ever worse than NaN: a damaged number would pass every comparison.
        msg = f"expected a finite number, found {value!r}"
        raise ValueError(msg)
    return found


def dump_reading(name: str, reading: Reading) -> dict[str, Json]:
    """Return a reading as plain data; the unit is there for who reads the file."""
    body: dict[str, Json] = {"value": reading.value, "low": reading.low, "high": reading.high}
    # A baseline may hold a number of a metric that is not installed here; it is kept.
    if name in metrics.every():
        body["unit"] = metrics.find(name).unit.base
    body |= {"known": reading.known.value, "n": reading.n}
    if reading.floor is not None:
        body["floor"] = reading.floor
    if reading.parts:
        body["parts"] = dict(reading.parts)
    if reading.note:
        body["note"] = reading.note
    if reading.labelled is not None:
        body["labelled"] = {
            "audio": reading.labelled.audio,
            "clips": len(reading.labelled.correct),
            "correct": _pack(reading.labelled.correct),
            "reference": _pack(reading.labelled.reference),
        }
        for key in UNSTEADY:
            if clips := getattr(reading.labelled, key):
                body["labelled"][key] = list(clips)
    return body


def load_reading(body: Mapping[str, Json]) -> Reading:
    """Return the reading of plain data."""
    labelled = body.get("labelled")
    return Reading(
        value=_number(body["value"]),
        low=_number(body["low"]),
        high=_number(body["high"]),
        known=Known(body["known"]),
        n=int(body["n"]),
        floor=None if body.get("floor") is None else _number(body["floor"]),
        parts={_text(key): _number(value) for key, value in body.get("parts", {}).items()},
        labelled=None if labelled is None else _labelled(labelled),
        note=str(body.get("note", "")),
    )


def _labelled(body: Mapping[str, Json]) -> Labelled:
    clips = int(body["clips"])
    reference = body.get("reference", "")
    return Labelled(
        _text(body["audio"]),
        _unpack(_text(body["correct"]), clips),
        _unpack(reference, clips) if reference else "",
        **{key: tuple(int(clip) for clip in body.get(key, ())) for key in UNSTEADY},
    )


def _pack(bits: str) -> str:
    """Return "0" and "1" as hexadecimal digits, four a digit, the last filled up with zeros."""
    padded = bits + "0" * (-len(bits) % 4)
    return "".join(f"{int(padded[start : start + 4], 2):x}" for start in range(0, len(padded), 4))


def _unpack(packed: str, count: int) -> str:
    bits = "".join(f"{int(digit, 16):04b}" for digit in packed)
    if not 0 <= len(bits) - count < 4:
        msg = f"{len(packed)} digits do not hold {count} results"
        raise ValueError(msg)
    return bits[:count]


def dump_verdict(verdict: Verdict) -> dict[str, Json]:
    """Return a verdict as plain data, as it crosses a process boundary and stands in reports."""
    return {
        "test": verdict.test,
        "device": verdict.device,
        "strict": verdict.strict,
        "notes": list(verdict.notes),
        "findings": [
            {
                "limit": finding.limit,
                "bound": finding.bound,
                "reading": None if finding.reading is None else dump_reading(finding.limit, finding.reading),
                "budget": None if finding.budget is None else finding.budget.value,
                "budget_letter": None if finding.budget is None else finding.budget.letter,
                "budget_word": None if finding.budget is None else finding.budget.word,
                "regression": finding.regression.value,
                "regression_letter": finding.regression.letter,
                "regression_word": finding.word,
                "before": finding.before,
                "change": None if finding.change is None else list(finding.change),
                "why": list(finding.why),
                "remedy": finding.remedy,
            }
            for finding in verdict.findings
        ],
    }


def load_verdict(body: Mapping[str, Json]) -> Verdict:
    """Return the verdict of plain data."""
    return Verdict(
        test=body["test"],
        device=body["device"],
        strict=body["strict"],
        notes=tuple(body["notes"]),
        findings=tuple(
            Finding(
                limit=one["limit"],
                bound=one["bound"],
                reading=None if one["reading"] is None else load_reading(one["reading"]),
                budget=None if one["budget"] is None else Outcome(one["budget"]),
                regression=Outcome(one["regression"]),
                before=one["before"],
                change=None if one["change"] is None else tuple(one["change"]),
                why=tuple(one["why"]),
                remedy=one["remedy"],
            )
            for one in body["findings"]
        ),
    )
