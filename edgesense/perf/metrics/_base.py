"""What the metrics share: the record of one, a tolerance, and how series of several processes are joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from edgesense.errors import NotMeasured
from edgesense.perf.records import Known, Reading, Report
from edgesense.perf.units import Unit


@dataclass(frozen=True)
class Allowance:
    """A tolerance: the larger of a share of the baseline and an absolute amount in base units.

    Attributes:
        relative: Share of the baseline's value.
        absolute: In base units.
        depends_on: Entries of the fingerprint that must be equal for a comparison.
    """

    relative: float = 0.0
    absolute: float = 0.0
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampledMetric:
    """A metric made of a probe and a pure function; see `edgesense.perf.interfaces.Metric`.

    Attributes:
        name: The limit, as in ``latency_ms``.
        unit: Its unit.
        probe: ``package.module:function`` that samples it in a worker.
        reducer: Takes the processes' reports and how the number is known, and returns it.
        lower_is_better: Whether the limit is an upper bound.
        processes: How many fresh processes are sampled.
        judged: Whether a limit is held against the number or against its whole interval.
        tolerance: How far it may be from a stored baseline; None if it is never compared with one.
        by_part: Whether each part is compared as well as the total.
        gated: The series that the paired gate compares; None where it compares none.
        maximum: The largest limit that makes sense, in base units.
        here: How `host` knows it; None where devices name it themselves.
        divisible: Whether the probe can be asked in shares; see `edgesense.perf.interfaces.Metric`.
    """

    name: str
    unit: Unit
    probe: str
    reducer: Callable[[Sequence[Report], Known], Reading]
    lower_is_better: bool = True
    processes: int = 1
    judged: Literal["value", "interval"] = "value"
    tolerance: Allowance | None = None
    by_part: bool = False
    gated: str | None = None
    maximum: float | None = None
    here: Known | None = None
    divisible: bool = False

    def reduce(self, reports: Sequence[Report], known: Known) -> Reading:
        """Return the number that the processes' reports give."""
        return self.reducer(reports, known)


def rhythm(workload: Any) -> dict[str, float]:
    """Return what a workload says of how often it runs, as facts of a report."""
    hop = getattr(workload, "hop_seconds", None)
    return {} if hop is None else {"hop_seconds": float(hop)}


def joined(reports: Sequence[Report], name: str) -> tuple[float, ...]:
    """Return the values of one series over all processes.

    Raises:
        NotMeasured: If no process has it; the series the workload does have are named.
    """
    values = tuple(value for report in reports if name in report.series for value in report.series[name].values)
    if not values:
        there = sorted({key for report in reports for key in report.series})
        msg = f"the workload gave no {name!r}; it gave {', '.join(there) or 'nothing'}"
        raise NotMeasured(msg)
    return values


def interleave(shares: Sequence[Sequence[str]]) -> list[str]:
    """Return the answers of all shares, each of every so-manieth item, in the order of the items."""
    together = [answer for turn in zip_longest(*shares) for answer in turn]
    return [answer for answer in together if answer is not None]
