from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.errors import ModelError
from edgesense.runtime import graph, inspect
from edgesense.runtime.tiny import tiny_model


def test_each_operator_has_its_kind_its_result_and_what_it_keeps_in_the_file(tmp_path: Path) -> None:
    nodes = graph.nodes(inspect.read(tiny_model(tmp_path / "m.tflite", dtype="int8", work=2)))
    assert [(node.kind, node.dtype) for node in nodes] == [
        ("FULLY_CONNECTED", "int8"),
        ("FULLY_CONNECTED", "int8"),
        ("MAXIMUM", "int8"),
    ]
    assert [(one.name, one.dtype, one.stored_bytes) for one in nodes[0].constants] == [
        ("weights", "int8", 80),
        ("bias", "int32", 20),
    ]
    assert nodes[0].stored_bytes == 100
    assert nodes[2].constants == ()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"nothing of the kind, and too long to be empty")
    with pytest.raises(ModelError):
        graph.nodes(inspect.read(tmp_path / "m.tflite"))
