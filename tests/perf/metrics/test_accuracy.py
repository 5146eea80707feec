from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from edgesense.errors import NotMeasured
from edgesense.perf import metrics
from edgesense.perf.metrics import accuracy
from edgesense.perf.records import Known, Reading, Report


class Bare:
    def run(self, item: Any) -> Any:
        return item % 3


class Parity(Bare):
    """Right wherever the remainder by three is the one by two."""

    def labelled(self) -> Iterable[tuple[Any, Any]]:
        return ((number, number % 2) for number in range(12))

    def reference(self) -> Any:
        return Perfect()


class Perfect(Parity):
    def run(self, item: Any) -> Any:
        return item % 2

    def reference(self) -> None:
        return None


class Arrays(Parity):
    """The same clips as arrays; the labels can be turned round."""

    def __init__(self, *, swapped: bool = False, scale: float = 1.0) -> None:
        self._swapped, self._scale = swapped, scale

    def labelled(self) -> Iterable[tuple[Any, Any]]:
        for number in range(12):
            yield np.full(4, number * self._scale, np.float32), (number + self._swapped) % 2

    def run(self, item: Any) -> Any:
        return int(item[0]) % 2


class Named(Parity):
    def labelled_digest(self) -> str:
        return "set-1"


class Empty(Parity):
    def labelled(self) -> Iterable[tuple[Any, Any]]:
        return ()


def facts(workload: Any, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = accuracy.probe(workload, options)["facts"]
    return found


def reduce(limit: str, workload: Any, **options: Any) -> Reading:
    return metrics.find(limit).reduce([Report(facts=facts(workload, **options))], Known.EXACT)


def test_accuracy_is_the_share_of_right_answers_with_wilsons_interval() -> None:
    reading = reduce("acc", Parity())
    assert reading.value == 4 / 12
    assert reading.low < reading.value < reading.high
    assert reading.n == 12
    assert reading.labelled is not None
    assert reading.labelled.correct == "110000110000"


def test_a_drop_is_the_references_accuracy_minus_this_ones() -> None:
    reading = reduce("acc_drop", Parity(), reference=True)
    assert reading.value == pytest.approx(8 / 12)
    assert reading.labelled is not None
    assert reading.labelled.reference == "1" * 12
    assert reading.note.startswith("8 clips lost, 0 gained against the reference, McNemar p 0.0078")


def test_the_reference_runs_only_where_it_is_asked_for() -> None:
    assert facts(Parity())["reference"] == ""


@pytest.mark.parametrize("workload", [Perfect(), Bare()], ids=["reference is None", "unlabelled"])
def test_a_workload_without_a_reference_has_no_drop(workload: Any) -> None:
    with pytest.raises(NotMeasured, match=r"no reference pipeline|no labelled set"):
        reduce("acc_drop", workload, reference=True)


def test_a_workload_without_a_labelled_set_has_no_accuracy() -> None:
    with pytest.raises(NotMeasured, match="the workload has no labelled set"):
        reduce("acc", Bare())


def test_an_empty_labelled_set_has_no_accuracy() -> None:
    with pytest.raises(NotMeasured, match="labelled set is empty"):
        reduce("acc", Empty())


def test_the_audio_is_known_by_its_bytes_and_not_by_its_labels() -> None:
    assert facts(Arrays())["audio"] == facts(Arrays(swapped=True))["audio"]
    assert facts(Arrays())["correct"] != facts(Arrays(swapped=True))["correct"]
    assert facts(Arrays())["audio"] != facts(Arrays(scale=2.0))["audio"]


def test_a_workload_may_say_itself_which_audio_it_is() -> None:
    assert facts(Named())["audio"] == "set-1"


def test_a_number_of_clips_and_their_answers_can_be_asked_for() -> None:
    found = facts(Parity(), clips=4, answers=True)
    assert found["correct"] == "1100"
    assert found["answers"] == ["0", "1", "2", "0"]


def test_clips_beyond_the_number_asked_for_are_not_even_made() -> None:
    made = []

    class Lazy(Parity):
        def labelled(self) -> Iterable[tuple[Any, Any]]:
            for number in range(1000):
                made.append(number)
                yield number, 0

    facts(Lazy(), clips=3)
    assert len(made) <= 4
