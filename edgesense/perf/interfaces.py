"""The seams: what a workload, a device, a metric, a profiler and a baseline store must offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, Self, runtime_checkable

from edgesense.perf.cases import Attachment, Case
from edgesense.perf.records import Baseline, Job, Json, Known, Measurement, Reading, Report
from edgesense.perf.units import Unit

if TYPE_CHECKING:
    from edgesense.perf.processes import Exchange

PRODUCT = "{product}"
"""In a tool's arguments: the file that it is to write."""


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


class Profiler(Protocol):
    """Explains a broken budget with lines and files, in later processes of its own."""

    @property
    def name(self) -> str:
        """As it is shown in reports."""

    @property
    def explains(self) -> frozenset[str]:
        """The limits it helps with."""

    @property
    def always(self) -> bool:
        """Whether it is also run for other limits, after those that help with them."""

    @property
    def cost(self) -> float:
        """About how many seconds it takes; of two that help, the cheaper one goes first."""

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Explain a case with files in `directory`; return nothing where it has nothing to say of it.

        Args:
            case: What broke. Where the baseline's pipeline can be run, what grew between the two is what is wanted.
            directory: It is there.

        Raises:
            EdgeSenseError: If it cannot be done; the reason is shown instead of a file.
            OSError: If a file cannot be written or a tool not started.
        """


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


JsonObject = Mapping[str, Json]
