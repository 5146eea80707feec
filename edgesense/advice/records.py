"""The records of advice: a gain, a piece of advice, a box of the checklist, and the report they make."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, unique

from edgesense.perf.records import Known, Measurement, Reading
from edgesense.perf.units import Unit

COUNTED_ALIKE = 0.005
"""Two counts this near to one another are the same (`instructions_m`'s tolerance)."""
TIMED_ALIKE = 0.03
"""So are two times measured in turns (the paired gate's limit)."""


@unique
class Standing(Enum):
    """What a piece of advice came to, the most useful first."""

    DO = "do it"
    COSTS = "costs something else"
    LATER = "needs more"
    NOTHING = "no gain"


@unique
class Group(StrEnum):
    """Parts of the checklist, in its order."""

    MODEL = "model"
    FEATURES = "features"
    INFERENCE = "inference"
    MEMORY = "memory"
    TARGETS = "targets"


@unique
class Mark(StrEnum):
    """What stands in a box."""

    MET = "x"
    NOT_MET = " "
    UNKNOWN = "?"


@dataclass(frozen=True)
class Gain:
    """One quantity before and after a change, in base units.

    Attributes:
        quantity: What it is, in a few words.
        limit: The limit of `edgesense.perf` that it is about, such as ``instructions_m``.
        unit: Its unit.
        before: Without the change.
        after: With it.
        low: Lower end of the interval of `after`, as it was found beside this `before`.
        high: Upper end.
        known: How both are known.
        about: Where, or by whom it was found, to stand behind how it is known; "" where that says all.
        end_to_end: `before` of the whole call, where the quantity is a stage of it; 0 where it is the whole.
    """

    quantity: str
    limit: str
    unit: Unit
    before: float
    after: float
    low: float
    high: float
    known: Known
    about: str
    end_to_end: float = 0.0

    @property
    def share(self) -> float:
        """Saved share of the whole: 0.4 where four tenths are gone, below 0 where there is more of it."""
        whole = self.end_to_end or self.before
        return (self.before - self.after) / whole if whole else 0.0

    @property
    def sure(self) -> bool:
        """Whether it is a gain at the worst end of its interval; what is predicted from a count says no more."""
        return self.known is not Known.PREDICTED and self.high < self.before * (1 - self._alike)

    @property
    def worse(self) -> bool:
        """Whether it is a loss at the best end of its interval."""
        return self.known is not Known.PREDICTED and self.low > self.before * (1 + self._alike)

    @property
    def _alike(self) -> float:
        return {Known.MEASURED: TIMED_ALIKE, Known.COUNTED: COUNTED_ALIKE}.get(self.known, 0.0)


@dataclass(frozen=True)
class Accuracy:
    """Right answers before and after a change, on the same clips.

    Attributes:
        before: Share that is right.
        after: The same with the change.
        low: Lower end of the Wilson interval of `after`.
        high: Upper end.
        lost: Clips that were right and are no longer.
        gained: The other way.
        p: McNemar's exact p.
        clips: How many.
        judged_on: Which, in words.
    """

    before: float
    after: float
    low: float
    high: float
    lost: int
    gained: int
    p: float
    clips: int
    judged_on: str

    @property
    def falls(self) -> bool:
        """Whether more was lost than chance explains (p < 0.05), or than 2 points whatever the p."""
        return self.lost > self.gained and (self.p < 0.05 or self.before - self.after > 0.02)


@dataclass(frozen=True)
class Advice:
    """One thing to do, or that was tried.

    Attributes:
        name: The piece that says it.
        title: In a few words.
        why: The evidence, a sentence each.
        todo: The exact command or change.
        gains: What it brings, the one that it is sorted by first; () where that is not known.
        accuracy: What it does to right answers; None where nothing was judged.
        tried: Whether it was really done here.
        untried: Why not, "" where it was.
        standing: What it came to.
    """

    name: str
    title: str
    why: tuple[str, ...]
    todo: str
    gains: tuple[Gain, ...] = ()
    accuracy: Accuracy | None = None
    tried: bool = False
    untried: str = ""
    standing: Standing = Standing.LATER


@dataclass(frozen=True)
class Tick:
    """What stands in a box, and why."""

    mark: Mark
    why: str


@dataclass(frozen=True)
class Box:
    """One line of the checklist.

    Attributes:
        name: The piece or limit that it belongs to.
        group: The part that it stands in.
        text: What it asks.
        tick: What stands in it.
    """

    name: str
    group: Group
    text: str
    tick: Tick


@dataclass(frozen=True)
class Target:
    """One of the guide's targets, held against what was found.

    Attributes:
        limit: The limit's name.
        text: The target in words.
        bound: In base units.
        reading: What was found; None where nothing was.
        tick: Met, not met, or why that cannot be told.
    """

    limit: str
    text: str
    bound: float
    reading: Reading | None
    tick: Tick


@dataclass(frozen=True)
class Bar:
    """One part of a whole.

    Attributes:
        name: What it is.
        value: In the whole's base unit.
        inner: Whether it is a part of the bar above.
    """

    name: str
    value: float
    inner: bool = False


@dataclass(frozen=True)
class Whole:
    """Where something goes.

    Attributes:
        title: What it is and how it is known.
        unit: Of the bars.
        total: The whole.
        bars: Its parts.
    """

    title: str
    unit: Unit
    total: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Report:
    """All that was found.

    Attributes:
        pipeline: Its name as it was given.
        device: The device's name.
        about: What it is, in a line.
        targets: The verdict.
        wholes: Where instructions and bytes go.
        advice: Sorted, the most useful first.
        boxes: The checklist.
        measured: What the device said; None where nothing was asked.
        notes: What the reader should know.
        interrupted: Whether it ended before all was looked at.
    """

    pipeline: str
    device: str
    about: str
    targets: tuple[Target, ...] = ()
    wholes: tuple[Whole, ...] = ()
    advice: tuple[Advice, ...] = ()
    boxes: tuple[Box, ...] = ()
    measured: Measurement | None = None
    notes: tuple[str, ...] = ()
    interrupted: bool = False
