from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from edgesense.errors import ModelError, SettingsError, UnsupportedOperator
from edgesense.runtime import backends, interpreter, operators
from edgesense.runtime.interpreter import Port, _Quantizer, load
from edgesense.runtime.tiny import tiny_model
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes


def features(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


@pytest.fixture
def linear(tmp_path):
    """Writes a linear model and gives its path, weights and bias."""
    weights, bias = features(3, 20), features(3, seed=1)

    def make(dtype="float32", inputs=(1, 4, 5), **settings):
        path = tmp_path / f"{dtype}.tflite"
        return tiny_model(
            path,
            inputs=inputs,
            classes=3,
            dtype=dtype,
            weights=weights,
            bias=bias,
            output_range=(-12.0, 12.0),
            **settings,
        )

    make.expected = lambda x: weights @ x.ravel() + bias
    return make


def test_a_float_model_gives_the_product(runtime, linear):
    x = features(1, 4, 5, seed=2)
    np.testing.assert_allclose(load(linear(), runtime=runtime).run(x)[0], linear.expected(x), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_a_quantised_model_takes_and_gives_floats_within_its_steps(runtime, linear, dtype):
    model, x = load(linear(dtype), runtime=runtime), features(1, 4, 5, seed=2)
    scores = model.run(x)
    assert scores.dtype == np.float32
    # Rounding of 20 products of steps 2/255 and 1/127, and one step of the output.
    np.testing.assert_allclose(scores[0], linear.expected(x), atol=20 * (1 / 255 + 0.5 / 127) + 24 / 255)


@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5), (1, 4, 5, 1)])
def test_dimensions_of_one_may_be_left_out_or_put_in(runtime, linear, shape):
    model, x = load(linear(), runtime=runtime), features(1, 4, 5)
    assert np.array_equal(model.run(x.reshape(shape)), model.run(x))


@pytest.mark.parametrize("shape", [(5, 4), (20,), (1, 4, 6), (2, 4, 5), ()])
def test_another_shape_is_refused_with_both_shapes(runtime, linear, shape):
    with pytest.raises(ModelError, match=r"takes an input of shape \(1, 4, 5\), not \("):
        load(linear(), runtime=runtime).run(np.zeros(shape, np.float32))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_float64_input_is_taken_as_float32(runtime, linear, dtype):
    model, x = load(linear(dtype), runtime=runtime), features(4, 5)
    assert np.array_equal(model.run(x.astype(np.float64)), model.run(x))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_an_input_that_is_not_contiguous_is_read_right(runtime, linear, dtype):
    model, x = load(linear(dtype), runtime=runtime), features(5, 4).T
    assert np.array_equal(model.run(x), model.run(np.ascontiguousarray(x)))


def test_an_earlier_result_is_not_overwritten_by_the_next_run(runtime, linear):
    model = load(linear("int8"), runtime=runtime)
    first = model.run(features(4, 5))
    kept = first.copy()
    model.run(features(4, 5, seed=9))
    assert np.array_equal(first, kept)


def test_a_recurrent_model_starts_each_run_anew(runtime, lstm_int8):
    model, x = load(lstm_int8, runtime=runtime), features(10, 8)
    first = model.run(x)
    assert np.array_equal(model.run(x), first)
    assert not np.array_equal(model.run(-x), first)


def test_both_runtimes_agree_on_a_recurrent_model(lstm_int8):
    if backends.installed() != ("litert", "tflite") or np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        pytest.skip("both runtimes are needed, and NumPy 1")
    first, second = (load(lstm_int8, runtime=name).run(features(10, 8)) for name in ("litert", "tflite"))
    np.testing.assert_allclose(first, second, atol=0.02)


def test_ports_say_name_shape_dtype_and_quantisation(runtime, linear):
    (port,) = load(linear("int8", input_range=(-0.5, 2.05)), runtime=runtime).inputs
    assert (port.name, port.shape, port.dtype, port.zero_point) == ("features", (1, 4, 5), np.int8, -78)
    assert port.scale == pytest.approx(0.01)


def test_the_runtime_and_its_release_are_named(runtime, linear):
    name, _, release = load(linear(), runtime=runtime).runtime.partition(" ")
    assert name == runtime
    assert release[0].isdigit()


def test_litert_is_taken_where_none_is_named(linear):
    pytest.importorskip("ai_edge_litert", reason="litert is not installed")
    assert load(linear()).runtime.startswith("litert ")


def test_one_thread_is_the_default(runtime, linear):
    assert load(linear(), runtime=runtime).threads == 1


def test_two_threads_give_the_same(runtime, linear):
    x = features(4, 5)
    assert np.array_equal(
        load(linear(), runtime=runtime, threads=2).run(x), load(linear(), runtime=runtime, threads=1).run(x)
    )


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_threads_that_are_no_whole_number_from_one_are_refused(linear, threads):
    with pytest.raises(SettingsError, match="threads must be a whole number of 1 or more"):
        load(linear(), threads=threads)


def test_a_file_that_is_cut_off_never_reaches_the_runtime(runtime, linear):
    path = linear()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ModelError, match="cut off"):
        load(path, runtime=runtime)


@pytest.mark.parametrize("runtime", ["tflite"], indirect=True)
def test_an_operator_too_new_is_refused_before_the_runtime_sees_it(dense_dynamic_range, runtime):
    with pytest.raises(UnsupportedOperator, match="FULLY_CONNECTED version 12, of which tflite"):
        load(dense_dynamic_range, runtime=runtime)


@pytest.mark.parametrize("runtime", ["tflite"], indirect=True)
def test_tflite_itself_refuses_that_operator_too(dense_dynamic_range, monkeypatch, runtime):
    monkeypatch.setattr(operators, "known_release", lambda _: False)
    with pytest.raises(UnsupportedOperator, match=r"tflite .* cannot load .*'FULLY_CONNECTED' version '12'"):
        load(dense_dynamic_range, runtime=runtime)


@pytest.mark.parametrize("runtime", ["litert"], indirect=True)
def test_litert_runs_that_operator(dense_dynamic_range, runtime):
    assert load(dense_dynamic_range, runtime=runtime).run(features(1, 16)).shape == (1, 4)


@pytest.mark.parametrize("operator", [("FULLY_CONNECTED", 99), ("STABLEHLO_CBRT", 1)])
def test_of_a_release_without_a_table_the_runtime_itself_refuses(runtime, tmp_path, monkeypatch, operator):
    monkeypatch.setattr(operators, "known_release", lambda _: False)
    path = tmp_path / "m.tflite"
    path.write_bytes(to_bytes(Graph([TensorSpec("x", (1,))], [], (0,), (0,), declared=[operator])))
    with pytest.raises(UnsupportedOperator, match=f"{runtime} .* cannot load"):
        load(path, runtime=runtime)


@pytest.mark.parametrize("name", ["NoSuchOperator", "FlexErf"])
def test_a_custom_operator_is_refused_by_the_runtime_too(runtime, tmp_path, monkeypatch, name):
    monkeypatch.setattr(operators, "known_release", lambda _: False)
    path = tmp_path / "m.tflite"
    tensors = [TensorSpec("x", (1,)), TensorSpec("y", (1,))]
    path.write_bytes(to_bytes(Graph(tensors, [OperatorSpec(name, (0,), (1,))], (0,), (1,))))
    with pytest.raises(UnsupportedOperator, match=name if name == "NoSuchOperator" else "Select TensorFlow op"):
        load(path, runtime=runtime)


def test_a_graph_that_does_not_fit_together_is_a_model_error(runtime, tmp_path):
    path = tmp_path / "m.tflite"
    tensors = [TensorSpec("a", (1, 3)), TensorSpec("b", (1, 2)), TensorSpec("sum", (1, 3))]
    path.write_bytes(to_bytes(Graph(tensors, [OperatorSpec("ADD", (0, 1), (2,), options=(11, {}))], (0, 1), (2,))))
    with pytest.raises(ModelError, match=f"{runtime} .* cannot load"):
        load(path, runtime=runtime)


def two_inputs(path):
    tensors = [TensorSpec(name, (1, 3)) for name in ("a", "b", "sum")]
    path.write_bytes(to_bytes(Graph(tensors, [OperatorSpec("ADD", (0, 1), (2,), options=(11, {}))], (0, 1), (2,))))
    return path


def test_several_inputs_are_given_to_invoke(runtime, tmp_path):
    (total,) = load(two_inputs(tmp_path / "m.tflite"), runtime=runtime).invoke([features(1, 3), features(1, 3)])
    assert np.array_equal(total, 2 * features(1, 3))


def test_run_of_several_inputs_says_to_use_invoke(runtime, tmp_path):
    with pytest.raises(ModelError, match="takes 2 inputs, not one: use invoke"):
        load(two_inputs(tmp_path / "m.tflite"), runtime=runtime).run(features(1, 3))


def test_invoke_refuses_another_number_of_values(runtime, tmp_path):
    with pytest.raises(ModelError, match="takes 2 inputs, not 1"):
        load(two_inputs(tmp_path / "m.tflite"), runtime=runtime).invoke([features(1, 3)])


def test_invoke_refuses_another_dtype(runtime, linear):
    with pytest.raises(ModelError, match="cannot run"):
        load(linear("int8"), runtime=runtime).invoke([features(1, 4, 5)])


quantised_ports = st.builds(
    Port,
    name=st.just("x"),
    shape=st.just((1, 8)),
    dtype=st.sampled_from([np.dtype(np.int8), np.dtype(np.uint8), np.dtype(np.int16)]),
    scale=st.floats(2**-10, 2**10, width=32),
    zero_point=st.integers(0, 100),
    index=st.just(0),
)


@settings(deadline=None)
@given(quantised_ports, st.lists(st.floats(-1e4, 1e4, width=32), min_size=8, max_size=8))
def test_quantising_and_back_stays_within_half_a_step_or_saturates(port, values):
    x = np.array([values], np.float32)
    limits = np.iinfo(port.dtype)
    back = port.dequantize(_Quantizer(port)(x))
    low, high = ((limit - port.zero_point) * port.scale for limit in (limits.min, limits.max))
    assert np.all(np.abs(back - np.clip(x, low, high)) <= port.scale * (0.5 + 1e-2))


@settings(deadline=None)
@given(quantised_ports)
def test_zero_is_held_exactly(port):
    assert np.all(port.dequantize(_Quantizer(port)(np.zeros((1, 8), np.float32))) == 0.0)


def test_numbers_that_are_not_quantised_come_out_as_they_are():
    port = Port("x", (2,), np.dtype(np.int64), 0.0, 0, 0)
    assert port.dequantize(np.array([3, -4])).tolist() == [3.0, -4.0]


def test_only_the_first_line_of_a_runtime_error_is_told():
    assert interpreter._first_line(RuntimeError("bad\nNode 3 failed")) == "bad"
