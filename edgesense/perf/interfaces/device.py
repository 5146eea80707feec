"""Something that measures, and what it may offer beside: a clock for pairs, tools, being set up, being lent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, runtime_checkable

from edgesense.perf.records import Job, Json, Known, Measurement

if TYPE_CHECKING:
    from edgesense.perf.processes import Exchange

PRODUCT = "{product}"
"""In a tool's arguments: the file that it is to write."""


class Device(Protocol):
    """Something that can measure: this computer, an emulated board, a real one."""

    @property
    def name(self) -> str:
        """As in ``--edge-device``; also its folder under ``baselines/``."""

    @property
    def names(self) -> frozenset[str]:
        """Every word that means it: name, aliases, profile."""

    def answers(self) -> Mapping[str, Known]:
        """Limit -> how this device would know it; a limit not named here is refused at collection."""

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """Return metrics that come with the ones asked for, compared but without a limit."""

    def fingerprint(self) -> Mapping[str, str]:
        """Return what must be equal for two of its measurements to be comparable."""

    def available(self) -> str | None:
        """Return None when all its answers can be had here, else the one command that would help."""

    def run(self, job: Job, directory: Path) -> Measurement:
        """Measure in fresh processes, never in this one.

        Raises:
            WorkerFailed: If a measuring process crashed, hung or was killed.
        """


class Talk(Protocol):
    """A worker with an open workload, spoken to step by step; see `edgesense.perf.worker.session`."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def opened(self) -> dict[str, Json]:
        """Wait until the workload is open; return what was said."""

    def do(self, what: str, **details: Json) -> dict[str, Json]:
        """Have one thing done and return the answer.

        Raises:
            WorkerFailed: If the worker crashed, hung or was killed.
        """


@runtime_checkable
class PairingDevice(Device, Protocol):
    """A device with a clock of its own, on which two pipelines can be measured side by side."""

    def session(self, job: Job, options: Mapping[str, Json]) -> Talk:
        """Start a fresh worker that opens a job's workload.

        Args:
            job: What it opens.
            options: ``series`` and ``item``, as `edgesense.perf.worker.session` has them.
        """


class Watching(NamedTuple):
    """How a tool is to watch a run.

    Attributes:
        tool: The program's name and its arguments, up to the worker's; `PRODUCT` stands for the file it writes.
        probe: ``module:function`` that the worker runs.
        options: The probe's.
        timeout_seconds: After this long both are ended.
    """

    tool: Sequence[str]
    probe: str
    options: Mapping[str, Json]
    timeout_seconds: float


class Profiled(NamedTuple):
    """A run under a tool, on a device.

    Attributes:
        said: What the worker and the tool said.
        job: What ran, as the device sees it: where its files lie there.
    """

    said: Exchange
    job: Job


@runtime_checkable
class ProfilingDevice(Device, Protocol):
    """A device on which a tool can start the worker and watch it."""

    def profiled(self, job: Job, how: Watching, produced: Path) -> Profiled:
        """Run a job under a tool there and bring back the file that it wrote.

        Args:
            job: What runs.
            how: Under which tool.
            produced: Where that file is put here; it is not there if the tool failed.

        Raises:
            EdgeSenseError: If it cannot be run there; in one line.
        """


class Ready(Protocol):
    """A device that is set up."""

    @property
    def summary(self) -> str:
        """One line of what is there."""

    def changes(self) -> Sequence[str]:
        """Return in words what differs from what this release pins."""


@runtime_checkable
class SettableDevice(Device, Protocol):
    """A device that has to be set up first."""

    def set_up(self, progress: Callable[[str, int, int], None]) -> Ready:
        """Make it usable; what is there already stays.

        Args:
            progress: Told of what is being done, how much is done and of how much.

        Raises:
            DeviceUnavailable: If a part cannot be had; the text says what to do.
        """


@runtime_checkable
class LeasingDevice(Device, Protocol):
    """A device that stands for several, of which one is had alone for a while."""

    def lease(self) -> AbstractContextManager[PairingDevice]:
        """Wait for a free one and have it alone.

        Raises:
            DeviceUnavailable: If none can be used.
        """
