"""What a person has to look at after a run: each limit that fails its test, or may not be what it seems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from edgesense.perf.verdicts import Finding, Outcome
from edgesense.report.records import Result, RunRecord


class Weight(IntEnum):
    """How much it matters; the heaviest first."""

    FAILS = 0
    OPEN = 1
    REMARKABLE = 2


HARD = {Outcome.OVER, Outcome.REGRESSED}
SOFT = {Outcome.INCONCLUSIVE, Outcome.DRIFT}


@dataclass(frozen=True)
class Concern:
    """One limit of one test, or a test that could not be judged.

    Attributes:
        result: The test on its device.
        finding: The limit; None where nothing could be judged.
        weight: How much it matters.
        said: Why, on one or more lines.
    """

    result: Result
    finding: Finding | None
    weight: Weight
    said: str

    @property
    def limit(self) -> str:
        """The limit's name, "" where nothing could be judged."""
        return "" if self.finding is None else self.finding.limit

    @property
    def title(self) -> str:
        """One line: ``latency_ms on pi: OVER``."""
        if self.finding is None:
            return f"not judged on {self.result.device}"
        hard = next((one for one in HARD if one in {self.finding.budget, self.finding.regression}), None)
        soft = next((one for one in SOFT if one in {self.finding.budget, self.finding.regression}), None)
        word = (hard or soft or self.finding.regression).word
        return f"{self.limit} on {self.result.device}: {word}"

    @property
    def file(self) -> str:
        """Where the test stands, from the project's root."""
        place = self.result.place
        return place.file if place is not None else self.result.test.partition("::")[0]

    @property
    def line(self) -> int:
        """The test's line there, 1 where nobody said."""
        return self.result.place.line if self.result.place is not None else 1


def of(run: RunRecord) -> list[Concern]:
    """Return a run's concerns, the heaviest first, else in the order of the run."""
    return sorted((one for result in run.results for one in _of(result)), key=lambda one: one.weight)


def _of(result: Result) -> Iterator[Concern]:
    if result.verdict is None:
        if result.failure:
            yield Concern(result, None, Weight.FAILS if result.gates else Weight.OPEN, result.failure)
        return
    for finding in result.verdict.findings:
        outcomes = {finding.budget, finding.regression}
        said = "\n".join(finding.why) or (finding.budget or finding.regression).word
        if finding.limit in result.failing:
            yield Concern(result, finding, Weight.FAILS, said)
        elif outcomes & HARD:
            yield Concern(result, finding, Weight.OPEN, f"{said}\n(it does not fail the test)")
        elif outcomes & SOFT:
            yield Concern(result, finding, Weight.REMARKABLE, said)
