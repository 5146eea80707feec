from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgesense.errors import SettingsError
from edgesense.runtime import backends
from edgesense.runtime.backends import tflite
from edgesense.runtime.tiny import tiny_model


def test_each_module_of_the_package_is_a_runtime():
    assert backends.names() == ("litert", "tflite")


@pytest.mark.parametrize("name", backends.names())
def test_each_backend_conforms(name):
    module = backends._module(name)
    assert inspect.getdoc(module)
    assert module.PACKAGE
    assert module.EXTRA
    assert isinstance(module.PREFERENCE, int)
    wanted = ["path", "threads", "delegate", "default_delegates"]
    assert list(inspect.signature(module.interpreter).parameters) == wanted
    assert list(inspect.signature(module.delegate).parameters) == ["library", "options"]
    assert not inspect.signature(module.version).parameters


def test_no_backend_is_imported_before_it_is_used():
    code = "import sys, edgesense.runtime.interpreter; from edgesense.runtime import backends; backends.installed(); "
    code += "print([name for name in ('ai_edge_litert', 'tflite_runtime') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_runtime_is_refused_with_the_nearest():
    with pytest.raises(SettingsError, match=r"no runtime 'lite-rt', only litert and tflite; did you mean 'litert'\?"):
        backends.find("lite-rt")


def test_a_runtime_that_is_not_installed_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(tflite, "PACKAGE", "tflite_runtime_that_is_not_here")
    with pytest.raises(SettingsError, match=r"tflite is not installed: pip install 'pytest-edgesense\[tflite\]'"):
        backends.find("tflite")


def test_the_next_runtime_is_taken_where_the_preferred_one_is_missing(monkeypatch):
    pytest.importorskip("tflite_runtime", reason="tflite-runtime is not installed")
    monkeypatch.setattr(backends._module("litert"), "PACKAGE", "ai_edge_litert_that_is_not_here")
    assert backends.find()[0] == "tflite"


def test_without_any_runtime_the_preferred_one_is_named(monkeypatch):
    for name in backends.names():
        monkeypatch.setattr(backends._module(name), "PACKAGE", f"{name}_that_is_not_here")
    with pytest.raises(SettingsError, match=r"no TFLite runtime is installed: .*\[litert\]"):
        backends.find()


def test_tflite_says_to_pin_numpy_before_it_is_imported(monkeypatch, tmp_path):
    monkeypatch.setattr(tflite, "version", lambda: "2.14.0")
    monkeypatch.setattr(np, "__version__", "2.0.0")
    with pytest.raises(SettingsError, match=r"tflite-runtime 2\.14\.0 needs NumPy 1, and 2\.0\.0 .*'numpy<2'"):
        tflite.interpreter(tiny_model(tmp_path / "m.tflite"), 1)


def test_an_interpreter_maps_the_file_it_is_given(runtime, tmp_path):
    path = tiny_model(tmp_path / "m.tflite", padding_bytes=20_000)
    made = backends.find(runtime)[1].interpreter(path, 1)
    made.allocate_tensors()
    assert str(path) in Path("/proc/self/maps").read_text()
