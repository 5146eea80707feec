"""How right predictions are, and whether two pipelines differ: pure functions of labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgesense.errors import DatasetError
from edgesense.perf.statistics import mcnemar, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class ClassScore:
    """One class.

    Attributes:
        label: Its name.
        clips: How many clips have this label.
        recall: Share of them that were called so; 0 without clips.
        recall_low: Lower end of its 95 % Wilson interval.
        recall_high: Upper end.
        precision: Share of those called so that are; 0 when none was.
        f1: Harmonic mean of the two.
    """

    label: str
    clips: int
    recall: float
    recall_low: float
    recall_high: float
    precision: float
    f1: float


@dataclass(frozen=True)
class Scores:
    """How one pipeline answered.

    Attributes:
        clips: How many.
        correct: How many right.
        accuracy: Share that is right.
        low: Lower end of its 95 % Wilson interval.
        high: Upper end.
        macro_f1: Mean F1 of the classes that have clips.
        balanced_accuracy: Mean recall of the classes that have clips.
        classes: Each class.
        confusion: Row: true class, column: predicted class, both in the order of `classes`.
    """

    clips: int
    correct: int
    accuracy: float
    low: float
    high: float
    macro_f1: float
    balanced_accuracy: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Comparison:
    """What changed from one pipeline's answers to another's on the same clips.

    Attributes:
        drop: The first one's accuracy minus the second one's.
        lost: Clips that only the first got right.
        gained: Clips that only the second got right.
        changed: Clips with another answer, right or wrong.
        p: McNemar's exact two-sided p of `lost` against `gained`.
    """

    drop: float
    lost: tuple[int, ...]
    gained: tuple[int, ...]
    changed: tuple[int, ...]
    p: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def score(expected: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Scores:
    """Score predictions.

    Args:
        expected: True label of each clip.
        predicted: Answer for each clip.
        labels: All classes, in the order that the tables are to have.

    Returns:
        The scores.

    Raises:
        DatasetError: There are no clips, not as many answers, or a label that is no class.
    """
    if not expected or len(expected) != len(predicted):
        raise DatasetError(f"{len(expected)} labelled clips and {len(predicted)} answers cannot be scored")
    unknown = (set(expected) | set(predicted)) - set(labels)
    if unknown:
        raise DatasetError(f"labels {', '.join(sorted(unknown))} are none of the classes {', '.join(labels)}")
    pairs = Counter(zip(expected, predicted, strict=True))
    confusion = tuple(tuple(pairs[true, called] for called in labels) for true in labels)
    classes = tuple(_class_score(label, index, confusion) for index, label in enumerate(labels))
    present = [one for one in classes if one.clips]
    correct = sum(confusion[index][index] for index in range(len(labels)))
    low, high = wilson(correct, len(expected))
    return Scores(
        clips=len(expected),
        correct=correct,
        accuracy=correct / len(expected),
        low=low,
        high=high,
        macro_f1=sum(one.f1 for one in present) / len(present),
        balanced_accuracy=sum(one.recall for one in present) / len(present),
        classes=classes,
        confusion=confusion,
    )


def _class_score(label: str, index: int, confusion: tuple[tuple[int, ...], ...]) -> ClassScore:
    right = confusion[index][index]
    clips = sum(confusion[index])
    called = sum(row[index] for row in confusion)
    low, high = wilson(right, clips) if clips else (0.0, 1.0)
    return ClassScore(
        label=label,
        clips=clips,
        recall=right / clips if clips else 0.0,
        recall_low=low,
        recall_high=high,
        precision=right / called if called else 0.0,
        f1=2 * right / (clips + called) if clips + called else 0.0,
    )


def compare(expected: Sequence[str], before: Sequence[str], after: Sequence[str]) -> Comparison:
    """Compare two pipelines' answers on the same clips.

    Args:
        expected: True label of each clip.
        before: Answers of the reference.
        after: Answers of the one in question.

    Returns:
        What was lost and gained.

    Raises:
        DatasetError: There are no clips, or not as many answers.
    """
    if not expected or not len(expected) == len(before) == len(after):
        raise DatasetError(f"{len(before)} and {len(after)} answers for {len(expected)} clips cannot be paired")
    triples = list(enumerate(zip(expected, before, after, strict=True)))
    lost = tuple(index for index, (true, first, second) in triples if first == true != second)
    gained = tuple(index for index, (true, first, second) in triples if first != true == second)
    changed = tuple(index for index, (_, first, second) in triples if first != second)
    return Comparison((len(lost) - len(gained)) / len(expected), lost, gained, changed, mcnemar(len(lost), len(gained)))
