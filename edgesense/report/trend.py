"""A test's accepted numbers over the commits that accepted them, read from git in two processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import BaselineError
from edgesense.perf import history, metrics, schema
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.records import Known, Reading

MOST = 50


@dataclass(frozen=True)
class Value:
    """One accepted number.

    Attributes:
        value: In base units.
        unit: The base unit's name, "" for a limit that is not installed here.
        known: How it is known.
        low: Lower end of its interval, in base units.
        high: Upper end.
    """

    value: float
    unit: str
    known: Known
    low: float
    high: float


@dataclass(frozen=True)
class Point:
    """What one commit accepted for a test.

    Attributes:
        commit: Its whole name.
        when: The committer's date, ISO 8601.
        values: By limit; numbers that were not stored are not there.
        fingerprint: Where they were made.
    """

    commit: str
    when: str
    values: Mapping[str, Value]
    fingerprint: Mapping[str, str]


def trend(root: Path, baselines_dir: Path, test: str, device: str, most: int = MOST) -> tuple[Point, ...]:
    """Return what was accepted for a test on a device, commit by commit, the oldest first.

    Args:
        root: The project's root.
        baselines_dir: Where baselines are kept, from `root` unless it is absolute.
        test: The test's stable name.
        device: The device's name.
        most: As many commits at the most, the newest ones.

    Returns:
        A point for each commit up to HEAD that stored the baseline anew; () outside of a repository. Commits whose
        file cannot be read are left out.

    Raises:
        MeasurementError: If git cannot be asked, or has no commit yet.
    """
    top = history.top(root)
    if top is None:
        return ()
    path = DirectoryStore((root / baselines_dir).absolute()).path(test, device)
    found = history.changes(top, path, most)
    contents = history.blobs(top, [blob for _, _, blob in found]) if found else []
    points = []
    for (commit, when, _), content in zip(found, contents, strict=True):
        try:
            baseline = schema.load_baseline((content or b"").decode(), f"{path.name} of {history.short(commit)}")
        except (BaselineError, UnicodeDecodeError):
            continue
        if (baseline.test, baseline.device) == (test, device):
            values = {name: _value(name, reading) for name, reading in baseline.readings.items()}
            points.append(Point(commit, when, values, baseline.fingerprint))
    return tuple(reversed(points))


def _value(name: str, reading: Reading) -> Value:
    unit = metrics.find(name).unit.base if name in metrics.every() else ""
    return Value(reading.value, unit, reading.known, reading.low, reading.high)
