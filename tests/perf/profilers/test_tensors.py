from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.perf.cases import Attachment, Case
from edgesense.perf.profilers.tensors import Tensors, short
from edgesense.perf.records import Job
from edgesense.runtime.tiny import tiny_model


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case about a small model in int8, beside itself."""
    tiny_model(tmp_path / "before.tflite", inputs=(1, 1024), dtype="int8")
    tiny_model(tmp_path / "now.tflite", inputs=(1, 1024), dtype="int8")
    job = Job("now.tflite", tmp_path, ("size_kb",))
    return Case(
        job, "host", frozenset({"size_kb"}), baseline=replace(job, workload="before.tflite"), against="commit abc"
    )


def told(case: Case, directory: Path) -> Attachment:
    (attachment,) = Tensors().profile(case, directory)
    assert attachment.path == directory / "tensors.txt"
    return attachment


def test_tensors_of_another_type_are_counted_and_named_with_their_bytes(case: Case, tmp_path: Path) -> None:
    tiny_model(tmp_path / "now.tflite", inputs=(1, 1024), dtype="float32")
    assert told(case, tmp_path).summary == (
        "1 tensor int8 -> float32 (+15.00 KiB): weights",
        "operators: 1 FULLY_CONNECTED int8 -> float32",
    )


def test_tensors_of_another_shape_and_operators_that_came_are_told(case: Case, tmp_path: Path) -> None:
    tiny_model(tmp_path / "now.tflite", inputs=(1, 2048), dtype="int8", work=3)
    assert told(case, tmp_path).summary == (
        "1 tensor of another shape (+5.00 KiB): weights",
        "operators: 2 more FULLY_CONNECTED int8, 2 more MAXIMUM int8",
    )


def test_bytes_in_no_tensor_are_told_by_file(case: Case, tmp_path: Path) -> None:
    tiny_model(tmp_path / "now.tflite", inputs=(1, 1024), dtype="int8", padding_bytes=4096)
    (line,) = told(case, tmp_path).summary
    assert line.startswith("now.tflite +")


def test_without_a_baseline_the_largest_tensors_are_told(case: Case, tmp_path: Path) -> None:
    attachment = told(replace(case, baseline=None, alone="no baseline"), tmp_path)
    assert attachment.summary == ("largest tensors: weights 5.00 KiB, bias 0.020 KiB",)
    assert attachment.path is not None
    assert "without a difference: no baseline" in attachment.path.read_text(encoding="utf-8")


def test_for_another_limit_the_same_model_is_not_worth_a_word(case: Case, tmp_path: Path) -> None:
    same = replace(case, baseline=case.job, limits=frozenset({"latency_ms"}))
    assert Tensors().profile(same, tmp_path) == []


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("ds_cnn/conv2d_5/Conv2D", "conv2d_5"),
        ("net/re_lu/Relu;net/norm/FusedBatchNormV3;net/conv2d/Conv2D", "conv2d"),
        ("arith.constant4", "arith.constant4"),
        ("dense/MatMul", "MatMul"),
        ("b.tflite: ds_cnn/conv2d_5/Conv2D", "b.tflite: conv2d_5"),
    ],
)
def test_a_tensor_is_called_by_its_layer(name: str, layer: str) -> None:
    assert short(name) == layer
