"""What may explain a broken budget, the most telling first: what later runs found, else what is another than before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgesense.report.page.surroundings import Difference
from edgesense.report.records import Attached

CHANGES, PLACE = "changes", "place"
AT_MOST = 6
"""Differences that are told without being asked for; all of them stand in the details."""


@dataclass(frozen=True)
class Cause:
    """What may explain a budget.

    Attributes:
        kind: What was looked at, as in ``stages``.
        lines: What was found there.
    """

    kind: str
    lines: tuple[str, ...]


def of(attached: Sequence[Attached], changed: Sequence[Difference], moved: Sequence[Difference]) -> list[Cause]:
    """Return what may explain a budget.

    Args:
        attached: What profilers left, the most telling first.
        changed: How what was measured differs from the baseline's; told where no profiler did.
        moved: How the place differs.
    """
    found: dict[str, list[str]] = {}
    for one in attached:
        if one.summary:
            found.setdefault(one.kind or one.title, []).extend(one.summary)
    told = {CHANGES: found.pop(CHANGES, []) or list(_differences(changed)), PLACE: list(_differences(moved))}
    return [Cause(kind, tuple(lines)) for kind, lines in (told | found).items() if lines]


def _differences(some: Sequence[Difference]) -> Iterator[str]:
    for one in some[:AT_MOST]:
        yield f"{one.name} {one.before} -> {one.now}"
    if len(some) > AT_MOST:
        yield f"and {len(some) - AT_MOST} more, in the details"
