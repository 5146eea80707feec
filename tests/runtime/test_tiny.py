from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from edgesense.runtime import inspect, loadable
from edgesense.runtime.interpreter import load
from edgesense.runtime.tiny import tiny_model, tiny_model_bytes
from edgesense.testing import tiny_models


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others():
    assert tiny_model_bytes(seed=3) == tiny_model_bytes(seed=3)
    assert tiny_model_bytes(seed=3) != tiny_model_bytes(seed=4)


@pytest.mark.parametrize("padding", [1, 5000])
def test_padding_grows_the_file_and_nothing_else(tmp_path, runtime, padding):
    plain, padded = tiny_model(tmp_path / "a.tflite"), tiny_model(tmp_path / "b.tflite", padding_bytes=padding)
    assert padding <= padded.stat().st_size - plain.stat().st_size < padding + 200
    x = np.linspace(-1, 1, 16, dtype=np.float32)
    assert np.array_equal(load(plain, runtime=runtime).run(x), load(padded, runtime=runtime).run(x))


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_work_repeats_the_product_and_keeps_the_result(tmp_path, runtime, dtype):
    once = tiny_model(tmp_path / "a.tflite", dtype=dtype)
    often = tiny_model(tmp_path / "b.tflite", dtype=dtype, work=4)
    assert inspect.read(often).operators[0].count == 4
    x = np.linspace(-1, 1, 16, dtype=np.float32)
    assert np.array_equal(load(once, runtime=runtime).run(x), load(often, runtime=runtime).run(x))


def test_work_below_one_is_refused():
    with pytest.raises(ValueError, match="work must be at least 1, not 0"):
        tiny_model_bytes(work=0)


def test_a_dtype_it_cannot_write_is_refused():
    with pytest.raises(ValueError, match="dtype must be float32, int8 or uint8, not 'int16'"):
        tiny_model_bytes(dtype="int16")


def test_a_model_without_weights_to_speak_of_still_runs(tmp_path, runtime):
    path = tiny_model(tmp_path / "m.tflite", dtype="int8", weights=np.zeros((2, 16)), bias=np.ones(2), classes=2)
    assert load(path, runtime=runtime).run(np.ones(16, np.float32))[0] == pytest.approx([1, 1], abs=8 / 255)


# The runtime is the same for all examples, and the file is written anew for each.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=tiny_models())
def test_each_drawn_model_loads_and_runs(tmp_path, runtime, content):
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    model = load(path, runtime=runtime)
    (given_,), (score,) = model.inputs, model.outputs
    assert loadable.check(path, runtime).size == len(content)
    assert np.isfinite(model.run(np.ones(given_.shape, np.float32))).all()
    assert score.shape[0] == 1


@given(content=tiny_models(dtype="int8", classes=3))
@settings(max_examples=10, deadline=None)
def test_what_is_fixed_is_in_each_drawn_model(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fixed.tflite"
    path.write_bytes(content)
    found = inspect.read(path)
    assert (found.dtype, found.outputs[0].shape) == ("int8", (1, 3))
