"""What is another than in the baseline: settings, files, code, versions, parts of a number; read, not measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgesense.perf import growth, layout, metrics
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.profilers import _case
from edgesense.perf.records import Baseline, Measurement
from edgesense.perf.worker import source

NAMED = 5
FOLLOWING = ("model", "delegates")
LONG = 60
"""Characters of a value from which it is only said to be another."""


@dataclass(frozen=True)
class Changes:
    """Compares what was measured with what the baseline says of itself."""

    name: str = "changes"
    always: bool = True
    cost: float = 0.0

    @property
    def explains(self) -> frozenset[str]:
        """Every limit."""
        return frozenset(metrics.every())

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Write ``changes.txt`` where something differs; see `edgesense.perf.interfaces.Profiler`."""
        if case.measurement is None or case.accepted is None:
            return []
        changed = list(_changed(case, case.accepted, case.measurement))
        moved = list(_moved(case))
        if not changed and not moved:
            return []
        path = _case.write(directory, "changes.txt", ["what is another than in the baseline", "", *moved, *changed])
        title = "what is another than in the baseline"
        return [Attachment(title, path, summary=(*moved, *changed), kind=self.name)]


def _moved(case: Case) -> Iterator[str]:
    """Yield how the parts of each number that broke have moved, the part that grew most first."""
    assert case.measurement is not None  # noqa: S101 - the caller has looked
    assert case.accepted is not None  # noqa: S101
    for limit in sorted(case.limits):
        now, before = case.measurement.readings.get(limit), case.accepted.readings.get(limit)
        if now is None or before is None or now.known is not before.known or len(now.parts) < 2:
            continue
        parts = growth.compare(now.parts, before.parts)
        if not any(part.growth for part in parts):
            continue
        texts = growth.signed([part.growth for part in parts], metrics.find(limit).unit)
        yield f"{limit}: {', '.join(f'{part.name} {text}' for part, text in zip(parts, texts, strict=True))}"


def _changed(case: Case, accepted: Baseline, now: Measurement) -> Iterator[str]:
    files = [] if accepted.origin is None or now.origin is None else _files(accepted.origin.files, now.origin.files)
    # A file that is named needs no digest beside it, and another model has other nodes for its delegates.
    told = FOLLOWING if files and accepted.subject.get("model") != now.subject.get("model") else ()
    before, after = ({key: one.subject[key] for key in one.subject if key not in told} for one in (accepted, now))
    yield from differences(before, after)
    if files:
        yield f"files of the pipeline: {', '.join(files)}"
    if accepted.origin is not None and now.origin is not None and accepted.origin.source != now.origin.source:
        names = _code(case)
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"the project's code{': ' if names else ''}{', '.join(names[:NAMED])}{more}"
    where = accepted.fingerprint
    yield from differences(where, {name: value for name, value in now.fingerprint.items() if name in where})


def _code(case: Case) -> list[str]:
    """Return the Python files that are others than in the commit whose code the baseline runs with."""
    if case.baseline is None or case.baseline.project is None:
        return []
    then, now = case.baseline.project.resolve(), layout.project_of(case.job)
    if then == now.resolve():
        return []
    # Only what git keeps is in the one; the other may hold whole environments.
    names = (path.relative_to(then) for path in sorted(then.rglob("*.py")) if _is_code(path))
    return [str(name) for name in names if source.digest(then / name) != source.digest(now / name)]


def _is_code(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(("test_", "conftest."))


def _files(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def differences(before: Mapping[str, Any], now: Mapping[str, Any], within: str = "") -> Iterator[str]:
    """Yield each value that is another, as ``features.n_fft 1024 -> 4096``; long ones are only named."""
    for name in dict.fromkeys([*before, *now]):
        first, second = before.get(name), now.get(name)
        if first == second:
            continue
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            yield from differences(first, second, f"{within}{name}.")
            continue
        texts = [_text(one) for one in (first, second)]
        long = any(len(text) > LONG for text in texts)
        yield f"{within}{name}" if long else f"{within}{name} {texts[0]} -> {texts[1]}"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


PROFILERS = (Changes(),)
