"""A run's baselines: those here or those of another commit; read once, and stored by one process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest

from edgesense.errors import BaselineError, BudgetError, MeasurementError
from edgesense.perf import artifacts, baselines, history, schema
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.perf.interfaces import BaselineStore
from edgesense.perf.records import Baseline, Measurement
from edgesense.perf.verdicts import Verdict
from pytest_edgesense import reporting
from pytest_edgesense.rows import Row
from pytest_edgesense.settings import Settings


class Accepted:
    """What numbers are compared with, and where accepted ones go."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._here = DirectoryStore(settings.baselines)
        self._loaded: dict[tuple[str, str], Baseline | BaselineError | None] = {}

    @cached_property
    def _project(self) -> Path:
        return history.top(self._settings.root) or self._settings.root

    def record(self, test: str, device: str) -> Path:
        """Return the file of a test's baseline, which need not be there."""
        return self._here.path(test, device)

    @cached_property
    def commit(self) -> str | None:
        """The commit that is compared with, None for what is stored here.

        Raises:
            pytest.UsageError: If git knows no such commit.
        """
        ref, origin = self._settings.against, self._settings.against_from
        if ref is None:
            return None
        top = history.top(self._settings.root)
        if top is None:
            msg = f"{origin} = {ref!r} needs the project's history: {self._settings.root} lies in no git repository"
            raise pytest.UsageError(msg)
        try:
            return history.resolve(top, ref)
        except (BudgetError, MeasurementError) as error:
            msg = f"{origin}: {error}"
            raise pytest.UsageError(msg) from error

    @cached_property
    def _store(self) -> BaselineStore:
        top = history.top(self._settings.root)
        if self.commit is None or top is None:
            return self._here
        from edgesense.perf.baselines.git import GitStore

        return GitStore(top, self.commit, self._settings.baselines)

    def load(self, test: str, device: str) -> Baseline | BaselineError | None:
        """Return a test's baseline, the same one throughout the run; the error if it cannot be read."""
        key = (test, device)
        if key not in self._loaded:
            try:
                self._loaded[key] = self._store.load(test, device)
            except BaselineError as error:
                self._loaded[key] = error
        return self._loaded[key]

    def to_store(
        self, row: Row, verdict: Verdict, measurement: Measurement, old: Baseline | BaselineError | None
    ) -> Row:
        """Return a row with the baseline that is to be stored, where one is."""
        if self._settings.update is None or isinstance(old, BaselineError):
            return row
        new = baselines.accept(verdict, measurement, old, self._settings.update)
        if new is None:
            return row
        if new.origin is not None:
            with contextlib.suppress(OSError):
                # What cannot be held now may still be there at the end; if it is not, that is said then.
                artifacts.hold(new.origin, self._project)
        return replace(row, baseline=schema.dump_baseline(new), changes=reporting.changes(old, new))

    def write(self, rows: Iterable[Row]) -> Sequence[Path]:
        """Store the baselines of rows; called where the run is summed up, and nowhere else.

        Returns:
            Files beside the baselines that are to be committed with them: what git would not keep otherwise.

        Raises:
            OSError: If they cannot be written.
            MeasurementError: If a file that one was opened from has changed since, and is nowhere as it was.
        """
        accepted = [schema.load_baseline(row.baseline, row.test) for row in rows if row.baseline]
        # What a baseline was made of comes first: a record whose files are missing could never run again.
        origins = [one.origin for one in accepted if one.origin is not None]
        kept = [
            path for origin in origins for path in artifacts.keep_for(origin, self._project, self._settings.baselines)
        ]
        self._here.save(accepted)
        return list(dict.fromkeys(kept))
