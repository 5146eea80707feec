"""One run's results: what every page, comment and file about it is made of. Frozen, plain, without pytest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgesense.perf.records import Json, Known
from edgesense.perf.verdicts import Outcome, Verdict


@dataclass(frozen=True)
class Place:
    """Where a test stands in its project.

    Attributes:
        file: Path from the project's root, with slashes.
        line: The first is 1.
    """

    file: str
    line: int


@dataclass(frozen=True)
class Setting:
    """What was measured, and where.

    Attributes:
        subject: Model digest, settings, runtime, threads.
        fingerprint: Architecture, CPU, operating system, versions.
        environment: What was said of threads before anything was imported.
    """

    subject: Mapping[str, Json] = field(default_factory=dict)
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Distribution:
    """How single calls spread, each side as `edgesense.perf.statistics.sketch` has it; base units.

    Attributes:
        alone: The calls that were held against the limit.
        baseline: The baseline's calls, in turns with the candidate's; () where it did not run.
        candidate: The candidate's, in the same turns.
        pairs: (10th percentile of the baseline, of the candidate), one a pair of processes.
        discarded: Pairs that were thrown away.
    """

    alone: tuple[float, ...] = ()
    baseline: tuple[float, ...] = ()
    candidate: tuple[float, ...] = ()
    pairs: tuple[tuple[float, float], ...] = ()
    discarded: int = 0


@dataclass(frozen=True)
class Attached:
    """A file that explains a broken budget, or the reason why there is none.

    What a profiler left (`edgesense.perf.cases.Attachment`) as it can be read on another computer: its path is a text
    from the project's root, not a file here.

    Attributes:
        title: One line that says what it shows, and of what.
        path: From the project's root with slashes where it lies below, else whole; "" where there is no file.
        reason: Why there is no file.
        kind: What it is, as in ``flamegraph``; "" where nobody said.
        summary: Lines that belong in the failure's own text.
    """

    title: str
    path: str = ""
    reason: str = ""
    kind: str = ""
    summary: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What stands behind a verdict.

    Attributes:
        pipeline: The workload's name.
        measured: What was measured, and where; None where nothing was.
        baseline: The same of the baseline; None without one.
        distributions: How calls spread, by limit.
        attached: What explains it, the most telling first.
    """

    pipeline: str = ""
    measured: Setting | None = None
    baseline: Setting | None = None
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    attached: tuple[Attached, ...] = ()


@dataclass(frozen=True)
class Step:
    """A number that one commit accepted for a limit.

    Attributes:
        commit: The commit's whole name.
        when: Its committer's date, ISO 8601.
        value: In base units.
        known: How it is known.
    """

    commit: str
    when: str
    value: float
    known: Known


@dataclass(frozen=True)
class Result:
    """One test on one device.

    Attributes:
        nodeid: The test as pytest names it, device and all.
        test: Its stable name, as baselines have it.
        device: The device's name.
        verdict: What its budget came to; None where nothing could be judged.
        place: Where the test stands; None where nobody said.
        outcome: The test's own: passed, failed, skipped.
        letter: The budget's, one character; "" where pytest's own says it.
        word: The same as a word.
        gates: Whether the budget may fail the test.
        blamed: Whether the test failed for its budget.
        failing: The limits that fail the test.
        failure: The whole text of the failure, "" where there is none.
        absent: Limits that name other devices only.
        against: What times were measured beside, a line each.
        evidence: What stands behind it.
        seconds: What it took to measure.
        trend: What was accepted before, by limit, the oldest first.
    """

    nodeid: str
    test: str
    device: str
    verdict: Verdict | None
    place: Place | None = None
    outcome: str = ""
    letter: str = ""
    word: str = ""
    gates: bool = True
    blamed: bool = False
    failing: tuple[str, ...] = ()
    failure: str = ""
    absent: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    seconds: float = 0.0
    trend: Mapping[str, Sequence[Step]] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Whether its budget fails the test."""
        return bool(self.failing) or (self.verdict is None and bool(self.failure) and self.gates)

    @property
    def worst(self) -> Outcome | None:
        """The outcome that its letter stands for; None where it has none."""
        return next((one for one in Outcome if one.letter == self.letter), None)


@dataclass(frozen=True)
class RunRecord:
    """All budgets of one run.

    Attributes:
        results: A test on a device each, in the order they ran.
        said: The count of all budgets in one line.
        tally: The same as numbers.
        strict: Whether what is inconclusive or has no baseline failed too.
        strict_because: Why.
        against: The commit or tag that was compared with; None for what is stored.
        when: ISO 8601, UTC; "" where nobody said.
        commit: The project's, whole; "" without git.
        modified: Whether the project's files differed from it.
        release: Of pytest-edgesense.
        problems: What could not be stored or written.
        trend_note: Why there is no trend, or only a part of it; "" where there is nothing to say.
    """

    results: tuple[Result, ...] = ()
    said: str = ""
    tally: Mapping[str, int] = field(default_factory=dict)
    strict: bool = False
    strict_because: str = ""
    against: str | None = None
    when: str = ""
    commit: str = ""
    modified: bool = False
    release: str = ""
    problems: tuple[str, ...] = ()
    trend_note: str = ""
