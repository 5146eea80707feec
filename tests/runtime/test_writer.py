from __future__ import annotations

import sys

import numpy as np
import pytest

from edgesense.runtime import inspect
from edgesense.runtime.interpreter import load
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes


def test_what_was_written_is_read_back(tmp_path):
    kernel = np.arange(12, dtype=np.float32).reshape(2, 1, 2, 3)
    tensors = [TensorSpec("x", (1, 4, 4, 3)), TensorSpec("k", kernel.shape, data=kernel), TensorSpec("y", (1, 3, 3, 2))]
    operator = OperatorSpec("CONV_2D", (0, 1, -1), (2,), version=3, options=(1, {0: 1, 1: 1, 2: 1}))
    (tmp_path / "m.tflite").write_bytes(to_bytes(Graph(tensors, [operator], (0,), (2,), {"note": b"hello"})))
    found = inspect.read(tmp_path / "m.tflite")
    assert [(t.name, t.shape, t.dtype) for t in found.tensors] == [(t.name, t.shape, t.dtype) for t in tensors]
    assert [(o.name, o.version) for o in found.operators] == [("CONV_2D", 3)]


@pytest.mark.parametrize("activation", [0, 1])
def test_options_reach_the_kernel(tmp_path, runtime, activation):
    tensors = [TensorSpec(name, (1, 2)) for name in ("a", "b", "sum")]
    relu = OperatorSpec("ADD", (0, 1), (2,), options=(11, {0: activation}))
    (tmp_path / "m.tflite").write_bytes(to_bytes(Graph(tensors, [relu], (0, 1), (2,))))
    values = np.array([[-1.0, 1.0]], np.float32)
    (total,) = load(tmp_path / "m.tflite", runtime=runtime).invoke([values, values])
    assert total.tolist() == ([[0.0, 2.0]] if activation else [[-2.0, 2.0]])


def test_state_lives_in_variable_tensors(tmp_path):
    tensors = [TensorSpec("x", (1,)), TensorSpec("state", (1,), variable=True)]
    (tmp_path / "m.tflite").write_bytes(to_bytes(Graph(tensors, [], (0,), (0,))))
    assert [t.variable for t in inspect.read(tmp_path / "m.tflite").tensors] == [False, True]


def test_large_constants_are_aligned_for_the_kernels_that_read_them_in_place():
    data = np.frombuffer(b"EDGESENSE-MARKER", np.uint8)
    for length in range(1, 6):
        names = TensorSpec("n" * length, (16,), "uint8", data)
        assert to_bytes(Graph([names], [], (0,), (0,))).index(b"EDGESENSE-MARKER") % 16 == 0


def test_without_flatbuffers_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    with pytest.raises(ImportError, match=r"needs flatbuffers: pip install 'pytest-edgesense\[testing\]'"):
        to_bytes(Graph([TensorSpec("x", (1,))], [], (0,), (0,)))
