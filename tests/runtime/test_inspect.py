from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given, settings

from edgesense.errors import ModelError
from edgesense.runtime import inspect, loadable
from edgesense.runtime.inspect import ModelFile, TensorInfo
from edgesense.runtime.tiny import tiny_model, tiny_model_bytes
from edgesense.runtime.writer import Graph, TensorSpec, to_bytes

TINY = tiny_model_bytes(inputs=(1, 3, 4), classes=2, dtype="int8", work=2)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("inspect") / "model.tflite"


def written(path, graph):
    path.write_bytes(to_bytes(graph))
    return path


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
        found = loadable.check(scratch, "litert")
    except ModelError:
        return
    assert found.size == len(TINY)
    assert isinstance(found.dtype, str)


def test_names_that_are_no_utf8_are_read_all_the_same(tmp_path):
    path = written(tmp_path / "m.tflite", Graph([TensorSpec("abcdefgh", (1,), data=np.ones(1))], [], (0,), (0,)))
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abc\xff\xfefgh"))
    assert inspect.read(path).tensors[0].name == "abc\ufffd\ufffdfgh"
