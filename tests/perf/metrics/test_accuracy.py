from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgesense import pipeline
from edgesense.errors import NotMeasured
from edgesense.perf import metrics
from edgesense.perf.baselines import accept
from edgesense.perf.devices.host import Host
from edgesense.perf.judge import judge
from edgesense.perf.metrics import accuracy
from edgesense.perf.records import Job, Known, Reading, Report
from edgesense.perf.verdicts import Outcome
from edgesense.testing import tiny_model


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


def test_a_workload_that_says_what_it_lacks_for_accuracy_is_quoted(tmp_path: Path) -> None:
    bare = pipeline.open(tiny_model(tmp_path / "m.tflite"))
    with pytest.raises(NotMeasured, match=r"put it into a directory with a pipeline\.json"):
        reduce("acc", bare)


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


class Remembering(Parity):
    """Answers what the clip before was, as a model does whose state is never reset."""

    def __init__(self, clips: int = 12) -> None:
        self._clips, self._before, self.asked = clips, 0, 0

    def labelled(self) -> Iterable[tuple[Any, Any]]:
        return ((number, number % 2) for number in range(self._clips))

    def run(self, item: Any) -> Any:
        self.asked += 1
        answer, self._before = self._before % 3, item
        return answer


class Steady(Remembering):
    def run(self, item: Any) -> Any:
        self.asked += 1
        return item % 2

    def reference(self) -> Any:
        return Remembering()


def test_answers_that_do_not_change_leave_no_clip_in_doubt() -> None:
    found = facts(Parity(), reference=True)
    assert (found["unsteady"], found["unsteady_reference"]) == ([], [])


def test_clips_whose_answer_depends_on_the_one_before_are_named() -> None:
    # Asked from the last to the first, clip 11 follows itself, and each other one the clip after it.
    expected = [11, *(clip for clip in range(11) if (clip + 1) % 3 != max(clip - 1, 0) % 3)]
    assert facts(Remembering())["unsteady"] == sorted(expected)


def test_a_reference_that_remembers_is_told_apart() -> None:
    found = facts(Steady(), reference=True)
    assert found["unsteady"] == []
    assert found["unsteady_reference"]
    assert reduce("acc", Steady(), reference=True).labelled == reduce("acc", Steady()).labelled
    drop = reduce("acc_drop", Steady(), reference=True).labelled
    assert drop is not None
    assert (drop.unsteady, drop.unsteady_reference) == ((), tuple(found["unsteady_reference"]))


@pytest.mark.parametrize("clips", [1, 2, 63, 64])
def test_every_clip_of_a_small_set_is_asked_again(clips: int) -> None:
    workload = Steady(clips)
    facts(workload)
    assert workload.asked == 2 * clips


@pytest.mark.parametrize("clips", [65, 127, 128, 129, 1000, 2000, 4095, 4096, 5000])
def test_no_more_than_64_clips_of_a_large_set_are_asked_again_and_no_less_than_32(clips: int) -> None:
    workload = Steady(clips)
    facts(workload)
    assert 32 <= workload.asked - clips <= accuracy.AGAIN


@pytest.mark.parametrize("clips", [65, 500, 2000])
def test_clips_that_are_asked_again_are_spread_over_the_set(clips: int) -> None:
    again: list[int] = []

    class Noted(Steady):
        def run(self, item: Any) -> Any:
            if self.asked >= clips:
                again.append(item)
            return super().run(item)

    facts(Noted(clips))
    steps = {after - before for before, after in itertools.pairwise(again)}
    assert len(steps) == 1
    assert again[-1] == 0
    assert clips - again[0] <= 2 * -steps.pop()


class Sliced(Named):
    """Makes the clips of a share alone, and notes which it made."""

    def __init__(self, clips: int = 12) -> None:
        self.clips = clips
        self.made: list[int] = []

    def labelled(self) -> Iterable[tuple[Any, Any]]:
        return self.labelled_part(0, 1)

    def labelled_part(self, share: int, shares: int) -> Iterable[tuple[Any, Any]]:
        for number in range(share, self.clips, shares):
            self.made.append(number)
            yield number, number % 2

    def reference(self) -> Any:
        return Perfect()


class Compared(Arrays):
    """Arrays that say nothing of their digest, and a reference that takes arrays."""

    def run(self, item: Any) -> Any:
        return int(item[0]) % 3

    def reference(self) -> Any:
        return Arrays()


def divided(make: Callable[[], Any], shares: int, **options: Any) -> list[Report]:
    return [Report(facts=facts(make(), share=share, shares=shares, **options)) for share in range(shares)]


@pytest.mark.parametrize("make", [Parity, Compared, Named, Sliced], ids=lambda one: one.__name__)
@pytest.mark.parametrize("shares", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("limit", ["acc", "acc_drop"])
def test_shares_come_to_what_one_process_comes_to(make: Callable[[], Any], shares: int, limit: str) -> None:
    reports = divided(make, shares, reference=True)
    assert metrics.find(limit).reduce(reports, Known.EXACT) == reduce(limit, make(), reference=True)


def test_clips_of_other_shares_are_not_made_where_that_can_be_spared() -> None:
    workload = Sliced()
    facts(workload, share=1, shares=4)
    assert workload.made == [1, 5, 9]


@pytest.mark.parametrize("make", [Parity, Sliced], ids=lambda one: one.__name__)
@pytest.mark.parametrize("shares", [1, 2, 3, 7])
def test_shares_of_so_many_clips_are_that_many(make: Callable[[], Any], shares: int) -> None:
    found = [report.facts["correct"] for report in divided(make, shares, clips=5)]
    assert sum(map(len, found)) == 5


def test_clips_in_doubt_keep_their_numbers_in_shares() -> None:
    class Odd(Sliced):
        asked = 0

        def run(self, item: Any) -> Any:
            # Another answer to clip 7 each time.
            self.asked += item == 7
            return self.asked if item == 7 else item % 2

    reports = divided(Odd, 3)
    assert [report.facts["unsteady"] for report in reports] == [[], [7], []]
    found = metrics.find("acc").reduce(reports, Known.EXACT).labelled
    assert found is not None
    assert found.unsteady == (7,)


@pytest.mark.parametrize("shares", [2, 3, 8])
def test_shares_together_ask_no_more_clips_again_than_one_process(shares: int) -> None:
    asked = 0
    for share in range(shares):
        workload = Steady(2000)
        facts(workload, share=share, shares=shares)
        asked += workload.asked
    assert asked - 2000 <= accuracy.AGAIN


def test_a_set_that_is_another_for_each_process_has_no_accuracy() -> None:
    reports = [Report(facts=facts(Arrays(scale=scale))) for scale in (1.0, 2.0)]
    with pytest.raises(NotMeasured, match="the labelled set was another for each process that read it"):
        metrics.find("acc").reduce(reports, Known.EXACT)


def test_an_input_that_is_made_anew_in_the_same_place_is_asked_as_it_was() -> None:
    class Reused(Arrays):
        def labelled(self) -> Iterable[tuple[Any, Any]]:
            buffer = np.zeros(4, np.float32)
            for number in range(12):
                buffer[:] = number
                yield buffer, number % 2

    assert facts(Reused())["unsteady"] == []


def test_a_pipeline_that_changes_its_input_is_asked_the_input_as_it_was() -> None:
    class Spoiling(Arrays):
        def run(self, item: Any) -> Any:
            answer = super().run(item)
            item[:] = 7
            return answer

    assert facts(Spoiling())["unsteady"] == []


def test_an_input_that_cannot_be_copied_is_asked_again_as_it_is() -> None:
    class Views(Parity):
        def labelled(self) -> Iterable[tuple[Any, Any]]:
            return ((memoryview(bytes([number])), number % 2) for number in range(12))

        def run(self, item: Any) -> Any:
            return item[0] % 2

    assert facts(Views())["unsteady"] == []


def test_a_pipeline_that_keeps_its_state_is_found_out_from_its_clips_to_its_verdict(
    tmp_path: Path, write_job: Callable[..., Job]
) -> None:
    source = """
        class Stateful(Workload):
            before = 0
            def run(self, item):
                answer, self.before = super().run(item if item % 5 else self.before // 2), item
                return answer
        make = Stateful
        """
    measurement = Host().run(write_job(tmp_path, source, "acc", "acc_drop"), tmp_path)
    verdict = judge("t", {"acc": 0.5}, measurement, None, strict=True)
    finding = verdict.findings[0]
    assert (finding.budget, finding.regression) == (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE)
    (why,) = finding.why
    assert why.startswith("the pipeline answers clips 5 10 15 differently when asked again: it is not deterministic")
    assert verdict.failed
    stored = accept(verdict, measurement, None, "all")
    assert stored is None or not stored.readings
