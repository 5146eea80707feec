"""What a budget is about: something that runs, and may know right answers and its own stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class Workload(Protocol):
    """One deployable pipeline, the thing a budget is about.

    Beside these, a workload may have ``labelled() -> Iterable[tuple[item, expected]]`` (then `acc` can be
    asked), ``labelled_part(share, shares)`` (every ``shares``-th of them from ``share`` on, where making the others can
    be spared), ``labelled_digest() -> str`` (identity of the items, not of their labels), ``reference() ->
    Workload | None`` (then `acc_drop` can be asked), ``hop_seconds`` (how often it runs where it runs
    without end: then `battery_h` can be asked), ``subject() -> Mapping[str, JSON]`` and
    ``stages``, an ordered mapping of functions, each taking what the one before it returned.
    """

    def artifacts(self) -> Sequence[Path]:
        """Return the files that ship."""

    def example(self) -> object:
        """Return one typical input."""

    def run(self, item: object) -> object:
        """Run one inference, end to end."""


@runtime_checkable
class LabelledWorkload(Workload, Protocol):
    """A workload whose answers can be right or wrong."""

    def labelled(self) -> Iterable[tuple[object, object]]:
        """Yield (item, expected result of `run`)."""


@runtime_checkable
class StagedWorkload(Workload, Protocol):
    """A workload that says where its time goes."""

    @property
    def stages(self) -> Mapping[str, Callable[[object], object]]:
        """Stage name -> function, in order; each takes what the one before it returned."""
