"""What one run of another benchmark tool said: plain records, whatever the file's format. Times are in seconds."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from edgesense.errors import InvalidInput


@dataclass(frozen=True)
class Timing:
    """The calls of one run as its tool summed them up.

    Attributes:
        average: Mean of the calls.
        count: How many there were; 0 where the tool does not say.
        fastest: The shortest call, None where the tool does not say.
        slowest: The longest.
        median: The middle call.
        p5: The 5th percentile.
        p95: The 95th percentile.
        rounded: By how much each may be off because it was printed so.

    Raises:
        InvalidInput: If they contradict one another: such a text is damaged.
    """

    average: float
    count: int = 0
    fastest: float | None = None
    slowest: float | None = None
    median: float | None = None
    p5: float | None = None
    p95: float | None = None
    rounded: float = 0.0

    def __post_init__(self) -> None:
        ordered = [one for one in (0.0, self.fastest, self.p5, self.median, self.p95, self.slowest) if one is not None]
        # Six digits of a mean are printed.
        slack = 2 * self.rounded + 1e-5 * self.average
        within = self._fastest - slack <= self.average <= self._slowest + slack
        if not within or any(after < before - slack for before, after in itertools.pairwise(ordered)):
            msg = f"times that contradict one another: mean {self.average:g} s of {ordered[1:]}"
            raise InvalidInput(msg)

    @property
    def _fastest(self) -> float:
        return self.average if self.fastest is None else self.fastest

    @property
    def _slowest(self) -> float:
        return self.average if self.slowest is None else self.slowest

    @property
    def low(self) -> float:
        """Where most calls begin: the 5th percentile, else the fastest call."""
        return max(0.0, (self._fastest if self.p5 is None else self.p5) - self.rounded)

    @property
    def high(self) -> float:
        """Where most calls end: the 95th percentile, else the slowest call."""
        return (self._slowest if self.p95 is None else self.p95) + self.rounded


@dataclass(frozen=True)
class Taken:
    """What one delegate took of the graph.

    Attributes:
        name: ``gpu``, ``nnapi``, ``xnnpack``, else what the tool calls it, in small letters.
        whole: Whether it computes the whole graph; None where that is not said.
        kernels: In how many kernels of its own.
        nodes: How many of the graph's nodes; None where that is not said.
        of: How many nodes the graph had when it came to it.
        reason: Why it took nothing.
    """

    name: str
    whole: bool | None = None
    kernels: int = 0
    nodes: int | None = None
    of: int | None = None
    reason: str = ""

    @property
    def nothing(self) -> bool:
        """Whether it took no node."""
        return self.whole is not True and not self.kernels and not self.nodes

    def __str__(self) -> str:
        if self.nothing:
            return f"{self.name} fell back: {self.reason or 'it took nothing of the graph'}"
        kernels = f" in {self.kernels} kernels" if self.kernels > 1 else ""
        if self.nodes is not None:
            return f"{self.name} took {self.nodes}{'' if self.of is None else f' of {self.of}'} nodes{kernels}"
        return f"{self.name} took {'the whole graph' if self.whole else 'a part of the graph'}{kernels}"


@dataclass(frozen=True)
class Operator:
    """One node of the graph, as the tool's profiler saw it.

    Attributes:
        kind: Its operator.
        name: Its own name.
        seconds: Mean time of one run of the graph.
        inner: Whether it is a part of a delegate's kernel, whose time has it already.
    """

    kind: str
    name: str
    seconds: float
    inner: bool = False


@dataclass(frozen=True)
class Run:
    """One process of a benchmark tool.

    Attributes:
        tool: Which one.
        inference: The timed calls.
        first_seconds: The first call, before any warm-up.
        init_seconds: Loading the model and preparing it.
        peak_bytes: Peak resident memory of the tool's process, None where it was not watched.
        grown_bytes: By how much its memory grew from its start to its end.
        graph: The model, as the tool was given it.
        threads: Threads of the runtime.
        taken: What became of delegates.
        operators: The nodes, where they were profiled.
        notes: What else the reader should know.
    """

    tool: str
    inference: Timing
    first_seconds: float | None = None
    init_seconds: float | None = None
    peak_bytes: float | None = None
    grown_bytes: float | None = None
    graph: str = ""
    threads: int | None = None
    taken: tuple[Taken, ...] = ()
    operators: tuple[Operator, ...] = ()
    notes: tuple[str, ...] = ()
