from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.profilers.confusion import Confusion
from edgesense.perf.records import Baseline, Job, Known, Labelled, Reading

MODULE = """
class Sounds:
    named = {{}}

    def artifacts(self):
        return []

    def example(self):
        return 0

    def run(self, item):
        return ("cough", "wheeze", {third!r})[item % 3]

    def labelled(self):
        for item in range(30):
            label = ("cough", "wheeze", "normal")[item % 3]
            yield item, {names!r}.get(label, label)

    def labelled_digest(self):
        return {audio!r}


def make():
    return Sounds()
"""


def write(root: Path, name: str, third: str, names: dict[str, str] | None = None, audio: str = "clips") -> None:
    (root / f"{name}.py").write_text(MODULE.format(third=third, names=names or {}, audio=audio), encoding="utf-8")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case whose pipeline takes every third clip, normal before, for a wheeze."""
    write(tmp_path, "now_sounds", "wheeze")
    write(tmp_path, "then_sounds", "normal")
    job = Job("now_sounds:make", tmp_path, ("acc",), sys_path=(str(tmp_path),))
    baseline = replace(job, workload="then_sounds:make")
    return Case(job, "host", frozenset({"acc"}), baseline=baseline, against="commit abc")


def told(case: Case, directory: Path) -> tuple[Attachment, str]:
    (attachment,) = Confusion().profile(case, directory)
    assert attachment.path is not None
    return attachment, attachment.path.read_text(encoding="utf-8")


LOST = ("10 clips lost, 0 gained of 30", "10 of 10 clips of normal, right before, are now answered wheeze")


def test_clips_that_were_lost_are_told_by_class_and_answer(case: Case, tmp_path: Path) -> None:
    attachment, text = told(case, tmp_path)
    assert attachment.summary == LOST
    assert "lost: clip 2, label normal, answer normal -> wheeze" in text


def test_the_difference_of_both_confusion_matrices_is_in_the_file(case: Case, tmp_path: Path) -> None:
    _, text = told(case, tmp_path)
    rows = text.partition("now, less before")[2].splitlines()
    assert rows[1].split() == ["cough", "normal", "wheeze"]
    assert rows[3].split() == ["normal", "0", "-10", "+10"]


def test_labels_that_are_another_are_told_first(case: Case, tmp_path: Path) -> None:
    write(tmp_path, "now_sounds", "normal", {"cough": "wheeze"})
    attachment, _ = told(case, tmp_path)
    assert attachment.summary[0] == "the label of 10 clips is another: cough -> wheeze"


def test_without_the_baselines_pipeline_what_it_stored_tells_which_clips_were_lost(case: Case, tmp_path: Path) -> None:
    reading = Reading(1.0, 1.0, 1.0, Known.EXACT, labelled=Labelled("clips", "1" * 30))
    stored = Baseline("t", "host", {}, {}, {"acc": reading})
    attachment, text = told(replace(case, baseline=None, alone="no git", accepted=stored), tmp_path)
    assert attachment.summary == LOST
    assert "without a difference: no git" in text
    assert "lost: clip 2, label normal, answer right -> wheeze" in text


@pytest.mark.parametrize("stored", [None, Labelled("other clips", "1" * 30), Labelled("clips", "1" * 9)])
def test_without_anything_to_compare_with_the_confused_classes_are_told(
    stored: Labelled | None, case: Case, tmp_path: Path
) -> None:
    readings = {} if stored is None else {"acc": Reading(1.0, 1.0, 1.0, Known.EXACT, labelled=stored)}
    alone = replace(case, baseline=None, alone="no git", accepted=Baseline("t", "host", {}, {}, readings))
    assert told(alone, tmp_path)[0].summary == ("10 of 10 clips of normal are answered wheeze",)


def test_other_clips_are_not_compared(case: Case, tmp_path: Path) -> None:
    write(tmp_path, "then_sounds", "normal", audio="others")
    attachment, text = told(case, tmp_path)
    assert attachment.summary == ("10 of 10 clips of normal are answered wheeze",)
    assert "without a difference: commit abc has other clips" in text


def test_a_workload_without_labels_is_a_reason(tmp_path: Path, model_job: Job) -> None:
    with pytest.raises(NotMeasured, match="without feature settings and labels"):
        Confusion().profile(Case(model_job, "host", frozenset({"acc"})), tmp_path)
