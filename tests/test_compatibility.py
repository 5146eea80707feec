from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgesense import compatibility
from edgesense.compatibility import MIB, Answer, Finding, Target
from edgesense.errors import ModelError, PipelineError
from edgesense.runtime import backends, operators
from edgesense.runtime.tiny import tiny_model
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes
from edgesense.tiny_pipeline import tiny_pipeline

MODELS = Path(__file__).parent / "data" / "models"
DENSE = MODELS / "dense_dynamic_range.tflite"
"""Dynamic-range dense layers as TensorFlow 2.21 converts them: FULLY_CONNECTED version 12."""

PI = Target("pi", "litert", "litert 2.3.0", "1.26.4", 1024 * MIB)
OLD = replace(PI, runtime="tflite", release="tflite 2.14.0")
CHIP = Target("esp32", "micro", "micro", ram_bytes=320 * 1024, flash_bytes=4 * MIB)
FLOAT16 = "float16"


def findings(path: Path, target: Target) -> dict[str, Finding]:
    return {one.check: one for one in compatibility.examine(path, target)}


def half_precision(path: Path) -> Path:
    """Weights in float16 that are turned into float32 before they are used, as TensorFlow's float16 conversion does."""
    tensors = [
        TensorSpec("features", (1, 4)),
        TensorSpec("halves", (2, 4), FLOAT16, np.ones((2, 4), np.float16)),
        TensorSpec("weights", (2, 4)),
        TensorSpec("scores", (1, 2)),
    ]
    graph = Graph(
        tensors,
        [
            OperatorSpec("DEQUANTIZE", (1,), (2,), 3),
            OperatorSpec("FULLY_CONNECTED", (0, 2, -1), (3,), 1, (8, {})),
        ],
        (0,),
        (3,),
    )
    path.write_bytes(to_bytes(graph))
    return path


def test_dynamic_range_dense_layers_stop_at_tflite_runtime_and_run_in_litert() -> None:
    found = findings(DENSE, OLD)
    assert found["operators"].answer is Answer.STOPS
    assert "FULLY_CONNECTED version 12, of which tflite 2.14.0 has versions up to 10" in found["operators"].text
    assert "use the runtime litert" in found["operators"].remedy
    assert "_experimental_disable_per_channel_quantization_for_dense_layers = True" in found["operators"].remedy
    assert found["min_runtime_version"].answer is Answer.STOPS
    assert findings(DENSE, PI)["operators"].answer is Answer.FITS


@pytest.mark.parametrize("target", [OLD, PI], ids=lambda one: one.runtime)
def test_what_is_said_of_the_dense_layers_is_what_the_runtime_does(target: Target) -> None:
    if target.runtime not in backends.installed():
        pytest.skip(f"{target.runtime} is not installed")
    if target.runtime == "tflite" and np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        pytest.skip("tflite-runtime needs NumPy 1")
    _, backend = backends.find(target.runtime)
    try:
        backend.interpreter(DENSE, 1).allocate_tensors()
    except (ValueError, RuntimeError):
        ran = False
    else:
        ran = True
    assert ran == (findings(DENSE, target)["operators"].answer is Answer.FITS)


def test_weights_in_float16_stop_at_tflite_micro_and_run_on_a_pi(tmp_path: Path) -> None:
    model = half_precision(tmp_path / "m.tflite")
    found = findings(model, CHIP)["arithmetic"]
    assert found.answer is Answer.STOPS
    assert found.text == "1 of its tensors are float16, and TFLite Micro's DEQUANTIZE takes int8, uint8 and int16 only"
    assert "int8 with a representative data set" in found.remedy
    assert "arithmetic" not in findings(model, PI)


@pytest.mark.skipif(importlib.util.find_spec("tflite_micro") is None, reason="tflite-micro is not installed")
def test_tflite_micro_itself_refuses_float16_and_takes_int8(tmp_path: Path) -> None:
    from tflite_micro.python.tflite_micro import runtime  # type: ignore[import-not-found, unused-ignore]

    whole = tiny_model(tmp_path / "int8.tflite", dtype="int8")
    runtime.Interpreter.from_file(str(whole), arena_size=64 * 1024)
    assert findings(whole, CHIP)["arithmetic"].answer is Answer.FITS
    with pytest.raises(RuntimeError):
        runtime.Interpreter.from_file(str(half_precision(tmp_path / "half.tflite")), arena_size=64 * 1024)


def test_hybrid_arithmetic_stops_at_tflite_micro() -> None:
    found = findings(DENSE, CHIP)["arithmetic"]
    assert found.answer is Answer.STOPS
    assert "weights are int8 and its values float32" in found.text


@pytest.mark.parametrize(
    ("numpy", "answer"), [("1.26.4", Answer.FITS), ("2.0.0", Answer.STOPS), ("2.4.1", Answer.STOPS)]
)
def test_numpy_2_stops_tflite_runtime(numpy: str, answer: Answer, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "m.tflite")
    found = findings(model, replace(OLD, numpy=numpy))["NumPy"]
    assert found.answer is answer
    assert ("pip install 'numpy<2'" in found.remedy) == (answer is Answer.STOPS)
    assert "NumPy" not in findings(model, replace(PI, numpy=numpy))


def test_a_custom_operator_stops_at_every_runtime(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(to_bytes(Graph([TensorSpec("x", (1,))], [], (0,), (0,), declared=[("FlexErf", 1)])))
    for target in (PI, OLD, CHIP):
        found = findings(path, target)["operators"]
        assert found.answer is Answer.STOPS
        assert "FlexErf" in found.text
        assert "builtin operators only" in found.remedy


def test_a_mark_for_a_newer_tensorflow_does_not_stop_what_has_every_operator(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    graph = Graph([TensorSpec("x", (1,))], [], (0,), (0,), {"min_runtime_version": b"2.17.0\0\0"}, [("ADD", 1)])
    path.write_bytes(to_bytes(graph))
    found = findings(path, OLD)["min_runtime_version"]
    assert found.answer is Answer.FITS
    assert "marked for TensorFlow 2.17.0 or newer, and tflite 2.14.0 is of 2.14" in found.text
    assert "min_runtime_version" not in findings(path, PI)


@pytest.mark.parametrize("release", ["litert 1.0.1", "litert 9.0.0"])
def test_another_release_than_the_tables_is_not_told(release: str, tmp_path: Path) -> None:
    found = findings(tiny_model(tmp_path / "m.tflite"), replace(PI, release=release))["operators"]
    assert found.answer is Answer.UNSURE
    assert f"of {release} that is not known" in found.text


def test_nothing_is_said_of_the_operators_of_an_unknown_runtime(tmp_path: Path) -> None:
    found = findings(tiny_model(tmp_path / "m.tflite"), replace(PI, runtime="onnx", release="onnx 1.20"))["operators"]
    assert (found.answer, found.text) == (
        Answer.UNSURE,
        f"nothing is known of the runtime onnx 1.20, only of {' and '.join(operators.runtimes())}",
    )


def test_memory_of_a_chip_is_held_against_the_largest_step_and_all_values(tmp_path: Path) -> None:
    # (1, 1000) in, (1, 5) out, all in one step.
    model = tiny_model(tmp_path / "m.tflite", inputs=(1, 1000), classes=5, dtype="int8")
    assert findings(model, replace(CHIP, ram_bytes=1005))["memory"].answer is Answer.FITS
    stopped = findings(model, replace(CHIP, ram_bytes=1004))["memory"]
    assert stopped.answer is Answer.STOPS
    assert "convert it to int8" in stopped.remedy


def test_memory_that_depends_on_the_plan_is_not_told(tmp_path: Path) -> None:
    # Two products and their maximum: 3 x 5 scores, of which a step needs the input and two or three of them.
    model = tiny_model(tmp_path / "m.tflite", inputs=(1, 10), classes=5, dtype="int8", work=2)
    found = findings(model, replace(CHIP, ram_bytes=20))["memory"]
    assert found.answer is Answer.UNSURE
    assert found.remedy == "give arena_kb a limit: it is found exactly"


def test_memory_of_a_board_holds_python_the_runtime_and_the_system_too(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "m.tflite", padding_bytes=40 * MIB)
    assert findings(model, replace(PI, ram_bytes=256 * MIB))["memory"].answer is Answer.FITS
    found = findings(model, replace(PI, ram_bytes=220 * MIB))["memory"]
    assert found.answer is Answer.STOPS
    assert found.text == "about 100 MiB with Python and the runtime; 220 MiB less 128 MiB"


def test_all_files_that_ship_are_held_against_the_flash(tmp_path: Path) -> None:
    directory = tiny_pipeline(tmp_path / "tiny", trained_on=5, clips=None)
    size = sum(path.stat().st_size for path in directory.iterdir())
    assert findings(directory, replace(CHIP, flash_bytes=size + 1))["flash"].answer is Answer.FITS
    found = findings(directory, replace(CHIP, flash_bytes=size))["flash"]
    assert found.answer is Answer.STOPS
    assert "prune or cluster it" in found.remedy


def test_what_is_not_known_of_a_device_is_not_checked(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "m.tflite")
    assert findings(model, Target("mine", "litert", "litert 2.3.0")).keys() == {"operators"}


def test_what_is_no_file_or_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        PipelineError, match="mypkg:make does not exist: whether a pipeline fits is told from its files"
    ):
        compatibility.examine(Path("mypkg:make"), PI)
    (tmp_path / "m.tflite").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="no TFLite model"):
        compatibility.examine(tmp_path / "m.tflite", PI)
