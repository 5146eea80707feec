"""One limit: how it is sampled, what the samples come to, and how far it may move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from edgesense.perf.records import Known, Reading, Report
from edgesense.perf.units import Unit


class Metric(Protocol):
    """One limit: its unit, how it is sampled and how samples become a number."""

    @property
    def name(self) -> str:
        """The limit's name, as in ``latency_ms``."""

    @property
    def unit(self) -> Unit:
        """The limit's unit."""

    @property
    def lower_is_better(self) -> bool:
        """Whether the limit is an upper bound."""

    @property
    def probe(self) -> str:
        """``package.module:function`` that samples it in a worker."""

    @property
    def processes(self) -> int:
        """How many fresh processes are sampled."""

    @property
    def judged(self) -> Literal["value", "interval"]:
        """Whether a limit is held against the number or against its whole interval."""

    @property
    def tolerance(self) -> Tolerance | None:
        """How far it may be from a stored baseline; None if it is never compared with a stored number."""

    @property
    def by_part(self) -> bool:
        """Whether each of a reading's parts (stages) is compared as well as the total."""

    @property
    def gated(self) -> str | None:
        """The series of a worker's session that the paired gate compares; None where it compares none."""

    @property
    def maximum(self) -> float | None:
        """The largest limit that makes sense, in base units; None without one."""

    @property
    def here(self) -> Known | None:
        """How `host` knows it, for a metric of a package of its own; None where devices name it themselves."""

    @property
    def divisible(self) -> bool:
        """Whether the probe can be asked in shares at once, each in a process of its own.

        Then its options have ``share`` and ``shares``, and `reduce` gets one report a share, in their order.
        """

    def reduce(self, reports: Sequence[Report], known: Known) -> Reading:
        """Return the number that the processes' reports give.

        Raises:
            NotMeasured: When the workload cannot answer it, with the reason.
        """


class Tolerance(Protocol):
    """The change from a baseline that is still the same."""

    @property
    def relative(self) -> float:
        """Share of the baseline's value."""

    @property
    def absolute(self) -> float:
        """In base units; the larger of the two holds."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Entries of the fingerprint that must be equal for a comparison."""
