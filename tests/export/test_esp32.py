"""The project for ESP-IDF: what it holds, and that it computes what the pipeline computes."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgesense import pipeline, synthetic
from edgesense.errors import InvalidInput, ModelError, PipelineError, SettingsError
from edgesense.export import esp32
from edgesense.runtime import arena, backends, inspect
from edgesense.runtime.backends import micro
from edgesense.tiny_pipeline import TINY_SETTINGS, tiny_pipeline

SHIPPED = Path(__file__).parents[2] / "models"
STUBS = Path(__file__).parents[1] / "data" / "esp_idf"

needs_micro = pytest.mark.skipif(
    not backends._is_installed("micro"), reason="tflite-micro is not installed: pip install 'pytest-edgesense[esp32]'"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The default pipeline, written once."""
    if not backends._is_installed("micro"):
        pytest.skip("tflite-micro is not installed")
    output = tmp_path_factory.mktemp("written") / "project"
    esp32.write(SHIPPED / "dscnn-int8", output)
    return output


def defined(project: Path) -> dict[str, str]:
    text = (project / "main" / "edgesense_settings.h").read_text()
    return {name: value.strip("()f") for name, value in re.findall(r"#define (\w+) (.+)", text)}


@needs_micro
def test_everything_that_a_build_needs_is_there_and_told(tmp_path) -> None:
    files = esp32.write(SHIPPED / "attention-int8", tmp_path / "project")
    names = {str(file.relative_to(tmp_path / "project")) for file in files}
    assert files[0].name == "README.md"
    assert names >= {"CMakeLists.txt", "main/CMakeLists.txt", "main/idf_component.yml", "main/main.cc"}
    sources = re.search(r"SRCS (.+)", (tmp_path / "project" / "main" / "CMakeLists.txt").read_text())
    assert sources is not None
    assert {f"main/{name}" for name in sources[1].split()} <= names
    assert not list(tmp_path.glob(".project*"))


@needs_micro
def test_the_settings_are_the_pipelines(project) -> None:
    opened = pipeline.open(SHIPPED / "dscnn-int8")
    said, given, made = defined(project), opened.model.inputs[0], opened.model.outputs[0]
    assert (int(said["ES_FRAMES"]), int(said["ES_WIDTH"])) == opened.settings.shape
    assert 1 / float(said["ES_INPUT_INVERSE_SCALE"]) == pytest.approx(given.scale, rel=1e-6)
    assert float(said["ES_INPUT_ZERO_POINT"]) == given.zero_point
    assert float(said["ES_OUTPUT_SCALE"]) == pytest.approx(made.scale)
    assert int(said["ES_OUTPUT_ZERO_POINT"]) == made.zero_point
    found = arena.find(SHIPPED / "dscnn-int8" / "model.tflite").total
    assert found + 1024 <= int(said["ES_ARENA_BYTES"]) < found + 2 * 1024


@needs_micro
def test_the_model_its_classes_and_operators_are_in_it(project, compiler) -> None:
    library = project.parent / "model.so"
    main = project / "main"
    command = [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", f"-I{main}"]
    subprocess.run([*command, str(main / "edgesense_model.c"), "-o", str(library)], check=True)
    model = SHIPPED / "dscnn-int8" / "model.tflite"
    c = ctypes.CDLL(str(library))
    size = model.stat().st_size
    stored = (ctypes.c_ubyte * size).in_dll(c, "es_model")
    assert bytes(stored) == model.read_bytes()
    assert ctypes.addressof(stored) % 16 == 0
    names = (ctypes.c_char_p * 5).in_dll(c, "es_class_names")
    assert tuple(name.decode() for name in names) == pipeline.open(SHIPPED / "dscnn-int8").classes
    resolver = (main / "edgesense_resolver.h").read_text()
    operators = [one.name for one in inspect.read(model).operators if one.count]
    assert [esp32.METHODS[name] for name in operators] == re.findall(r"resolver\.(\w+)\(", resolver)
    assert f"MicroMutableOpResolver<{len(operators)}>" in resolver


@needs_micro
@pytest.mark.parametrize("name", ["dscnn-int8", "attention-int8", "crnn-int8"])
def test_the_model_gets_the_input_that_it_gets_in_python(name, tmp_path, compile_in) -> None:
    esp32.write(SHIPPED / name, tmp_path / "project")
    opened = pipeline.open(SHIPPED / name)
    front_end = compile_in(tmp_path / "project" / "main", opened.settings)
    for clip in synthetic.clips("test", 5, seconds=2.0, sample_rate=16000):
        assert front_end.push(clip.samples) == 0
        found = front_end.quantised(front_end.features()).astype(int)
        expected = quantised(opened, clip.samples)
        assert np.abs(found - expected).max() <= 1
        assert np.mean(found != expected) < 0.002


def quantised(opened: pipeline.Pipeline, samples: np.ndarray) -> np.ndarray:
    """What the model takes, from Python's front end and quantiser."""
    assert opened.model._quantize is not None
    shaped = opened.features(samples).reshape(opened.model.inputs[0].shape)
    return opened.model._quantize(shaped).reshape(opened.settings.shape).astype(int)


@needs_micro
def test_the_example_makes_its_noise_and_runs_the_pipeline_on_it(project, tmp_path, compiler) -> None:
    cxx = shutil.which("g++") or pytest.skip("there is no C++ compiler")
    main = project / "main"
    objects = [str(tmp_path / f"{path.stem}.o") for path in main.glob("*.c")]
    for path, made in zip(main.glob("*.c"), objects, strict=True):
        subprocess.run([compiler, "-std=c99", "-O2", f"-I{main}", "-c", str(path), "-o", made], check=True)
    flags = ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", f"-I{main}", f"-I{STUBS}"]
    program = str(tmp_path / "example")
    sources = [str(main / "main.cc"), str(STUBS / "start.cc")]
    subprocess.run([cxx, *flags, *sources, *objects, "-o", program, "-lm"], check=True)
    said = subprocess.run([program], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    opened = pipeline.open(SHIPPED / "dscnn-int8", runtime="micro")
    answer = opened.run(esp32.check_clip(opened.settings.samples))
    assert f"{answer}, expected {answer}: " in said
    assert "operators: 6\n" in said
    found = np.fromfile(tmp_path / "input.bin", np.int8).reshape(opened.settings.shape).astype(int)
    assert np.mean(found != quantised(opened, esp32.check_clip(opened.settings.samples))) < 0.002


def test_the_noise_is_a_clip_that_a_pipeline_takes() -> None:
    clip = esp32.check_clip(32000)
    assert clip.dtype == np.float32
    assert np.abs(clip).max() <= 0.125
    assert np.abs(clip).max() > 0.12
    assert abs(float(clip.mean())) < 0.002


@needs_micro
@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"dtype": "float32"}, ModelError, "a float32 model with float32 input.*optimize --pass int8"),
        ({"dtype": "uint8"}, ModelError, "uint8 input and uint8 output"),
    ],
)
def test_a_model_that_is_not_int8_is_refused(changes, error, said, tmp_path) -> None:
    source = tiny_pipeline(tmp_path / "tiny", clips=None, trained_on=10, **changes)
    with pytest.raises(error, match=said):
        esp32.write(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@needs_micro
def test_an_operator_that_no_method_adds_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.delitem(esp32.METHODS, "FULLY_CONNECTED")
    source = tiny_pipeline(tmp_path / "tiny", clips=None, trained_on=10, dtype="int8")
    with pytest.raises(ModelError, match="operators that this export does not know: FULLY_CONNECTED"):
        esp32.write(source, tmp_path / "out")


def test_a_front_end_that_c_cannot_compute_is_refused(tmp_path) -> None:
    from dataclasses import replace

    settings = replace(TINY_SETTINGS, n_fft=400)
    source = tiny_pipeline(tmp_path / "tiny", clips=None, trained_on=10, dtype="int8", settings=settings)
    with pytest.raises(SettingsError, match="n_fft is 400: train with 256 or 512"):
        esp32.write(source, tmp_path / "out")


def test_a_bare_model_is_refused(tmp_path) -> None:
    with pytest.raises(PipelineError, match="no pipeline directory; a bare model has no front end"):
        esp32.write(SHIPPED / "dscnn-int8" / "model.tflite", tmp_path / "out")


def test_without_the_package_the_command_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(micro, "PACKAGE", "tflite_micro_that_is_not_here")
    with pytest.raises(SettingsError, match=r"pip install 'pytest-edgesense\[esp32\]'"):
        esp32.write(SHIPPED / "dscnn-int8", tmp_path / "out")


def test_what_is_there_is_not_touched(tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.c").write_text("mine")
    with pytest.raises(InvalidInput, match="is there already"):
        esp32.write(SHIPPED / "dscnn-int8", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.c"]


@needs_micro
def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch) -> None:
    def full(_: object) -> dict[str, str]:
        raise OSError("no space left")

    monkeypatch.setattr(esp32, "_generated", full)
    with pytest.raises(OSError, match="no space left"):
        esp32.write(SHIPPED / "dscnn-int8", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
