"""What was measured and where, and how that differs from the baseline's; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgesense.report.records import Result, Setting

NONE = "–"
LONG = 48


@dataclass(frozen=True)
class Difference:
    """One thing that is another than in the baseline.

    Attributes:
        name: What it is, as in ``features.n_fft``.
        before: The baseline's.
        now: This run's.
    """

    name: str
    before: str
    now: str


@dataclass(frozen=True)
class Place:
    """One device as it was in this run.

    Attributes:
        device: Its name.
        facts: Name and value: fingerprint, then what its environment said of threads.
        results: How many results were measured so.
    """

    device: str
    facts: tuple[tuple[str, str], ...]
    results: int


def places(results: tuple[Result, ...]) -> list[Place]:
    """Return each device once; twice where it was not the same throughout the run."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    for result in results:
        setting = result.evidence.measured
        if setting is not None:
            facts = (*sorted(setting.fingerprint.items()), *sorted(setting.environment.items()))
            found[result.device, facts] = found.get((result.device, facts), 0) + 1
    return [Place(device, facts, count) for (device, facts), count in found.items()]


def differences(now: Setting | None, before: Setting | None) -> tuple[list[Difference], list[Difference]]:
    """Return how what was measured differs from the baseline's, and how the place does; none without a baseline."""
    if now is None or before is None:
        return [], []
    return (
        _between(_flat(before.subject), _flat(now.subject)),
        _between(dict(before.fingerprint), dict(now.fingerprint)),
    )


def subject(setting: Setting | None) -> list[tuple[str, str]]:
    """Return what was measured, name by name."""
    return [] if setting is None else [(name, short(value)) for name, value in _flat(setting.subject).items()]


def _between(before: Mapping[str, str], now: Mapping[str, str]) -> list[Difference]:
    names = dict.fromkeys([*before, *now])
    return [
        Difference(name, short(before.get(name, NONE)), short(now.get(name, NONE)))
        for name in names
        if before.get(name) != now.get(name)
    ]


def _flat(body: Mapping[str, Any], within: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in body.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{within}{name}.")
        else:
            found[f"{within}{name}"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return found


def short(text: str) -> str:
    """Return a text, the end of a very long one left out: a digest is known by its beginning."""
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"
