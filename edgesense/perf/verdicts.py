"""What budgets and comparisons came to: an outcome, a limit's finding, a test's verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique

from edgesense.perf.records import Reading


@unique
class Outcome(Enum):
    """What a budget or a comparison came to."""

    MET = "MET"
    OVER = "OVER"
    INCONCLUSIVE = "INCONCLUSIVE"
    SAME = "SAME"
    BETTER = "BETTER"
    DRIFT = "DRIFT"
    REGRESSED = "REGRESSED"
    NO_BASELINE = "NO BASELINE"
    NOT_COMPARABLE = "NOT COMPARABLE"
    NOT_COMPARED = "not compared"

    @property
    def word(self) -> str:
        """What is printed; `Finding.word` also tells a faster pipeline from a better one."""
        return self.value

    @property
    def letter(self) -> str:
        """One character, for rows of many."""
        return LETTERS[self]


LETTERS = {
    Outcome.MET: ".",
    Outcome.OVER: "O",
    Outcome.INCONCLUSIVE: "?",
    Outcome.SAME: "=",
    Outcome.BETTER: "+",
    Outcome.DRIFT: "~",
    Outcome.REGRESSED: "R",
    Outcome.NO_BASELINE: "n",
    Outcome.NOT_COMPARABLE: "/",
    Outcome.NOT_COMPARED: "-",
}


@dataclass(frozen=True)
class Finding:
    """One limit's result.

    Attributes:
        limit: Its name.
        bound: In base units; None where the number is only compared.
        reading: The number, or None where it is missing.
        budget: MET, OVER, INCONCLUSIVE, or None without a bound.
        regression: SAME ... NOT COMPARED.
        before: The baseline's value in base units, if there is one.
        change: What the paired gate found, as a share: median, lower and upper end.
        why: Each reason in words, the most important first.
        remedy: The next command or step.
    """

    limit: str
    bound: float | None
    reading: Reading | None
    budget: Outcome | None
    regression: Outcome
    before: float | None = None
    change: tuple[float, float, float] | None = None
    why: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def word(self) -> str:
        """The regression's word: FASTER where what got better was a time."""
        faster = self.regression is Outcome.BETTER and self.change is not None
        return "FASTER" if faster else self.regression.word


@dataclass(frozen=True)
class Verdict:
    """What a test's budget came to on one device."""

    test: str
    device: str
    findings: tuple[Finding, ...]
    strict: bool = False
    notes: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The findings that fail the test."""
        return tuple(finding for finding in self.findings if self._fails(finding))

    @property
    def failed(self) -> bool:
        """Whether the test fails."""
        return bool(self.broken)

    def _fails(self, finding: Finding) -> bool:
        if finding.budget is Outcome.OVER or finding.regression is Outcome.REGRESSED:
            return True
        unsure = Outcome.INCONCLUSIVE in {finding.budget, finding.regression}
        return self.strict and (unsure or finding.regression is Outcome.NO_BASELINE)
