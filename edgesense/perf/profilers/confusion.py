"""Which classes are confused: clips that are answered otherwise than by the baseline, and both confusion matrices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense.errors import NotMeasured
from edgesense.perf import statistics
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.metrics import accuracy
from edgesense.perf.profilers import _case
from edgesense.perf.records import Job

PROBE = accuracy.PROBE
TOLD = 3
LISTED = 500


@dataclass(frozen=True)
class Answers:
    """What a pipeline says of its labelled clips.

    Attributes:
        audio: Identity of the clips.
        expected: The label of each; () where the code that was asked does not tell.
        given: The answer to each.
        correct: "1" for each that was right.
    """

    audio: str
    expected: tuple[str, ...]
    given: tuple[str, ...]
    correct: str


@dataclass(frozen=True)
class Confusion:
    """Asks every labelled clip again, and the baseline's pipeline too where it can be run."""

    name: str = "confusion"
    always: bool = False
    cost: float = 10.0

    @property
    def explains(self) -> frozenset[str]:
        """Accuracy."""
        return frozenset({"acc", "acc_drop"})

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Write ``confusion.txt``; see `edgesense.perf.interfaces.Profiler`."""
        now = _asked(case.job)
        before, case = _case.of_baseline(case, _asked)
        if before is not None and (before.audio, len(before.given)) != (now.audio, len(now.given)):
            before, reason = None, f"{case.against} has other clips"
            case = replace(case, baseline=None, alone=reason)
        if not before:
            before = _stored(case, now)
        summary = [*_labels(before, now), *(_lost(before, now) if before else _wrong(now))]
        lines = [*_case.head(case, f"answers to {len(now.given)} labelled clips"), *summary, ""]
        lines += [*_matrix("now", now), ""]
        if before is not None and before.given:
            lines += [*_matrix("before", before), "", *_matrix("now, less before", now, before), ""]
        lines += _flipped(before, now) if before is not None else []
        path = _case.write(directory, "confusion.txt", lines)
        told = _case.told(self, case, summary)
        return [Attachment(f"confusion and flipped clips{_case.elsewhere(case)}", path, "", told, self.name)]


def _asked(job: Job) -> Answers:
    told = _case.facts(job, PROBE, {"answers": True})
    if not told.get("correct"):
        raise NotMeasured(told.get("unlabelled", "the workload's labelled set is empty"))
    return Answers(told["audio"], tuple(told.get("expected", ())), tuple(told["answers"]), told["correct"])


def _stored(case: Case, now: Answers) -> Answers | None:
    """Return what the baseline's numbers hold: which clips were right, and of those, what was answered."""
    readings = case.accepted.readings if case.accepted else {}
    found: Any = next((one.labelled for name in ("acc", "acc_drop") if (one := readings.get(name))), None)
    if found is None or found.audio != now.audio or len(found.correct) != len(now.correct):
        return None
    return Answers(found.audio, (), (), found.correct)


def _labels(before: Answers | None, now: Answers) -> Iterator[str]:
    """Yield which clips are expected to be something else than before."""
    if before is None or len(before.expected) != len(now.expected):
        return
    moved = Counter((was, one) for was, one in zip(before.expected, now.expected, strict=True) if was != one)
    for (was, one), count in moved.most_common(TOLD):
        yield f"the label of {count} clips is another: {was} -> {one}"


def _lost(before: Answers, now: Answers) -> Iterator[str]:
    """Yield of which class clips were lost, and as what they are answered now, the most first."""
    lost, gained = statistics.flips(before.correct, now.correct)
    yield f"{len(lost)} clips lost, {len(gained)} gained of {len(now.correct)}"
    expected = now.expected or ("?",) * len(now.given)
    kinds = Counter((expected[clip], now.given[clip]) for clip in lost)
    total = Counter(expected)
    for (label, answer), count in kinds.most_common(TOLD):
        yield f"{count} of {total[label]} clips of {label}, right before, are now answered {answer}"


def _wrong(now: Answers) -> Iterator[str]:
    """Yield which class is taken for which, the most often first."""
    if now.expected:
        pairs = Counter((one, given) for one, given in zip(now.expected, now.given, strict=True) if one != given)
        total = Counter(now.expected)
        for (label, answer), count in pairs.most_common(TOLD):
            yield f"{count} of {total[label]} clips of {label} are answered {answer}"


def _matrix(title: str, answers: Answers, less: Answers | None = None) -> list[str]:
    """Return counts by label (rows) and answer (columns), those of another taken off."""
    counts = _counts(answers, answers.expected)
    if less is not None:
        counts.subtract(_counts(less, less.expected or answers.expected))
    names = sorted({name for pair in counts for name in pair} | {*answers.expected})
    width = max([len(name) for name in names] + [6]) + 2
    lines = [f"{title} (rows: label, columns: answer)", " " * width + "".join(f"{name:>{width}}" for name in names)]
    sign = "+" if less is not None else ""
    for row in names:
        cells = "".join(
            f"{counts[row, column]:>{sign}{width}d}" if counts[row, column] or not sign else f"{0:>{width}d}"
            for column in names
        )
        lines.append(f"{row:<{width}}{cells}")
    return lines


def _counts(answers: Answers, expected: Sequence[str]) -> Counter[tuple[str, str]]:
    return Counter(zip(expected, answers.given, strict=False))


def _flipped(before: Answers, now: Answers) -> list[str]:
    """Return each clip whose answer turned right or wrong."""
    lost, gained = statistics.flips(before.correct, now.correct)
    lines = []
    for what, clips in (("lost", lost), ("gained", gained)):
        for clip in clips[:LISTED]:
            label = now.expected[clip] if now.expected else "?"
            was = before.given[clip] if before.given else ("right" if what == "lost" else "wrong")
            lines.append(f"{what}: clip {clip}, label {label}, answer {was} -> {now.given[clip]}")
        if len(clips) > LISTED:
            lines.append(f"{what}: ... and {len(clips) - LISTED} more")
    return lines


PROFILERS = (Confusion(),)
