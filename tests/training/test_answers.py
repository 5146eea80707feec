import os

import numpy as np
import pytest

from edgesense import pipeline
from edgesense.errors import DatasetError, EdgeSenseError, PipelineError
from edgesense.tiny_pipeline import tiny_pipeline
from edgesense.training.answers import Candidate, collect, collect_apart
from edgesense.training.sources import SyntheticSource


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("answers") / "p", clips=10, trained_on=20)


class Killer:
    """A source whose first clip kills the process that asks for it."""

    labels = ("normal",)

    def identity(self):
        return {}

    def clip(self, index):
        os.kill(os.getpid(), 9)


def test_answers_are_the_pipelines_own(tiny):
    opened = pipeline.open(tiny)
    clips = list(opened.labelled())
    told = []
    answers = collect({"it": opened}, clips, told.append)
    assert answers.predicted["it"] == [opened.run(samples) for samples, _ in clips]
    assert answers.expected == [label for _, label in clips]
    assert told == list(range(1, 11))


def test_a_fresh_process_answers_the_same(tiny):
    opened = pipeline.open(tiny)
    source = SyntheticSource("test", 10, opened.settings)
    apart = collect_apart({"it": Candidate(tiny)}, source, range(5, 10))
    here = collect({"it": opened}, ((source.clip(row), source.labels[row]) for row in range(5, 10)))
    assert apart == here


def test_a_killed_process_is_an_error_of_ours(tiny):
    with pytest.raises(EdgeSenseError, match="was killed"):
        collect_apart({"it": Candidate(tiny)}, Killer(), [0])


def test_an_error_of_ours_comes_back_from_the_process(tmp_path):
    source = SyntheticSource("test", 1, None)
    with pytest.raises(PipelineError, match="does not exist"):
        collect_apart({"it": Candidate(tmp_path / "none")}, source, [0])


def test_pipelines_with_different_classes_are_refused(tiny, tmp_path):
    other = tiny_pipeline(tmp_path / "other", classes=("yes", "no"), clips=None, trained_on=5)
    with pytest.raises(PipelineError, match="other has the classes yes, no, not normal"):
        collect({"it": pipeline.open(tiny), "other": pipeline.open(other)}, [])


def test_no_clips_are_refused(tiny):
    with pytest.raises(DatasetError, match="no clips"):
        collect({"it": pipeline.open(tiny)}, [])


def test_agreement_counts_equal_answers(tiny):
    opened = pipeline.open(tiny)
    answers = collect({"one": opened, "other": opened}, opened.labelled())
    assert answers.agreeing("one", "other") == 10
    changed = answers.predicted["other"]
    changed[0] = next(label for label in answers.classes if label != changed[0])
    assert answers.agreeing("one", "other") == 9
    assert answers.comparison("one", "other").changed == (0,)


def test_a_synthetic_source_gives_the_clips_of_its_split():
    from edgesense import synthetic
    from edgesense.features.settings import FeatureSettings

    source = SyntheticSource("calibration", 7, FeatureSettings(seconds=0.5))
    made = list(synthetic.clips("calibration", 7, seconds=0.5))
    assert list(source.labels) == [clip.label for clip in made]
    assert all(np.array_equal(source.clip(index), clip.samples) for index, clip in enumerate(made))
