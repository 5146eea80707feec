from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgesense.errors import ModelError, SettingsError, UnsupportedOperator
from edgesense.runtime import arena, backends, interpreter
from edgesense.runtime.backends import micro
from edgesense.runtime.tiny import tiny_model, tiny_model_bytes
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes

SHIPPED = Path(__file__).parents[2] / "models"

needs_micro = pytest.mark.skipif(
    not backends._is_installed("micro"), reason="tflite-micro is not installed: pip install 'pytest-edgesense[esp32]'"
)


def float16(path: Path) -> Path:
    """A dense layer as the converter writes it for float16: weights stored so, and dequantised."""
    tensors = [
        TensorSpec("x", (1, 8)),
        TensorSpec("stored", (4, 8), "float16", np.ones((4, 8), np.float16)),
        TensorSpec("weights", (4, 8)),
        TensorSpec("bias", (4,), data=np.zeros(4, np.float32)),
        TensorSpec("y", (1, 4)),
    ]
    operators = [
        OperatorSpec("DEQUANTIZE", (1,), (2,), 2),
        OperatorSpec("FULLY_CONNECTED", (0, 2, 3), (4,), 1, (8, {})),
    ]
    path.write_bytes(to_bytes(Graph(tensors, operators, (0,), (4,), {})))
    return path


def single(path: Path, operator: str, count: int = 1) -> Path:
    tensors = [TensorSpec("x", (1, 8)), TensorSpec("y", (1, 8))]
    path.write_bytes(to_bytes(Graph(tensors, [OperatorSpec(operator, (0,) * count, (1,))], (0,), (1,), {})))
    return path


def test_it_is_never_taken_unasked() -> None:
    assert "micro" not in backends.names()
    assert "micro" not in backends.installed()


def test_what_lacks_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro, "PACKAGE", "tflite_micro_that_is_not_here")
    with pytest.raises(SettingsError, match=r"micro is not installed: pip install 'pytest-edgesense\[esp32\]'"):
        backends.find("micro")
    with pytest.raises(SettingsError, match="micro is not installed"):
        arena.find("model.tflite")


def test_threads_and_delegates_are_refused() -> None:
    with pytest.raises(SettingsError, match="one thread, and 2 were asked for"):
        micro.interpreter(Path("m.tflite"), 2)
    with pytest.raises(SettingsError, match=r"no delegates, and libfoo\.so"):
        micro.delegate("libfoo.so", {})


@needs_micro
@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_model_answers_as_in_the_other_runtimes(dtype: str, tmp_path: Path) -> None:
    path = tiny_model(tmp_path / "m.tflite", dtype=dtype)
    x = np.random.default_rng(1).normal(size=(1, 16)).astype(np.float32)
    asked, expected = interpreter.load(path, runtime="micro"), interpreter.load(path)
    assert asked.runtime == f"micro {micro.version()}"
    assert asked.delegates == ()
    assert [one.name for one in asked.inputs] == [one.name for one in expected.inputs]
    step = expected.outputs[0].scale
    assert asked.run(x) == pytest.approx(expected.run(x), abs=1.01 * step + 1e-5)


@needs_micro
def test_a_model_with_state_starts_anew_each_time(lstm_int8: Path) -> None:
    model = interpreter.load(lstm_int8, runtime="micro")
    x = np.random.default_rng(2).normal(size=(1, 10, 8)).astype(np.float32)
    first = model.run(x)
    model.run(-x)
    assert np.array_equal(model.run(x), first)


@needs_micro
def test_float16_is_refused_with_the_operator_and_what_to_do(tmp_path: Path) -> None:
    said = r"micro .* cannot load .*the operator DEQUANTIZE is refused \(the model is float16; convert it to int8\)"
    with pytest.raises(ModelError, match=said):
        interpreter.load(float16(tmp_path / "m.tflite"), runtime="micro")
    with pytest.raises(ModelError, match=said):
        arena.find(float16(tmp_path / "m.tflite"))


@needs_micro
def test_dynamic_range_is_refused_with_the_operator_and_what_to_do(dense_dynamic_range: Path) -> None:
    said = r"the operator FULLY_CONNECTED is refused \(the model is dynamic-range; convert it to int8\)"
    with pytest.raises(ModelError, match=said):
        interpreter.load(dense_dynamic_range, runtime="micro")


@needs_micro
@pytest.mark.parametrize(("operator", "inputs"), [("ATAN2", 2), ("MyOwn", 1)])
def test_an_operator_that_it_lacks_is_named(operator: str, inputs: int, tmp_path: Path) -> None:
    path = single(tmp_path / "m.tflite", operator, inputs)
    with pytest.raises(UnsupportedOperator, match=f"cannot load .*{operator}"):
        interpreter.load(path, runtime="micro")
    with pytest.raises(UnsupportedOperator, match=f"cannot load .*{operator}"):
        arena.find(path)


@needs_micro
def test_what_fails_only_when_it_runs_is_named_too(tmp_path: Path) -> None:
    model = interpreter.load(tiny_model(tmp_path / "m.tflite", dtype="uint8"), runtime="micro")
    with pytest.raises(ModelError, match=r"cannot run .*the operator FULLY_CONNECTED is refused"):
        model.run(np.zeros((1, 16), np.float32))


@needs_micro
@pytest.mark.parametrize("name", ["dscnn-int8", "attention-int8", "crnn-int8"])
def test_the_arena_that_is_found_is_the_smallest_that_loads(name: str) -> None:
    path = SHIPPED / name / "model.tflite"
    found = arena.find(path)
    assert found.activations + found.records == found.total
    micro.MicroInterpreter(path, found.total).allocate_tensors()
    with pytest.raises(ValueError, match="Failed to"):
        micro.MicroInterpreter(path, found.total - 1).allocate_tensors()


@needs_micro
def test_a_larger_model_needs_a_larger_arena(tmp_path: Path) -> None:
    small, large = (tmp_path / f"{size}.tflite" for size in (16, 1600))
    for path, size in ((small, 16), (large, 1600)):
        path.write_bytes(tiny_model_bytes(inputs=(1, size), dtype="int8"))
    before, after = arena.find(small), arena.find(large)
    assert after.activations - before.activations == pytest.approx(1584, abs=16)
    assert before.total < after.total < before.total + 1600


def test_a_report_that_is_not_understood_is_refused() -> None:
    with pytest.raises(ModelError, match="report of its arena is not understood: Arena total 5"):
        arena.parse(["Arena total 5"])
