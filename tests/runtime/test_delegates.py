from __future__ import annotations

import gc
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgesense.delegation import Delegated
from edgesense.errors import DelegateError, ModelError, SettingsError
from edgesense.runtime import backends, delegates
from edgesense.runtime.interpreter import load
from edgesense.runtime.tiny import tiny_model

SOURCE = Path(__file__).parent.parent / "data" / "delegates" / "stub.c"
FULLY_CONNECTED, MAXIMUM = 9, 55
"""Numbers of the schema's BuiltinOperator."""


@pytest.fixture(scope="session")
def stub(tmp_path_factory):
    """An external delegate, compiled here."""
    compiler = next(filter(None, map(shutil.which, ("gcc", "cc", "clang"))), None)
    if compiler is None:
        pytest.skip("no C compiler for the stub delegate")
    library = tmp_path_factory.mktemp("delegates") / "libstub.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True)
    return str(library)


@pytest.fixture
def model(tmp_path):
    """A model of five nodes: three products and the two maxima that join them."""
    return tiny_model(tmp_path / "m.tflite", work=3)


def x():
    return np.random.default_rng(0).uniform(-1, 1, (1, 16)).astype(np.float32)


def test_xnnpack_comes_unasked_and_says_how_many_nodes_it_took(runtime, model):
    (record,) = load(model, runtime=runtime).delegates
    assert record == Delegated("xnnpack", requested=False, loaded=True, nodes=5, of=5, partitions=1)


def test_what_is_not_asked_for_and_takes_nothing_is_told_too(tmp_path):
    if "tflite" not in backends.installed() or np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        pytest.skip("tflite-runtime is wanted, whose XNNPACK takes no 8-bit nodes")
    (record,) = load(tiny_model(tmp_path / "m.tflite", dtype="int8"), runtime="tflite").delegates
    assert (record.nodes, record.of, record.loaded, record.fell_back) == (0, 1, False, False)
    assert record.reason == "in tflite 2.14.0 it took none of the model's nodes"


def test_none_turns_xnnpack_off_and_changes_no_answer(runtime, model):
    plain = load(model, runtime=runtime, delegate="none")
    assert plain.delegates == ()
    np.testing.assert_allclose(plain.run(x()), load(model, runtime=runtime).run(x()), rtol=1e-5)


def test_xnnpack_that_is_asked_for_is_marked_as_that(runtime, model):
    (record,) = load(model, runtime=runtime, delegate="xnnpack:required").delegates
    assert (record.requested, record.nodes) == (True, 5)


def test_nodes_that_xnnpack_leaves_are_not_counted(runtime, lstm_int8):
    (record,) = load(lstm_int8, runtime=runtime).delegates
    graph = [
        node["op_name"] for node in delegates.nodes(load(lstm_int8, runtime=runtime, delegate="none")._interpreter)
    ]
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in graph
    assert record.of == len(graph)
    assert record.nodes < record.of


@pytest.mark.parametrize(("operator", "nodes"), [(MAXIMUM, 2), (FULLY_CONNECTED, 3)])
def test_an_external_delegate_and_xnnpack_each_say_what_they_took(runtime, model, stub, operator, nodes):
    loaded = load(model, runtime=runtime, delegate=f"{stub}:take={operator}")
    external, rest = loaded.delegates
    assert (external.name, external.requested, external.loaded) == ("libstub.so", True, True)
    assert (external.nodes, external.of, external.options) == (nodes, 5, (("take", str(operator)),))
    assert external.partitions == nodes
    assert (rest.name, rest.requested, rest.nodes, rest.of) == ("xnnpack", False, 5 - nodes, 5)
    np.testing.assert_allclose(loaded.run(x()), load(model, runtime=runtime).run(x()), rtol=1e-5)


def test_a_delegate_that_takes_nothing_is_loaded_and_told_as_fallen_back(runtime, model, stub):
    external, rest = load(model, runtime=runtime, delegate=stub).delegates
    assert external.loaded
    assert external.fell_back
    assert str(external) == "libstub.so fell back: it took none of the model's nodes"
    assert rest.nodes == 5


FAILURES = {
    "fail_create=1": "libstub.so could not be made: the stub was told to fail",
    "fail_prepare=1": "libstub.so refused the model: Restored original execution plan",
    "take=55,fail_kernel=1": "libstub.so refused the model: ",
}


@pytest.mark.parametrize("options", FAILURES)
def test_a_delegate_that_fails_leaves_a_model_that_runs_and_the_reason(runtime, model, stub, options):
    loaded = load(model, runtime=runtime, delegate=f"{stub}:{options}")
    external, rest = loaded.delegates
    assert (external.loaded, external.nodes, external.fell_back) == (False, 0, True)
    assert external.reason.startswith(FAILURES[options])
    assert rest.nodes == 5
    np.testing.assert_allclose(loaded.run(x()), load(model, runtime=runtime).run(x()), rtol=1e-5)


@pytest.mark.parametrize("options", FAILURES)
def test_a_delegate_that_fails_is_refused_where_it_is_required(runtime, model, stub, options):
    with pytest.raises(DelegateError, match=rf"m\.tflite: libstub\.so is required, but {FAILURES[options]}"):
        load(model, runtime=runtime, delegate=f"{stub}:{options},required")


def test_a_required_delegate_that_takes_nothing_is_refused(runtime, model, stub):
    with pytest.raises(DelegateError, match=r"libstub\.so is required, but it took none of the model's nodes"):
        load(model, runtime=runtime, delegate=f"{stub}:required")


@pytest.mark.parametrize("name", ["gpu", "nnapi"])
def test_a_delegate_that_this_computer_lacks_falls_back_with_the_library_that_was_looked_for(runtime, model, name):
    external, rest = load(model, runtime=runtime, delegate=name).delegates
    assert (external.name, external.loaded, external.nodes) == (name, False, 0)
    assert ".so: cannot open shared object file" in external.reason
    assert rest.nodes == 5
    with pytest.raises(DelegateError, match=f"{name} is required, but .*cannot open shared object file"):
        load(model, runtime=runtime, delegate=f"{name}:required")


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("library", ["gone", "text", "other"])
def test_a_library_that_is_missing_or_no_delegate_leaves_no_noise_behind(runtime, model, tmp_path, library, stub):
    text = tmp_path / "text.so"
    text.write_text("no library")
    given, said = {
        "gone": ("./gone.so", "cannot open shared object file"),
        "text": (str(text), "file too short|invalid ELF header"),
        "other": ("libm.so.6", "no external delegate: it exports no tflite_plugin_create_delegate and no tflite_"),
    }[library]
    external = load(model, runtime=runtime, delegate=given).delegates[0]
    gc.collect()
    assert external.fell_back
    with pytest.raises(DelegateError, match=said):
        load(model, runtime=runtime, delegate=f"{given}:required")
    gc.collect()


def test_a_broken_model_is_told_as_that_and_not_as_the_delegates_fault(runtime, tmp_path, stub):
    path = tiny_model(tmp_path / "m.tflite", work=2)
    content = bytearray(path.read_bytes())
    content[8:-8] = bytes(len(content) - 16)
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load(path, runtime=runtime, delegate=f"{stub}:required")
    assert not isinstance(caught.value, DelegateError)


def test_a_delegate_that_does_not_exist_is_refused_before_the_file_is_looked_at(runtime):
    with pytest.raises(SettingsError, match="did you mean 'xnnpack'"):
        load("gone.tflite", runtime=runtime, delegate="xnpack")


def test_another_of_a_model_has_the_same_delegate_and_buffers_of_its_own(runtime, model, stub):
    first = load(model, runtime=runtime, threads=2, delegate=f"{stub}:take={MAXIMUM}")
    second = first.another()
    assert second.delegates == first.delegates
    assert (second.runtime, second.threads) == (first.runtime, 2)
    expected = first.run(x())
    second.run(-x())
    assert np.array_equal(first._interpreter.get_tensor(first.outputs[0].index), expected)


def test_nothing_is_looked_up_before_somebody_asks(runtime, model, monkeypatch):
    monkeypatch.setattr(delegates, "nodes", lambda _: pytest.fail("listed the nodes"))
    assert load(model, runtime=runtime).run(x()).shape == (1, 5)


def test_a_model_with_a_delegate_ends_quietly(runtime, model, stub):
    code = "import sys; from edgesense.runtime.interpreter import load; m = load(*sys.argv[1:2], runtime=sys.argv[2], "
    code += "delegate=sys.argv[3]); m.delegates"
    done = subprocess.run(
        [sys.executable, "-c", code, str(model), runtime, f"{stub}:take={MAXIMUM}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr
