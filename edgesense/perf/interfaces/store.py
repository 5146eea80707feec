"""Where accepted measurements are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edgesense.perf.records import Baseline


class BaselineStore(Protocol):
    """Where accepted measurements are kept."""

    def load(self, test: str, device: str) -> Baseline | None:
        """Return the baseline, None if there is none.

        Raises:
            BaselineError: If it is there and cannot be read.
        """

    def save(self, baselines: Sequence[Baseline]) -> Sequence[Path]:
        """Write each atomically and return the files' paths."""

    def tests(self, device: str) -> Sequence[str]:
        """Return the tests that have one."""

    def remove(self, test: str, device: str) -> None:
        """Remove one."""
