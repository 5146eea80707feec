"""From a run's record to what the page's template writes: texts, places and drawings, no decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from edgesense.perf import units
from edgesense.perf.verdicts import Finding, Outcome
from edgesense.report.page import causes, surroundings, words
from edgesense.report.page.causes import Cause
from edgesense.report.page.files import Files, Shown
from edgesense.report.page.lines import Line, line, used
from edgesense.report.records import Result, RunRecord

NOT_JUDGED, FAILS = "not judged", "fails"
RANK = {outcome: place for place, outcome in enumerate(words.OUTCOMES)}
UNJUDGED = -1
"""The rank of what could not be judged: before everything else."""


@dataclass(frozen=True)
class Row:
    """One test on one device.

    Attributes:
        id: What a link to it ends with.
        result: The record it is made of.
        name: The test's name without its file.
        file: The test's file, and its line where it is known.
        word: What it came to.
        tone: bad, open, good or plain.
        rank: The smallest is the worst.
        order: Its place in the run.
        fails: Whether the test fails for its budget.
        nearest: The largest share of a limit that is used, for sorting.
        lines: Its limits.
        steps: What to do next.
        causes: What may explain it.
        attached: The files behind that.
        changed: How what was measured differs from the baseline's.
        moved: How the place differs.
        subject: What was measured.
        outcomes: Every outcome of its limits, for filtering.
    """

    id: str
    result: Result
    name: str
    file: str
    word: str
    tone: str
    rank: int
    order: int
    fails: bool
    nearest: float
    lines: tuple[Line, ...]
    steps: tuple[str, ...]
    causes: tuple[Cause, ...]
    attached: tuple[Shown, ...]
    changed: tuple[surroundings.Difference, ...]
    moved: tuple[surroundings.Difference, ...]
    subject: tuple[tuple[str, str], ...]
    outcomes: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """An outcome that rows can be chosen by: its word, its tone, how many rows have it, and what it means."""

    word: str
    tone: str
    count: int
    about: str


@dataclass(frozen=True)
class Page:
    """All that the template needs.

    Attributes:
        run: The record.
        headline: What the run came to, in one line.
        tone: bad, open or good.
        rows: The worst first.
        choices: What can be chosen by.
        devices: In the order they were met.
        places: Devices as they were in this run.
    """

    run: RunRecord
    headline: str
    tone: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...]
    devices: tuple[str, ...]
    places: tuple[surroundings.Place, ...]


def page(run: RunRecord, files: Files) -> Page:
    """Return a run as the page shows it; files that explain it are taken into `files`."""
    rows = sorted((_row(*one, files) for one in enumerate(run.results)), key=lambda row: (not row.fails, row.rank))
    headline, tone = _headline(rows, run)
    return Page(
        run,
        headline,
        tone,
        tuple(rows),
        tuple(_choices(rows)),
        tuple(dict.fromkeys(result.device for result in run.results)),
        tuple(surroundings.places(run.results)),
    )


def _headline(rows: list[Row], run: RunRecord) -> tuple[str, str]:
    failing, total = sum(row.fails for row in rows), run.tally.get("budgets", len(rows))
    unsure = sum(row.tone == "open" for row in rows)
    if failing:
        return f"{failing} of {units.plural(total, 'budget')} {'fails' if failing == 1 else 'fail'}", "bad"
    if not total:
        return "No budget was judged", "open"
    if unsure or len(rows) < total:
        return f"No budget of {total} fails; {unsure + total - len(rows)} to look at", "open"
    return "The budget holds" if total == 1 else f"All {total} budgets hold", "good"


def _choices(rows: list[Row]) -> Iterator[Choice]:
    """Yield what some row can be chosen by, the worst first."""
    yield from _choice(rows, FAILS, "bad", "the test fails for its budget")
    yield from _choice(rows, NOT_JUDGED, "bad", "the pipeline could not be measured")
    for outcome, about in words.OUTCOMES.items():
        if outcome is not Outcome.NOT_COMPARED:
            yield from _choice(rows, outcome.word, words.TONES[outcome], about)


def _choice(rows: list[Row], word: str, tone: str, about: str) -> Iterator[Choice]:
    count = sum(word in row.outcomes for row in rows)
    if count:
        yield Choice(word, tone, count, about)


def _row(order: int, result: Result, files: Files) -> Row:
    findings = result.verdict.findings if result.verdict is not None else ()
    met = [one for finding in findings for one in (finding.budget, finding.regression) if one is not None]
    word, tone, rank = _worst(met, result)
    file, _, name = result.nodeid.partition("::")
    changed, moved = surroundings.differences(result.evidence.measured, result.evidence.baseline)
    return Row(
        id=f"t-{hashlib.sha256(f'{result.nodeid} {result.device}'.encode()).hexdigest()[:10]}",
        result=result,
        name=name or result.nodeid,
        file=file + (f":{result.place.line}" if result.place is not None else ""),
        word=word,
        tone=tone,
        rank=rank,
        order=order,
        fails=result.fails,
        nearest=max(map(used, findings), default=0.0),
        lines=tuple(line(one, result) for one in findings),
        steps=tuple(dict.fromkeys(one.remedy for one in findings if one.remedy and _is_open(one, result))),
        causes=tuple(causes.of(result.evidence.attached, changed, moved)) if tone in {"bad", "open"} else (),
        attached=tuple(map(files.show, result.evidence.attached)),
        changed=tuple(changed),
        moved=tuple(moved),
        subject=tuple(surroundings.subject(result.evidence.measured)),
        outcomes=tuple(_outcomes(met, result)),
    )


def _worst(met: list[Outcome], result: Result) -> tuple[str, str, int]:
    """Return what a result came to as a word, its tone and its rank."""
    if not met:
        if not result.failure:
            return "no limit here", "plain", RANK[Outcome.NOT_COMPARED]
        return NOT_JUDGED, "bad" if result.fails else "open", UNJUDGED
    worst = min(met, key=RANK.__getitem__)
    tone = words.TONES[worst]
    return result.word or worst.word, "open" if tone == "bad" and not result.fails else tone, RANK[worst]


def _outcomes(met: list[Outcome], result: Result) -> list[str]:
    found = list(dict.fromkeys(one.word for one in met)) or ([NOT_JUDGED] if result.failure else [])
    return [*found, FAILS] if result.fails else found


def _is_open(finding: Finding, result: Result) -> bool:
    return finding.limit in result.failing or Outcome.INCONCLUSIVE in {finding.budget, finding.regression}
