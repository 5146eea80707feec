"""What stands behind a test's verdict, in the form that reports are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from edgesense.perf.cases import Attachment
from edgesense.perf.records import Baseline, Measurement, Paired, Reading
from edgesense.report.records import Attached, Distribution, Evidence, Setting
from pytest_edgesense.reporting import shown_path


def gather(
    pipeline: str,
    measurement: Measurement,
    baseline: Baseline | Exception | None,
    attachments: Iterable[Attachment],
    root: Path,
) -> Evidence:
    """Return what stands behind a verdict.

    Args:
        pipeline: What was measured, "" where nothing had to be.
        measurement: What it gave.
        baseline: What it was compared with, or why that cannot be read.
        attachments: What explains it.
        root: The directory that paths are shown from.
    """
    stored = baseline if isinstance(baseline, Baseline) else None
    return Evidence(
        pipeline=pipeline,
        measured=Setting(measurement.subject, measurement.fingerprint, measurement.environment),
        baseline=None if stored is None else Setting(stored.subject, stored.fingerprint),
        distributions=_distributions(measurement.readings, measurement.paired),
        attached=tuple(_attached(one, root) for one in attachments),
    )


def _distributions(readings: Mapping[str, Reading], paired: Mapping[str, Paired]) -> dict[str, Distribution]:
    found = {}
    for name in dict.fromkeys([*readings, *paired]):
        alone = readings[name].spread if name in readings else ()
        beside = paired.get(name, Paired())
        if alone or beside.baseline:
            both = tuple(zip(beside.baseline, beside.candidate, strict=True))
            found[name] = Distribution(alone, *beside.spread, both, beside.discarded)
    return found


def _attached(one: Attachment, root: Path) -> Attached:
    path = "" if one.path is None else Path(shown_path(one.path, root)).as_posix()
    return Attached(one.title, path, one.reason, one.kind, one.summary)
