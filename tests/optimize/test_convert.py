import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edgesense import models
from edgesense.errors import ConversionError, SettingsError
from edgesense.optimize import convert
from edgesense.optimize.convert import Trained
from edgesense.runtime import backends

TINY = Trained("ds_cnn", (16, 8), 3, [])


def a_pass(tmp_path, monkeypatch, body):
    """A pass of its own that does `body`; its module's name."""
    (tmp_path / "made_up").mkdir()
    (tmp_path / "made_up" / "__init__.py").write_text("")
    (tmp_path / "made_up" / "bad.py").write_text(
        "import os, signal, sys, time\ndef convert(model, calibration=None):\n    " + body
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "made_up.bad"


@pytest.fixture
def without_a_model(monkeypatch, tmp_path):
    """A child that skips building the model, and with it TensorFlow's import."""
    (tmp_path / "sitecustomize.py").write_text(
        "import edgesense.models as models\n"
        "class _Any:\n"
        "    def build(self, *a, **k): return self\n"
        "    def set_weights(self, w): pass\n"
        "models.get = lambda name: _Any()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


SHAPE = (12, 32)
CALIBRATION = np.random.default_rng(0).normal(size=(8, *SHAPE)).astype(np.float32)


def weights(name):
    """Untrained weights of an architecture, as good as trained ones here."""
    import tf_keras

    tf_keras.utils.set_random_seed(1)
    return models.get(name).build(SHAPE, 3).get_weights()


def test_a_crashed_conversion_names_its_signal(tmp_path, monkeypatch, without_a_model):
    name = a_pass(tmp_path, monkeypatch, "os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(ConversionError, match="conversion of ds_cnn was killed by SIGSEGV"):
        convert.convert(TINY, name, tmp_path / "out" / "model.tflite")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_failed_conversion_shows_its_last_words(tmp_path, monkeypatch, without_a_model):
    name = a_pass(tmp_path, monkeypatch, "sys.exit('no such operator: FROBNICATE')")
    with pytest.raises(ConversionError, match="exit status 1; its last words:\nno such operator: FROBNICATE"):
        convert.convert(TINY, name, tmp_path / "model.tflite")


def test_a_conversion_that_hangs_is_stopped(tmp_path, monkeypatch, without_a_model):
    name = a_pass(tmp_path, monkeypatch, "print('waiting', file=sys.stderr, flush=True); time.sleep(600)")
    with pytest.raises(ConversionError, match="was stopped after 5 s"):
        convert.convert(TINY, name, tmp_path / "model.tflite", seconds=5)


def test_what_is_no_model_is_not_put_in_place(tmp_path, monkeypatch, without_a_model):
    name = a_pass(tmp_path, monkeypatch, "return b'not a model at all'")
    output = tmp_path / "model.tflite"
    output.write_bytes(b"the older one")
    with pytest.raises(ConversionError, match="cannot be deployed"):
        convert.convert(TINY, name, output)
    assert output.read_bytes() == b"the older one"


def test_an_unknown_pass_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(SettingsError, match=r"unknown pass 'int9', known are .*; did you mean 'int8'"):
        convert.convert(TINY, "int9", tmp_path / "model.tflite")


def test_a_conversion_comes_back_with_its_notes_and_the_runtimes_that_load_it(with_tensorflow, tmp_path):
    trained = Trained("ds_cnn", SHAPE, 3, with_tensorflow(weights, "ds_cnn"))
    output = tmp_path / "out" / "mixed.tflite"
    made = convert.convert(
        trained, "mixed", output, calibration=CALIBRATION, options={"operators": 2}, require=convert.RUNTIMES
    )
    assert len(made.notes["kept_float"]) == 2
    assert (made.file.path, made.file.size) == (output, output.stat().st_size)
    assert {one.runtime for one in made.runtimes if one.loads and one.tried} == set(backends.installed())
    assert list(output.parent.iterdir()) == [output]


def test_a_combination_that_cannot_be_is_refused_in_plain_words(with_tensorflow, tmp_path):
    trained = Trained("crnn", SHAPE, 3, with_tensorflow(weights, "crnn"))
    with pytest.raises(ConversionError, match=r"^int16x8 cannot convert crnn: TFLite has no recurrent operator .*lstm"):
        convert.convert(trained, "int16x8", tmp_path / "model.tflite", calibration=CALIBRATION)
    assert list(tmp_path.iterdir()) == []


def newer(version):
    """The body of a pass whose model has an operator that litert 2.3 has up to version 14, tflite 2.14 up to 10."""
    return (
        "from edgesense.runtime.writer import Graph, TensorSpec, to_bytes\n"
        "    graph = Graph([TensorSpec('x', (1,))], [], (0,), (0,), declared=[('FULLY_CONNECTED', "
        f"{version})])\n"
        "    return to_bytes(graph)\n"
    )


def test_a_model_that_one_runtime_refuses_is_written_and_told(tmp_path, monkeypatch, without_a_model):
    name = a_pass(tmp_path, monkeypatch, newer(12))
    made = convert.convert(TINY, name, tmp_path / "out" / "model.tflite")
    reasons = {one.runtime: one.reason for one in made.runtimes}
    assert reasons["litert"] == ""
    assert reasons["tflite"].startswith("model.tflite needs FULLY_CONNECTED version 12")


def test_a_model_that_a_required_runtime_refuses_is_not_written(tmp_path, monkeypatch, without_a_model):
    name = a_pass(tmp_path, monkeypatch, newer(12))
    with pytest.raises(ConversionError, match=r"cannot be deployed: tflite 2\.14\.0: .*FULLY_CONNECTED version 12"):
        convert.convert(TINY, name, tmp_path / "out" / "model.tflite", require=["tflite"])
    assert list((tmp_path / "out").iterdir()) == []


def test_a_model_that_no_runtime_loads_is_not_written(tmp_path, monkeypatch, without_a_model):
    name = a_pass(tmp_path, monkeypatch, newer(99))
    with pytest.raises(ConversionError, match=r"cannot be deployed: litert .*; tflite .*"):
        convert.convert(TINY, name, tmp_path / "out" / "model.tflite")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_pass_that_needs_calibration_is_not_begun_without(tmp_path):
    with pytest.raises(ConversionError, match="int16x8 needs a representative data set"):
        convert.convert(TINY, "int16x8", tmp_path / "out" / "model.tflite")
    assert list(tmp_path.iterdir()) == []


def test_calibration_inputs_of_another_shape_are_refused_before_anything_runs(tmp_path):
    with pytest.raises(ConversionError, match=r"shape \(8, 12, 32\), the model takes \(clips, 16 frames, 8 columns\)"):
        convert.convert(TINY, "int8", tmp_path / "out" / "model.tflite", calibration=CALIBRATION)
    assert list(tmp_path.iterdir()) == []


def test_an_option_that_a_pass_does_not_have_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="mixed has no option 'operator': it takes divergence_share, agreement, op"):
        convert.convert(TINY, "mixed", tmp_path / "model.tflite", options={"operator": 2})
    with pytest.raises(SettingsError, match="float32 has no option 'bits': it takes none"):
        convert.convert(TINY, "float32", tmp_path / "model.tflite", options={"bits": 2})


def test_a_full_disk_in_the_converting_process_leaves_the_older_model(tmp_path, monkeypatch, without_a_model):
    # Past this many bytes every write fails, as it does on a full disk.
    name = a_pass(
        tmp_path,
        monkeypatch,
        "import resource\n    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n    return b'x' * 5000",
    )
    output = tmp_path / "out" / "model.tflite"
    output.parent.mkdir()
    output.write_bytes(b"the older one")
    with pytest.raises(ConversionError, match="cannot write 5000 bytes of model: File too large"):
        convert.convert(TINY, name, output)
    assert {path.name: path.read_bytes() for path in output.parent.iterdir()} == {"model.tflite": b"the older one"}


def test_a_full_disk_before_that_is_the_same_error(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(ConversionError, match=r"cannot write .*model\.tflite: No space left on device"):
        convert.convert(TINY, "float32", tmp_path / "out" / "model.tflite")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_interrupt_ends_the_converting_process_and_leaves_nothing(tmp_path, monkeypatch, without_a_model):
    told = tmp_path / "pid"
    name = a_pass(
        tmp_path,
        monkeypatch,
        f"import pathlib\n    pathlib.Path({str(told)!r}).write_text(str(os.getpid()))\n    time.sleep(600)",
    )
    program = (
        "from pathlib import Path\nfrom edgesense.optimize import convert\n"
        "trained = convert.Trained('ds_cnn', (16, 8), 3, [])\n"
        f"convert.convert(trained, {name!r}, Path({str(tmp_path / 'out' / 'model.tflite')!r}))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True
    ) as parent:
        wait_for(lambda: told.exists() and told.read_text())
        parent.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in parent.communicate(timeout=60)[1]
    assert list((tmp_path / "out").iterdir()) == []
    wait_for(lambda: not Path(f"/proc/{told.read_text()}").exists())


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
