from __future__ import annotations

import pytest

from edgesense import pipeline
from edgesense.pipeline import LabelledPipeline
from edgesense.tiny_pipeline import tiny_pipeline


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_a_tiny_pipeline_opens_and_labels_in_each_dtype(tmp_path, dtype):
    opened = pipeline.open(tiny_pipeline(tmp_path / "p", dtype=dtype, clips=5, trained_on=10))
    assert [opened.run(samples) in opened.classes for samples, _ in opened.labelled()] == [True] * 5
    assert opened.subject()["dtype"] == dtype


def test_without_clips_it_has_no_labelled_set(tmp_path):
    opened = pipeline.open(tiny_pipeline(tmp_path / "p", clips=None, trained_on=5))
    assert not isinstance(opened, LabelledPipeline)


def test_it_may_have_classes_of_its_own(tmp_path):
    opened = pipeline.open(tiny_pipeline(tmp_path / "p", classes=("yes", "no"), clips=None, trained_on=5))
    assert opened.run(opened.example()) in ("yes", "no")


def test_padding_and_work_reach_its_model(tmp_path):
    small = tiny_pipeline(tmp_path / "a", trained_on=5)
    large = tiny_pipeline(tmp_path / "b", trained_on=5, padding_bytes=10_000, work=3)
    sizes = [(each / "model.tflite").stat().st_size for each in (small, large)]
    assert sizes[1] - sizes[0] > 10_000
    assert [o.name for o in pipeline.open(large).model.file.operators] == ["FULLY_CONNECTED", "MAXIMUM"]
