"""Baselines in memory: a public fake for tests of what uses a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgesense.perf.records import Baseline


@dataclass
class MemoryStore:
    """Keeps baselines in a dictionary."""

    kept: dict[tuple[str, str], Baseline] = field(default_factory=dict)

    def load(self, test: str, device: str) -> Baseline | None:
        """Return the baseline of a test, None if there is none."""
        return self.kept.get((test, device))

    def save(self, baselines: Sequence[Baseline]) -> Sequence[Path]:
        """Keep each; there are no files."""
        self.kept.update({(baseline.test, baseline.device): baseline for baseline in baselines})
        return ()

    def tests(self, device: str) -> Sequence[str]:
        """Return the tests that have a baseline on a device."""
        return sorted(test for test, where in self.kept if where == device)

    def remove(self, test: str, device: str) -> None:
        """Forget one."""
        self.kept.pop((test, device), None)
