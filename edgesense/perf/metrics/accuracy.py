"""Right answers on a labelled set, and how many fewer than the float pipeline gives."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from edgesense.errors import EdgeSenseError, NotMeasured
from edgesense.perf import statistics
from edgesense.perf.metrics._base import Allowance, SampledMetric, interleave
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
            and for which classes are confused); ``share`` and ``shares``: which part of the items is answered here.

    Returns:
        Facts ``correct`` ("1" or "0" a clip), ``audio`` (identity of the items), ``reference``, ``answers``,
        ``expected``, and
        ``unsteady`` and ``unsteady_reference``: the clips that were answered differently when asked again.
    """
    unlabelled = _why_unlabelled(workload)
    if unlabelled:
        return {"series": {}, "facts": {"unlabelled": unlabelled}}
    reference = workload.reference() if options.get("reference") and hasattr(workload, "reference") else None
    share, shares = options.get("share", 0), options.get("shares", 1)
    digest, again = _Digest(workload), _Again(max(1, AGAIN // shares))
    correct, compared, answers, labels = [], [], [], []
    part = _part(workload, share, shares, options.get("clips"), skipped=digest.add)
    for index, (item, expected) in enumerate(part):
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
            again.keep(share + shares * index, untouched, answer, other)
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


def _part(
    workload: Any, share: int, shares: int, count: int | None, *, skipped: Callable[[Any], None]
) -> Iterable[tuple[Any, Any]]:
    """Yield every `shares`-th pair from `share` on, of at most `count`; who cannot make them alone makes all."""
    alone = shares > 1 and hasattr(workload, "labelled_part") and hasattr(workload, "labelled_digest")
    if alone:
        most = None if count is None else len(range(share, count, shares))
        yield from islice(workload.labelled_part(share, shares), most)
        return
    for index, pair in enumerate(islice(workload.labelled(), count)):
        if index % shares == share:
            yield pair
        else:
            skipped(pair[0])


def _copy(item: Any) -> Any:
    """Return an item as it is before a pipeline, or whoever makes the next one in its place, can change it."""
    try:
        return copy.deepcopy(item)
    except (TypeError, copy.Error):
        return item


class _Again:
    """Clips spread evenly over a set whose length is not known before its end, with their answers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._every = 1
        self._kept: list[tuple[int, Any, tuple[Any, Any]]] = []

    def wants(self, index: int) -> bool:
        return index % self._every == 0

    def keep(self, index: int, item: Any, answer: Any, reference: Any) -> None:
        self._kept.append((index, item, (answer, reference)))
        if len(self._kept) >= 2 * self._most:
            self._kept, self._every = self._kept[::2], 2 * self._every

    def differing(self, run: Callable[[Any], Any], which: int) -> list[int]:
        """Return the clips that are answered differently now.

        They are asked from the last to the first: in the old order whatever one answer leaves for the next would be
        the same again.
        """
        asked = self._kept if len(self._kept) <= self._most else self._kept[::2]
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
    """Return the facts of all shares as one."""
    shares = [report.facts for report in reports if report.facts.get("correct")]
    if shares:
        audio = dict.fromkeys(facts["audio"] for facts in shares)
        if len(audio) > 1:
            msg = f"the labelled set was another for each process that read it: {', '.join(audio)}"
            raise NotMeasured(msg)
        return {
            "audio": next(iter(audio)),
            "correct": "".join(interleave([facts["correct"] for facts in shares])),
            "reference": "".join(interleave([facts["reference"] for facts in shares])),
            "unsteady": sorted(clip for facts in shares for clip in facts.get("unsteady", ())),
            "unsteady_reference": sorted(clip for facts in shares for clip in facts.get("unsteady_reference", ())),
        }
    reason = next((report.facts["unlabelled"] for report in reports if "unlabelled" in report.facts), None)
    raise NotMeasured(reason or "the workload's labelled set is empty")


def _accuracy(reports: Sequence[Report], known: Known) -> Reading:
    facts = _results(reports)
    correct = facts["correct"]
    right, n = correct.count("1"), len(correct)
    low, high = statistics.wilson(right, n)
    labelled = Labelled(facts["audio"], correct, unsteady=tuple(facts["unsteady"]))
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
        unsteady=tuple(facts["unsteady"]),
        unsteady_reference=tuple(facts["unsteady_reference"]),
    )
    return Reading(drop, drop, drop, known, n=n, labelled=labelled, note=note)


METRICS = (
    SampledMetric(
        "acc",
        RATIO,
        PROBE,
        _accuracy,
        lower_is_better=False,
        tolerance=Allowance(absolute=0.005),
        maximum=1.0,
        divisible=True,
    ),
    SampledMetric("acc_drop", RATIO, PROBE, _drop, tolerance=Allowance(absolute=0.005), maximum=1.0, divisible=True),
)
