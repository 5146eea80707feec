"""What budgets cost last time, kept where pytest keeps what it remembers; nothing depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_edgesense.rows import Row

CACHE = "edgesense/seconds"
MINUTE = 60


def key(test: str, device: str) -> str:
    """Return the name of a test's cost on a device."""
    return f"{test} on {device}"


def read(config: pytest.Config) -> Mapping[str, float]:
    """Return seconds by key; nothing where pytest keeps nothing."""
    cache = getattr(config, "cache", None)
    said = None if cache is None else cache.get(CACHE, None)
    if not isinstance(said, dict):
        return {}
    return {str(name): float(value) for name, value in said.items() if isinstance(value, int | float)}


def keep(config: pytest.Config, rows: Iterable[Row]) -> None:
    """Remember what a run's budgets cost, beside those of other tests."""
    cache = getattr(config, "cache", None)
    spent = {key(row.test, row.device): round(row.seconds, 2) for row in rows if row.verdict is not None}
    if cache is not None and spent:
        cache.set(CACHE, dict(read(config)) | spent)


def told(seconds: float) -> str:
    """Return a duration as people say it: ``8 s``, ``3 min``."""
    return f"{seconds:.0f} s" if seconds < 1.5 * MINUTE else f"{seconds / MINUTE:.0f} min"
