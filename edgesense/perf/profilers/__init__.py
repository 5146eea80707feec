"""Tools that explain a broken budget, one a file; each runs later, in a process of its own.

A module here defines ``PROFILERS``, a tuple of `edgesense.perf.interfaces.Profiler`. Packages add theirs with the
entry-point group ``edgesense.profilers``, naming such a module.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A profiled worker imports this package and must not show the imports of the rest in its graph.
    from edgesense.perf.cases import Attachment, Case
    from edgesense.perf.interfaces import Profiler

    Once = Callable[[str, Callable[[], Sequence[Attachment]]], Sequence[Attachment]]

HOST = "host"


@lru_cache(maxsize=1)
def every() -> tuple[Profiler, ...]:
    """Return all profilers, this package's and those of entry points."""
    from importlib.metadata import entry_points

    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    modules += [entry.load() for entry in entry_points(group="edgesense.profilers")]
    return tuple(profiler for module in modules for profiler in getattr(module, "PROFILERS", ()))


def chosen(limits: Collection[str]) -> list[Profiler]:
    """Return the profilers that help with some limits, the cheaper first, then those that are always run."""
    known = sorted(every(), key=lambda profiler: profiler.cost)
    helping = [profiler for profiler in known if not profiler.explains.isdisjoint(limits)]
    return [*helping, *(one for one in known if one.always and one.explains.isdisjoint(limits))]


def explain(
    case: Case,
    directory: Path,
    *,
    record: Path | None = None,
    against: str | None = None,
    once: Once = lambda _, make: make(),
) -> list[Attachment]:
    """Profile later runs of a case's pipeline and of its baseline's, the profiler that helps most first.

    A profiler that cannot run leaves a reason in place of a file; nothing is raised.

    Args:
        case: What broke; its baseline's pipeline is looked for here where `record` is given.
        directory: Where the files go; made if it is not there.
        record: The baseline's file, which need not be there.
        against: A commit, branch or tag that is the baseline instead.
        once: Given a profiler's name and how its attachments are made; returns them, made earlier or now.
    """
    with _Arm(case, record, against).found() as arm:
        return [one for profiler in chosen(case.limits) for one in once(profiler.name, _Run(profiler, arm, directory))]


class _Run:
    """One profiler on one case."""

    def __init__(self, profiler: Profiler, arm: Callable[[], Case], directory: Path) -> None:
        self._profiler = profiler
        self._arm = arm
        self._directory = directory

    def __call__(self) -> Sequence[Attachment]:
        from edgesense.perf import measure, progress
        from edgesense.perf.cases import Attachment

        name = self._profiler.name
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            progress.tell(f"why, by {name}")
            # It loads this computer as a measurement does, and would spoil one beside it.
            with measure.alone(HOST):
                return self._profiler.profile(self._arm(), self._directory)
        except Exception as error:  # noqa: BLE001 - an explanation must never change a verdict, whoever wrote the profiler
            return [Attachment(f"no {name} profile", None, str(error) or type(error).__name__)]


class _Arm:
    """The baseline's pipeline of a case, looked for when the first profiler needs it."""

    def __init__(self, case: Case, record: Path | None, against: str | None) -> None:
        self._case = case
        self._record = record
        self._against = against
        self._known: Case | None = None

    @contextmanager
    def found(self) -> Iterator[Callable[[], Case]]:
        """Yield what returns the case with its baseline's pipeline, or with why there is none."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="edgesense-") as place:
            yield lambda: self._find(Path(place))

    def _find(self, place: Path) -> Case:
        from dataclasses import replace

        from edgesense.perf import arms
        from edgesense.perf.devices import host

        case = self._case
        if self._record is None or case.baseline is not None or case.alone:
            return case
        if self._known is None:
            try:
                against = self._against or self._committed()
                both = arms.find(host.Host(), case.job, case.accepted, self._record, place, against=against)
            except Exception as error:  # noqa: BLE001 - as above: what cannot be compared is shown alone
                self._known = replace(case, alone=str(error) or type(error).__name__)
            else:
                code = " with today's code" if both.uncovered else ""
                self._known = replace(case, baseline=both.baseline, against=f"{both.against}{code}")
        return self._known

    def _committed(self) -> str | None:
        """Return the commit of a baseline that does not say what it was made of, as a board's counts do not."""
        from edgesense.perf import history, layout

        accepted, record = self._case.accepted, self._record
        top = history.top(layout.project_of(self._case.job))
        if accepted is None or accepted.origin is not None or top is None or record is None:
            return None
        return history.last_change(top, record)


__all__ = ["HOST", "chosen", "every", "explain"]
