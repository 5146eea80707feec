from __future__ import annotations

import pytest

from edgesense.errors import ModelError
from edgesense.runtime import activations
from edgesense.runtime.tiny import tiny_model
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes


def test_one_step_holds_its_input_and_output_and_no_weights(tmp_path):
    path = tiny_model(tmp_path / "m.tflite", inputs=(1, 100), classes=5)
    assert activations.live_bytes(path) == (4 * 105, 4 * 105)


def test_of_several_steps_the_largest_counts_at_the_least_and_all_at_the_most(tmp_path):
    tensors = [TensorSpec("a", (1, 10), "int8"), TensorSpec("b", (1, 30), "int8"), TensorSpec("c", (1, 2), "int8")]
    graph = Graph(tensors, [OperatorSpec("RELU", (0,), (1,)), OperatorSpec("RELU", (1,), (2,))], (0,), (2,))
    (tmp_path / "m.tflite").write_bytes(to_bytes(graph))
    assert activations.live_bytes(tmp_path / "m.tflite") == (40, 42)


def test_state_lives_through_every_step(tmp_path):
    tensors = [TensorSpec("a", (8,), "int16"), TensorSpec("b", (8,), "int16"), TensorSpec("s", (4,), variable=True)]
    (tmp_path / "m.tflite").write_bytes(to_bytes(Graph(tensors, [OperatorSpec("RELU", (0,), (1,))], (0,), (1,))))
    assert activations.live_bytes(tmp_path / "m.tflite") == (48, 48)


def test_an_operand_that_is_left_out_takes_nothing(tmp_path):
    tensors = [TensorSpec("a", (8,), "bool"), TensorSpec("b", (8,), "int4")]
    graph = Graph(tensors, [OperatorSpec("FULLY_CONNECTED", (0, 0, -1), (1,))], (0,), (1,))
    (tmp_path / "m.tflite").write_bytes(to_bytes(graph))
    assert activations.live_bytes(tmp_path / "m.tflite") == (12, 12)


def test_a_shape_that_is_not_fixed_is_refused(tmp_path):
    graph = Graph([TensorSpec("free", (-1, 8))], [OperatorSpec("RELU", (0,), (0,))], (0,), (0,))
    (tmp_path / "m.tflite").write_bytes(to_bytes(graph))
    with pytest.raises(ModelError, match=r"tensor 'free' has no fixed shape \(-1, 8\)"):
        activations.live_bytes(tmp_path / "m.tflite")
