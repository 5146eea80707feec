from __future__ import annotations

import pytest

from edgesense.errors import SettingsError, UnsupportedOperator
from edgesense.runtime import loadable
from edgesense.runtime.tiny import tiny_model
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes


def written(path, graph):
    path.write_bytes(to_bytes(graph))
    return path


def declaring(path, name, version, **metadata):
    return written(path, Graph([TensorSpec("x", (1,))], [], (0,), (0,), metadata, declared=[(name, version)]))


def test_a_converted_dense_model_is_refused_for_tflite_with_what_can_be_done(dense_dynamic_range):
    with pytest.raises(UnsupportedOperator) as caught:
        loadable.check(dense_dynamic_range, "tflite")
    for part in (
        "FULLY_CONNECTED version 12, of which tflite 2.14.0 has versions up to 10",
        "marked for TensorFlow 2.17.0",
        "use the runtime litert (litert 2.3.0 loads it)",
        "_experimental_disable_per_channel_quantization_for_dense_layers = True",
    ):
        assert part in str(caught.value)


def test_the_same_model_passes_for_litert(dense_dynamic_range):
    assert loadable.check(dense_dynamic_range, "litert").size == 4296


@pytest.mark.parametrize("runtime", ["litert", "tflite"])
def test_the_highest_version_passes_and_the_next_is_refused(tmp_path, runtime):
    highest = {"litert": 14, "tflite": 10}[runtime]
    loadable.check(declaring(tmp_path / "m.tflite", "FULLY_CONNECTED", highest), runtime)
    with pytest.raises(UnsupportedOperator, match=f"up to {highest}"):
        loadable.check(declaring(tmp_path / "m.tflite", "FULLY_CONNECTED", highest + 1), runtime)


def test_no_runtime_is_recommended_that_cannot_load_it_either(tmp_path):
    with pytest.raises(UnsupportedOperator) as caught:
        loadable.check(declaring(tmp_path / "m.tflite", "FULLY_CONNECTED", 99), "tflite")
    assert "use the runtime" not in str(caught.value)


def test_an_operator_newer_than_the_runtime_is_refused(tmp_path):
    with pytest.raises(UnsupportedOperator, match=r"the operator DILATE, which tflite 2\.14\.0 does not have"):
        loadable.check(declaring(tmp_path / "m.tflite", "DILATE", 1), "tflite")


def test_a_custom_operator_is_refused_by_its_own_name(tmp_path):
    graph = Graph([TensorSpec("x", (1,)), TensorSpec("y", (1,))], [OperatorSpec("FlexErf", (0,), (1,))], (0,), (1,))
    with pytest.raises(UnsupportedOperator, match="custom operator FlexErf") as caught:
        loadable.check(written(tmp_path / "m.tflite", graph), "litert")
    assert "no SELECT_TF_OPS" in str(caught.value)


def test_a_custom_operator_of_the_wheel_passes(tmp_path):
    loadable.check(declaring(tmp_path / "m.tflite", "TFLite_Detection_PostProcess", 1), "tflite")


def test_all_refused_operators_are_named_at_once(tmp_path):
    graph = Graph([TensorSpec("x", (1,))], [], (0,), (0,), declared=[("ADD", 6), ("SIN", 2)])
    with pytest.raises(UnsupportedOperator, match=r"ADD version 6.*; SIN version 2"):
        loadable.check(written(tmp_path / "m.tflite", graph), "tflite")


def test_a_check_for_an_unknown_runtime_says_which_are_known(tmp_path):
    with pytest.raises(SettingsError, match="'onnx', only of tflite and litert"):
        loadable.check(tiny_model(tmp_path / "m.tflite"), "onnx")
