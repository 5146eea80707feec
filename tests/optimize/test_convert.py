import numpy as np
import pytest

from edgesense import models, optimize
from edgesense.errors import ConversionError, SettingsError
from edgesense.optimize import convert, int8
from edgesense.optimize.convert import Trained
from edgesense.runtime import backends, interpreter

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


@pytest.fixture(scope="module")
def converted(with_tensorflow, tmp_path_factory):
    """The CRNN in each pass: (architecture, pass) -> `.tflite` file and what it is made of."""
    folder = tmp_path_factory.mktemp("converted")
    made = {}
    for name, pass_name in (("crnn", "float32"), ("crnn", "int8")):
        trained = Trained(name, SHAPE, 3, with_tensorflow(weights, name))
        path = folder / f"{name}-{pass_name}.tflite"
        made[name, pass_name] = path, convert.convert(trained, pass_name, path, calibration=CALIBRATION)
    return made


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
    with pytest.raises(SettingsError, match="unknown pass 'int9', known are cluster, float32, int8"):
        convert.convert(TINY, "int9", tmp_path / "model.tflite")


def test_the_passes_are_the_modules_that_convert_or_train_on():
    assert {"float32", "int8", "prune", "cluster", "qat"} <= set(optimize.names())
    for name in optimize.names():
        module = optimize.get(name)
        assert hasattr(module, "convert") or hasattr(module, "Technique")
        if hasattr(module, "convert"):
            assert isinstance(module.NEEDS_CALIBRATION, bool)


def test_float32_takes_and_gives_floats(converted):
    _, found = converted["crnn", "float32"]
    assert (found.dtype, found.inputs[0].dtype, found.inputs[0].shape) == ("float32", "float32", (1, *SHAPE))


def test_int8_takes_and_gives_integers_and_has_no_float_inside(converted):
    _, found = converted["crnn", "int8"]
    assert (found.dtype, found.inputs[0].dtype, found.outputs[0].dtype) == ("int8", "int8", "int8")
    # The fused LSTM names the ranges of its gates in tensors that never hold a value.
    floats = [tensor.name for tensor in found.tensors if tensor.dtype.startswith("float")]
    assert [name for name in floats if not name.endswith("_intermediate")] == []


def test_int8_without_a_representative_data_set_is_refused():
    with pytest.raises(ConversionError, match="int8 needs a representative data set"):
        int8.convert(None, None)
    with pytest.raises(ConversionError, match="int8 needs a representative data set"):
        int8.convert(None, CALIBRATION[:0])


@pytest.mark.parametrize("pass_name", ["float32", "int8"])
def test_the_lstm_is_one_fused_operator(converted, pass_name):
    _, found = converted["crnn", pass_name]
    operators = {one.name: one.count for one in found.operators}
    assert operators["UNIDIRECTIONAL_SEQUENCE_LSTM"] == 1
    assert not {"WHILE", "IF", "CALL_ONCE"} & set(operators)
    assert found.stateful


@pytest.mark.parametrize(("pass_name", "tolerance"), [("float32", 1e-5), ("int8", 0.02)])
def test_the_runtimes_answer_alike(converted, pass_name, tolerance):
    path, _ = converted["crnn", pass_name]
    opened = [interpreter.load(path, runtime=name) for name in backends.installed()]
    answers = [np.stack([model.run(clip[None]).ravel() for clip in CALIBRATION]) for model in opened]
    for one in answers:
        assert one == pytest.approx(answers[0], abs=tolerance)
