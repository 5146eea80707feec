"""What was accepted for every test of a run, commit by commit: two git processes for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from edgesense.errors import BaselineError, MeasurementError
from edgesense.perf import history, schema
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.records import Baseline
from edgesense.report.records import Result, RunRecord, Step

COMMITS = 500
"""Commits that are looked at, the newest ones."""
MOST = 40
"""Commits of one baseline that are kept."""

Change = tuple[str, str, str]
"""A commit, its date and the object that holds a file's bytes since then."""


def add(run: RunRecord, root: Path, baselines: Path) -> RunRecord:
    """Return a run with the trend of each result, or with a sentence that says why there is none.

    Args:
        run: The run.
        root: The project's root.
        baselines: Where its baselines are kept, absolute.
    """
    top = history.top(root)
    if top is None:
        return replace(run, trend_note="no trend: the project lies in no git repository")
    try:
        changes, cut = below(top, baselines)
        wanted = {name: found[:MOST] for name, found in changes.items()}
        objects = list(dict.fromkeys(one for found in wanted.values() for _, _, one in found))
        contents = dict(zip(objects, history.blobs(top, objects), strict=True)) if objects else {}
    except MeasurementError as error:
        return replace(run, trend_note=f"no trend: {error}")
    store = DirectoryStore(baselines)
    found = []
    for result in run.results:
        name = store.path(result.test, result.device).relative_to(baselines).as_posix()
        found.append(replace(result, trend=_steps(result, wanted.get(name, []), contents)))
    return replace(run, results=tuple(found), trend_note=_note(changes, cut=cut))


def below(top: Path, directory: Path, most: int = COMMITS) -> tuple[dict[str, list[Change]], bool]:
    """Return what changed each file below a directory, the newest change first, and whether there may be more.

    Args:
        top: The repository's top.
        directory: Absolute; it need not be there any more.
        most: As many commits at the most.

    Raises:
        MeasurementError: If git cannot be asked, or has no commit yet.
    """
    inside = directory.resolve()
    if not inside.is_relative_to(top.resolve()):
        msg = f"{directory} lies outside of the repository"
        raise MeasurementError(msg)
    place = inside.relative_to(top.resolve()).as_posix()
    told = (
        "--no-color",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "-z",
        "--no-show-signature",
        "--format=%x00commit %H %cI",
    )
    said = history.run(top, history.LITERAL, "log", f"-{most}", *told, "HEAD", "--", place)
    found: dict[str, list[Change]] = defaultdict(list)
    commit = when = ""
    count = 0
    fields = iter(said.decode(errors="replace").split("\0"))
    for one in fields:
        text = one.strip()
        if text.startswith("commit "):
            _, commit, when = text.split()
            count += 1
        elif text.startswith(":"):
            blob, name = text.split()[3], next(fields, "")
            if blob.strip("0"):
                found[name.removeprefix(f"{place}/")].append((commit, when, blob))
    return found, count == most or bool(commit and history.is_cut(top, commit))


def _steps(result: Result, found: list[Change], contents: Mapping[str, bytes | None]) -> Mapping[str, tuple[Step, ...]]:
    steps: dict[str, list[Step]] = defaultdict(list)
    for commit, when, blob in reversed(found):
        baseline = _baseline(contents[blob], commit)
        if baseline is None or (baseline.test, baseline.device) != (result.test, result.device):
            continue
        for limit, reading in baseline.readings.items():
            steps[limit].append(Step(commit, when, reading.value, reading.known))
    return {limit: tuple(some) for limit, some in steps.items()}


def _baseline(content: bytes | None, commit: str) -> Baseline | None:
    try:
        return schema.load_baseline((content or b"").decode(), history.short(commit))
    except (BaselineError, UnicodeDecodeError):
        return None


def _note(changes: Mapping[str, list[Change]], *, cut: bool) -> str:
    if not changes:
        return "no trend: no commit has stored a baseline yet"
    return "older commits are not shown: the clone is shallow, or the history is long" if cut else ""
