"""What a project accepted, at a commit or as it is here, as a run's results: so it is compared like one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from edgesense.errors import BaselineError, BudgetError, InvalidInput, MeasurementError
from edgesense.perf import history, schema, units
from edgesense.perf.records import Baseline
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report.records import Evidence, Result, RunRecord, Setting

DEPTH = 2
"""A baseline lies below its device; what lies deeper is what pipelines are made of."""


def here(root: Path, baselines: Path) -> RunRecord:
    """Return what is accepted in the working tree.

    Args:
        root: The project's root.
        baselines: Where baselines are kept, absolute.

    Raises:
        InvalidInput: If a baseline cannot be read.
    """
    try:
        found = {path.relative_to(baselines): path.read_bytes() for path in sorted(baselines.glob("*/*.json"))}
    except OSError as error:
        msg = f"the baselines in {baselines} cannot be read: {error.strerror}"
        raise InvalidInput(msg) from error
    top = history.top(root)
    try:
        if top is not None:
            commit = history.resolve(top, "HEAD")
            modified = history.is_modified(top, baselines)
            return _run(found, commit=commit, when=history.when(top, commit), modified=modified)
    except (MeasurementError, BudgetError):
        # A repository without a commit, or baselines elsewhere: they are what they are.
        pass
    return _run(found)


def at(root: Path, baselines: Path, ref: str) -> RunRecord:
    """Return what was accepted at a commit.

    Args:
        root: The project's root.
        baselines: Where baselines are kept, absolute.
        ref: A commit, tag or branch.

    Raises:
        InvalidInput: If the project lies in no repository, or a baseline cannot be read.
        BudgetError: If git knows no such commit.
        MeasurementError: If git cannot be asked.
    """
    top = history.top(root)
    if top is None:
        msg = f"{ref!r} is no file, and no commit either: {root} lies in no git repository"
        raise InvalidInput(msg)
    commit = history.resolve(top, ref)
    listed = {path: blob for path, blob in history.files(top, commit, baselines).items() if _is_one(path)}
    contents = dict(zip(listed, history.blobs(top, list(listed.values())), strict=True)) if listed else {}
    missing = [path for path, content in contents.items() if content is None]
    if missing:
        msg = f"{missing[0]} of {ref} is not in this clone: {history.WHOLE}"
        raise InvalidInput(msg)
    found = {path: content for path, content in contents.items() if content is not None}
    return _run(found, commit=commit, when=history.when(top, commit))


def _is_one(path: Path) -> bool:
    return len(path.parts) == DEPTH and path.suffix == ".json"


def _run(contents: Mapping[Path, bytes], *, commit: str = "", when: str = "", modified: bool = False) -> RunRecord:
    results = [result for path, content in contents.items() for result in _results(_baseline(path, content))]
    return RunRecord(tuple(results), said(results), commit=commit, when=when, modified=modified)


def said(results: Iterable[Result]) -> str:
    """Return how many baselines there are, and of which devices."""
    stored = {(one.test, one.device) for one in results}
    devices = sorted({device for _, device in stored})
    return units.plural(len(stored), "baseline") + (f" on {', '.join(devices)}" if devices else "")


def _baseline(path: Path, content: bytes) -> Baseline:
    try:
        return schema.load_baseline(content.decode(), path.as_posix())
    except (BaselineError, UnicodeDecodeError) as error:
        msg = f"the baseline {path.as_posix()} cannot be read: {error}"
        raise InvalidInput(msg) from error


def _results(baseline: Baseline) -> Iterator[Result]:
    """Yield a baseline's numbers, those that were made in one place together."""
    places: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name in baseline.readings:
        where = baseline.elsewhere.get(name, baseline.fingerprint)
        places.setdefault(tuple(sorted(where.items())), []).append(name)
    for where_items, names in places.items():
        findings = tuple(
            Finding(name, None, baseline.readings[name], None, Outcome.NOT_COMPARED) for name in sorted(names)
        )
        evidence = Evidence(measured=Setting(baseline.subject, dict(where_items)))
        verdict = Verdict(baseline.test, baseline.device, findings)
        yield Result(baseline.test, baseline.test, baseline.device, verdict, evidence=evidence)
