"""Right answers on a labelled set, and how many fewer than the float pipeline gives."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from edgesense.errors import EdgeSenseError, NotMeasured
from edgesense.perf import statistics
from edgesense.perf.metrics._base import Allowance, SampledMetric
from edgesense.perf.records import Known, Labelled, Reading, Report
from edgesense.perf.units import RATIO

PROBE = f"{__name__}:probe"
AGAIN = 64
"""Clips that are asked a second time: 3 % more work on a set of 2,000."""


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Run every labelled item once, and the reference pipeline on the same items where it is asked for.

    Some of them, spread over the set, are asked again afterwards: an answer that is another then depends on more
    than its clip.

    Args:
        workload: An open `Workload`.
        options: ``reference``: whether the reference pipeline runs too; ``clips``: at most so many;
            ``answers``: whether each answer is returned, and what was expected (for agreement between devices,
            and for which classes are confused).

    Returns:
        Facts ``correct`` ("1" or "0" a clip), ``audio`` (identity of the items), ``reference``, ``answers``,
        ``expected``, and
        ``unsteady`` and ``unsteady_reference``: the clips that were answered differently when asked again.
    """
    unlabelled = _why_unlabelled(workload)
    if unlabelled:
        return {"series": {}, "facts": {"unlabelled": unlabelled}}
    reference = workload.reference() if options.get("reference") and hasattr(workload, "reference") else None
    digest, again = _Digest(workload), _Again()
    correct, compared, answers, labels = [], [], [], []
    for index, (item, expected) in enumerate(_first(workload.labelled(), options.get("clips"))):
        untouched = _copy(item) if again.wants(index) else None
        answer = workload.run(item)
        digest.add(item)
        correct.append("1" if answer == expected else "0")
        if options.get("answers"):
            answers.append(str(answer))
            labels.append(str(expected))
        other = None
        if reference is not None:
            other = reference.run(item)
            compared.append("1" if other == expected else "0")
        if again.wants(index):
            again.keep(index, untouched, answer, other)
    facts = {
        "correct": "".join(correct),
        "audio": digest.text(),
        "reference": "".join(compared),
        "answers": answers,
        "expected": labels,
        "unsteady": again.differing(workload.run, 0),
        "unsteady_reference": [] if reference is None else again.differing(reference.run, 1),
    }
    return {"series": {}, "facts": facts}


def _why_unlabelled(workload: Any) -> str:
    """Return why there is no labelled set; "" if there is one."""
    try:
        _ = workload.labelled
    except AttributeError as error:
        # A workload of this project says what it lacks.
        known = isinstance(error, EdgeSenseError)
        return str(error) if known else "the workload has no labelled set: labelled() yields (item, expected answer)"
    return ""


def _first(pairs: Iterable[tuple[Any, Any]], count: int | None) -> Iterable[tuple[Any, Any]]:
    for index, pair in enumerate(pairs):
        if count is not None and index >= count:
            return
        yield pair


def _copy(item: Any) -> Any:
    """Return an item as it is before a pipeline, or whoever makes the next one in its place, can change it."""
    try:
        return copy.deepcopy(item)
    except (TypeError, copy.Error):
        return item


class _Again:
    """Clips spread evenly over a set whose length is not known before its end, with their answers."""

    def __init__(self) -> None:
        self._every = 1
        self._kept: list[tuple[int, Any, tuple[Any, Any]]] = []

    def wants(self, index: int) -> bool:
        return index % self._every == 0

    def keep(self, index: int, item: Any, answer: Any, reference: Any) -> None:
        self._kept.append((index, item, (answer, reference)))
        if len(self._kept) >= 2 * AGAIN:
            self._kept, self._every = self._kept[::2], 2 * self._every

    def differing(self, run: Callable[[Any], Any], which: int) -> list[int]:
        """Return the clips that are answered differently now.

        They are asked from the last to the first: in the old order whatever one answer leaves for the next would be
        the same again.
        """
        asked = self._kept if len(self._kept) <= AGAIN else self._kept[::2]
        return sorted(index for index, item, answers in reversed(asked) if run(item) != answers[which])


class _Digest:
    """Identity of the items: what the workload says, else a digest of their bytes."""

    def __init__(self, workload: Any) -> None:
        said = getattr(workload, "labelled_digest", None)
        self._said: str | None = said() if said is not None else None
        self._hash = hashlib.sha256()

    def add(self, item: Any) -> None:
        if self._said is None:
            tobytes = getattr(item, "tobytes", None)
            self._hash.update(tobytes() if tobytes is not None else repr(item).encode())

    def text(self) -> str:
        return self._said if self._said is not None else self._hash.hexdigest()


def _results(reports: Sequence[Report]) -> Mapping[str, Any]:
    for report in reports:
        if report.facts.get("correct"):
            return report.facts
    reason = next((report.facts["unlabelled"] for report in reports if "unlabelled" in report.facts), None)
    raise NotMeasured(reason or "the workload's labelled set is empty")


def _accuracy(reports: Sequence[Report], known: Known) -> Reading:
    facts = _results(reports)
    correct = facts["correct"]
    right, n = correct.count("1"), len(correct)
    low, high = statistics.wilson(right, n)
    labelled = Labelled(facts["audio"], correct, unsteady=tuple(facts.get("unsteady", ())))
    return Reading(right / n, low, high, known, n=n, labelled=labelled)


def _drop(reports: Sequence[Report], known: Known) -> Reading:
    facts = _results(reports)
    correct, reference = facts["correct"], facts["reference"]
    if not reference:
        msg = "the workload has no reference pipeline to drop from"
        raise NotMeasured(msg)
    lost, gained = statistics.flips(reference, correct)
    n = len(correct)
    drop = (len(lost) - len(gained)) / n
    p = statistics.mcnemar(len(lost), len(gained))
    note = f"{len(lost)} clips lost, {len(gained)} gained against the reference, McNemar p {p:.2g}"
    labelled = Labelled(
        facts["audio"],
        correct,
        reference,
        unsteady=tuple(facts.get("unsteady", ())),
        unsteady_reference=tuple(facts.get("unsteady_reference", ())),
    )
    return Reading(drop, drop, drop, known, n=n, labelled=labelled, note=note)


METRICS = (
    SampledMetric(
        "acc", RATIO, PROBE, _accuracy, lower_is_better=False, tolerance=Allowance(absolute=0.005), maximum=1.0
    ),
    SampledMetric("acc_drop", RATIO, PROBE, _drop, tolerance=Allowance(absolute=0.005), maximum=1.0),
)
