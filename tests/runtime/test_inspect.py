from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given, settings

from edgesense.errors import ModelError, SettingsError, UnsupportedOperator
from edgesense.runtime import inspect
from edgesense.runtime.inspect import ModelFile, TensorInfo
from edgesense.runtime.tiny import tiny_model, tiny_model_bytes
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes

TINY = tiny_model_bytes(inputs=(1, 3, 4), classes=2, dtype="int8", work=2)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("inspect") / "model.tflite"


def written(path, graph):
    path.write_bytes(to_bytes(graph))
    return path


def declaring(path, name, version, **metadata):
    return written(path, Graph([TensorSpec("x", (1,))], [], (0,), (0,), metadata, declared=[(name, version)]))


def test_it_names_operators_with_version_and_count(tmp_path):
    found = inspect.read(tiny_model(tmp_path / "m.tflite", dtype="int8", work=3))
    assert [(o.name, o.version, o.custom, o.count) for o in found.operators] == [
        ("FULLY_CONNECTED", 4, False, 3),
        ("MAXIMUM", 2, False, 2),
    ]


def test_it_gives_inputs_and_outputs_with_their_quantisation(tmp_path):
    path = tiny_model(tmp_path / "m.tflite", inputs=(1, 5, 7), classes=3, dtype="int8", input_range=(-0.5, 2.05))
    (given_,), (score,) = inspect.read(path).inputs, inspect.read(path).outputs
    assert (given_.shape, given_.dtype, given_.zero_points) == ((1, 5, 7), "int8", (-78,))
    assert given_.scales == pytest.approx((0.01,))
    assert (score.shape, score.dtype) == ((1, 3), "int8")


def test_it_knows_constants_from_what_the_graph_computes(tmp_path):
    found = inspect.read(tiny_model(tmp_path / "m.tflite", inputs=(1, 4), classes=2))
    assert {t.name: t.stored_bytes for t in found.tensors if t.constant} == {"weights": 32, "bias": 8}


def test_it_reads_min_runtime_version_without_its_padding(dense_dynamic_range):
    assert inspect.read(dense_dynamic_range).min_runtime_version == "2.17.0"


def test_a_file_without_min_runtime_version_has_an_empty_one(tmp_path):
    assert inspect.read(tiny_model(tmp_path / "m.tflite")).min_runtime_version == ""


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_a_model_of_one_dtype_is_summed_up_as_that(tmp_path, dtype):
    assert inspect.read(tiny_model(tmp_path / "m.tflite", dtype=dtype)).dtype == dtype


def test_int8_weights_with_float_activations_are_dynamic_range(dense_dynamic_range):
    assert inspect.read(dense_dynamic_range).dtype == "dynamic-range"


def test_a_fully_quantised_lstm_is_int8_though_its_cell_state_is_int16(lstm_int8):
    found = inspect.read(lstm_int8)
    assert found.dtype == "int8"
    assert "int16" in {tensor.dtype for tensor in found.tensors}


def tensor(dtype, shape=(4, 4), *, constant):
    return TensorInfo("t", shape, dtype, (), (), constant, variable=False, stored_bytes=4 * constant)


@pytest.mark.parametrize(
    ("weights", "activations", "summary"),
    [
        (["float16"], ["float32"], "float16"),
        (["int8"], ["int16"], "int16x8"),
        (["float32", "int8"], ["int8"], "mixed"),
        (["float32", "float32", "float16"], ["float32"], "mixed"),
        ([], ["int8"], "int8"),
        ([], [], "float32"),
    ],
)
def test_weights_and_activations_together_make_the_summary(tmp_path, weights, activations, summary):
    tensors = [tensor(d, constant=True) for d in weights] + [tensor(d, constant=False) for d in activations]
    assert ModelFile(tmp_path, 0, (), tuple(tensors), (), (), "").dtype == summary


def test_biases_do_not_count_as_weights(tmp_path):
    tensors = tensor("int8", constant=True), tensor("float32", (999,), constant=True), tensor("int8", constant=False)
    assert ModelFile(tmp_path, 0, (), tensors, (), (), "").dtype == "int8"


def test_a_recurrent_model_is_stateful_and_a_plain_one_is_not(lstm_int8, dense_dynamic_range):
    assert inspect.read(lstm_int8).stateful
    assert not inspect.read(dense_dynamic_range).stateful


def test_a_missing_file_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.tflite cannot be read: No such file"):
        inspect.read(tmp_path / "gone.tflite")


def test_a_directory_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be read: Is a directory"):
        inspect.read(tmp_path)


def test_an_empty_file_is_a_model_error(tmp_path):
    (tmp_path / "m.tflite").touch()
    with pytest.raises(ModelError, match="is empty, not a TFLite model"):
        inspect.read(tmp_path / "m.tflite")


def test_another_schema_version_is_refused(tmp_path):
    path = tmp_path / "m.tflite"
    content = bytearray(TINY)
    root = int.from_bytes(content[:4], "little")
    vtable = root - int.from_bytes(content[root : root + 4], "little", signed=True)
    field = root + int.from_bytes(content[vtable + 4 : vtable + 6], "little")
    content[field] = 4
    path.write_bytes(content)
    with pytest.raises(ModelError, match="schema version 4; only version 3 is known"):
        inspect.read(path)


def test_a_file_without_the_identifier_is_refused_by_name(tmp_path):
    (tmp_path / "m.tflite").write_bytes(b"\x89PNG\r\n\x1a\n" * 4)
    with pytest.raises(ModelError, match=r"no TFLite model: bytes 4 to 7 should be b'TFL3'"):
        inspect.read(tmp_path / "m.tflite")


@settings(deadline=None)
@given(st.integers(0, len(TINY) - 1))
@example(len(TINY) - 1)
def test_a_file_cut_off_anywhere_is_refused(scratch, length):
    scratch.write_bytes(TINY[:length])
    with pytest.raises(ModelError):
        inspect.read(scratch)


@settings(deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_random_bytes_are_refused_or_read_but_never_crash(scratch, noise, identified):
    scratch.write_bytes(noise[:4] + b"TFL3" + noise[4:] if identified else noise)
    with pytest.raises(ModelError):
        inspect.read(scratch)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TINY) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_model_with_changed_bytes_is_read_or_refused_but_never_crashes(scratch, changes):
    content = bytearray(TINY)
    for position, value in changes:
        content[position] = value
    scratch.write_bytes(content)
    try:
        found = inspect.check(scratch, "litert")
    except ModelError:
        return
    assert found.size == len(TINY)
    assert isinstance(found.dtype, str)


def test_a_converted_dense_model_is_refused_for_tflite_with_what_can_be_done(dense_dynamic_range):
    with pytest.raises(UnsupportedOperator) as caught:
        inspect.check(dense_dynamic_range, "tflite")
    for part in (
        "FULLY_CONNECTED version 12, of which tflite 2.14.0 has versions up to 10",
        "marked for TensorFlow 2.17.0",
        "use the runtime litert (litert 2.3.0 loads it)",
        "_experimental_disable_per_channel_quantization_for_dense_layers = True",
    ):
        assert part in str(caught.value)


def test_the_same_model_passes_for_litert(dense_dynamic_range):
    assert inspect.check(dense_dynamic_range, "litert").size == 4296


@pytest.mark.parametrize("runtime", ["litert", "tflite"])
def test_the_highest_version_passes_and_the_next_is_refused(tmp_path, runtime):
    highest = {"litert": 14, "tflite": 10}[runtime]
    inspect.check(declaring(tmp_path / "m.tflite", "FULLY_CONNECTED", highest), runtime)
    with pytest.raises(UnsupportedOperator, match=f"up to {highest}"):
        inspect.check(declaring(tmp_path / "m.tflite", "FULLY_CONNECTED", highest + 1), runtime)


def test_no_runtime_is_recommended_that_cannot_load_it_either(tmp_path):
    with pytest.raises(UnsupportedOperator) as caught:
        inspect.check(declaring(tmp_path / "m.tflite", "FULLY_CONNECTED", 99), "tflite")
    assert "use the runtime" not in str(caught.value)


def test_an_operator_newer_than_the_runtime_is_refused(tmp_path):
    with pytest.raises(UnsupportedOperator, match=r"the operator DILATE, which tflite 2\.14\.0 does not have"):
        inspect.check(declaring(tmp_path / "m.tflite", "DILATE", 1), "tflite")


def test_a_custom_operator_is_refused_by_its_own_name(tmp_path):
    graph = Graph([TensorSpec("x", (1,)), TensorSpec("y", (1,))], [OperatorSpec("FlexErf", (0,), (1,))], (0,), (1,))
    with pytest.raises(UnsupportedOperator, match="custom operator FlexErf") as caught:
        inspect.check(written(tmp_path / "m.tflite", graph), "litert")
    assert "no SELECT_TF_OPS" in str(caught.value)


def test_a_custom_operator_of_the_wheel_passes(tmp_path):
    inspect.check(declaring(tmp_path / "m.tflite", "TFLite_Detection_PostProcess", 1), "tflite")


def test_all_refused_operators_are_named_at_once(tmp_path):
    graph = Graph([TensorSpec("x", (1,))], [], (0,), (0,), declared=[("ADD", 6), ("SIN", 2)])
    with pytest.raises(UnsupportedOperator, match=r"ADD version 6.*; SIN version 2"):
        inspect.check(written(tmp_path / "m.tflite", graph), "tflite")


def test_a_check_for_an_unknown_runtime_says_which_are_known(tmp_path):
    with pytest.raises(SettingsError, match="'onnx', only of tflite and litert"):
        inspect.check(tiny_model(tmp_path / "m.tflite"), "onnx")


def test_names_that_are_no_utf8_are_read_all_the_same(tmp_path):
    path = written(tmp_path / "m.tflite", Graph([TensorSpec("abcdefgh", (1,), data=np.ones(1))], [], (0,), (0,)))
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abc\xff\xfefgh"))
    assert inspect.read(path).tensors[0].name == "abc\ufffd\ufffdfgh"
