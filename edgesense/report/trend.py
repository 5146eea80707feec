"""What was accepted for tests, commit by commit: read from git in three processes, however many tests there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgesense.errors import BaselineError, MeasurementError
from edgesense.perf import history, schema
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.history import Change
from edgesense.perf.records import Baseline
from edgesense.report.records import RunRecord, Step

COMMITS = 500
"""Commits that are looked at for all tests of a run, the newest ones."""
MOST = 40
"""Commits of one test that are kept."""

Trend = Mapping[str, Sequence[Step]]
"""By limit, the oldest first; numbers that a commit did not store are not there."""


def add(run: RunRecord, root: Path, baselines: Path, most: int = COMMITS) -> RunRecord:
    """Return a run with the trend of each result, or with a sentence that says why there is none.

    Args:
        run: The run.
        root: The project's root.
        baselines: Where its baselines are kept, absolute.
        most: As many commits at the most, the newest ones.
    """
    top = history.top(root)
    if top is None:
        return replace(run, trend_note="no trend: the project lies in no git repository")
    by_file: dict[Path, list[Change]] = defaultdict(list)
    try:
        changes, cut = history.changes(top, baselines, most)
        for change in changes:
            by_file[(top / change.path).resolve()].append(change)
        wanted = {path: some[:MOST] for path, some in by_file.items()}
        contents = _contents(top, [change for some in wanted.values() for change in some])
    except MeasurementError as error:
        return replace(run, trend_note=f"no trend: {error}")
    store = DirectoryStore(baselines)
    found = []
    for result in run.results:
        path = store.path(result.test, result.device).resolve()
        found.append(replace(result, trend=_steps(wanted.get(path, ()), contents, result.test, result.device)))
    note = "older commits are not shown: the clone is shallow, or the history is long" if cut else ""
    return replace(run, results=tuple(found), trend_note=note if changes else "no trend: no commit stored a baseline")


def of(root: Path, baselines: Path, test: str, device: str, most: int = MOST) -> Trend:
    """Return what was accepted for one test on a device; nothing outside of a repository.

    Args:
        root: The project's root.
        baselines: Where baselines are kept, from `root` unless it is absolute.
        test: The test's stable name.
        device: The device's name.
        most: As many commits at the most, the newest ones.

    Returns:
        Commits whose file cannot be read are left out.

    Raises:
        MeasurementError: If git cannot be asked, or has no commit yet.
    """
    top = history.top(root)
    if top is None:
        return {}
    path = DirectoryStore((root / baselines).absolute()).path(test, device)
    changes = history.changes(top, path, most).found
    return _steps(changes, _contents(top, changes), test, device)


def _contents(top: Path, changes: Sequence[Change]) -> Mapping[str, bytes | None]:
    objects = list(dict.fromkeys(change.blob for change in changes))
    return dict(zip(objects, history.blobs(top, objects), strict=True)) if objects else {}


def _steps(changes: Sequence[Change], contents: Mapping[str, bytes | None], test: str, device: str) -> Trend:
    steps: dict[str, list[Step]] = defaultdict(list)
    for change in reversed(changes):
        baseline = _baseline(contents[change.blob], change.commit)
        if baseline is None or (baseline.test, baseline.device) != (test, device):
            continue
        for limit, reading in baseline.readings.items():
            steps[limit].append(Step(change.commit, change.when, reading.value, reading.known))
    return {limit: tuple(some) for limit, some in steps.items()}


def _baseline(content: bytes | None, commit: str) -> Baseline | None:
    try:
        return schema.load_baseline((content or b"").decode(), history.short(commit))
    except (BaselineError, UnicodeDecodeError):
        return None
