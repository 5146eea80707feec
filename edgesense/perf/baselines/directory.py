"""Baselines as files: ``<root>/<device>/<slug>-<digest>.json``, one a test and device, made to be committed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import BaselineError
from edgesense.perf import schema
from edgesense.perf.files import write_atomically
from edgesense.perf.records import Baseline

SLUG_AT_MOST = 60


@dataclass(frozen=True)
class DirectoryStore:
    """Baselines below a directory.

    Attributes:
        root: The directory; it need not be there yet.
    """

    root: Path

    def path(self, test: str, device: str) -> Path:
        """Return the file of one test on one device."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", test.rpartition("/")[2].replace(".py::", "-")).strip("-").lower()
        digest = hashlib.sha256(test.encode()).hexdigest()[:10]
        return self.root / device / f"{words[:SLUG_AT_MOST].rstrip('-')}-{digest}.json"

    def load(self, test: str, device: str) -> Baseline | None:
        """Return the baseline of a test, None if there is none.

        Raises:
            BaselineError: If the file is there and cannot be read, or is about another test.
        """
        path = self.path(test, device)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{path.name} cannot be read: {error}"
            raise BaselineError(msg) from error
        baseline = schema.load_baseline(text, path.name)
        if (baseline.test, baseline.device) != (test, device):
            msg = (
                f"{path.name} is the baseline of {baseline.test} on {baseline.device}: it was moved or renamed by hand"
            )
            raise BaselineError(msg)
        return baseline

    def save(self, baselines: Sequence[Baseline]) -> Sequence[Path]:
        """Write each baseline atomically; return the files."""
        paths = []
        for baseline in baselines:
            path = self.path(baseline.test, baseline.device)
            write_atomically(path, schema.dump_baseline(baseline))
            paths.append(path)
        return paths

    def devices(self) -> Sequence[str]:
        """Return the devices that have baselines."""
        return sorted(path.name for path in self.root.glob("*") if any(path.glob("*.json")))

    def tests(self, device: str) -> Sequence[str]:
        """Return the tests that have a baseline on a device; damaged files are left out."""
        return list(self._files(device).values())

    def remove(self, test: str, device: str) -> None:
        """Remove the baseline of a test, whatever its file is called; nothing happens if there is none."""
        named = self.path(test, device)
        for path, about in {**self._files(device), named: test}.items():
            if about == test:
                path.unlink(missing_ok=True)

    def _files(self, device: str) -> dict[Path, str]:
        found = {}
        for path in sorted((self.root / device).glob("*.json")):
            try:
                found[path] = schema.load_baseline(path.read_text(encoding="utf-8"), path.name).test
            except (OSError, UnicodeDecodeError, BaselineError):
                continue
        return found
