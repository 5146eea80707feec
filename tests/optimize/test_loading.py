import pytest

from edgesense.errors import ModelError
from edgesense.optimize import loading
from edgesense.runtime import backends
from edgesense.runtime.tiny import tiny_model
from edgesense.runtime.writer import Graph, TensorSpec, to_bytes


@pytest.fixture
def newer(tmp_path):
    """A file with an operator version that litert has and tflite-runtime 2.14 has not."""
    path = tmp_path / "newer.tflite"
    graph = Graph([TensorSpec("x", (1,))], [], (0,), (0,), declared=[("FULLY_CONNECTED", 12)])
    path.write_bytes(to_bytes(graph))
    return path


def test_a_plain_model_loads_in_every_runtime_that_is_here(tmp_path):
    file, found = loading.check(tiny_model(tmp_path / "m.tflite", dtype="int8"))
    assert file.dtype == "int8"
    assert [one.runtime for one in found] == list(loading.RUNTIMES)
    assert all(one.loads for one in found)
    assert {one.runtime for one in found if one.tried} == set(backends.installed())


def test_an_operator_too_new_for_one_runtime_is_told_of_that_one_only(newer):
    _, found = loading.check(newer)
    litert, tflite = found
    assert litert.loads
    assert "FULLY_CONNECTED version 12" in tflite.reason
    assert (litert.release, tflite.release) == ("litert 2.3.0", "tflite 2.14.0")


def test_a_reason_names_the_file_and_not_the_folder_it_was_tried_in(newer):
    reason = loading.check(newer)[1][1].reason
    assert reason.startswith("newer.tflite needs")
    assert str(newer.parent) not in reason


def test_the_runtime_itself_refuses_what_its_table_refuses(newer):
    if "tflite" not in backends.installed():
        pytest.skip("tflite-runtime is not installed")
    assert "FULLY_CONNECTED" in loading._try_apart(newer, "tflite")


def test_a_runtime_that_is_not_here_is_judged_by_operators_alone(newer, tmp_path, monkeypatch):
    monkeypatch.setattr(backends, "installed", lambda: ())
    assert [(one.loads, one.tried) for one in loading.check(newer)[1]] == [(True, False), (False, False)]
    _, plain = loading.check(tiny_model(tmp_path / "m.tflite"))
    assert [(one.loads, one.tried, one.release) for one in plain] == [
        (True, False, "litert 2.3.0"),
        (True, False, "tflite 2.14.0"),
    ]


def test_what_is_no_model_is_an_error(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="no TFLite model"):
        loading.check(path)


def test_a_runtime_that_crashes_is_a_reason(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "from edgesense.runtime import backends\n"
        "backends.find = lambda name: os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    model = tiny_model(tmp_path / "m.tflite")
    assert "with litert was killed by SIGSEGV" in loading._try_apart(model, "litert")


@pytest.mark.parametrize(
    ("foreseen", "found", "known", "reason"),
    [
        ("", "", True, ""),
        ("no op", "did not find op", True, "no op"),
        (
            "no op",
            "",
            True,
            "no op (yet it ran when it was tried: the table of operators is too strict, please report it)",
        ),
        ("", "broken", True, "it has every operator that the file needs, but fails: broken"),
        ("no op", "", False, ""),
        ("", "broken", False, "broken"),
    ],
)
def test_the_trial_decides_unless_the_table_knows_better(foreseen, found, known, reason):
    assert loading.judge(foreseen, found, known=known) == reason


def test_an_answer_that_is_not_finite_is_no_answer(tmp_path, monkeypatch):
    class Broken:
        def allocate_tensors(self):
            pass

        def get_input_details(self):
            return []

        def get_output_details(self):
            return [{"index": 0}]

        def invoke(self):
            pass

        def get_tensor(self, index):
            return [float("nan")]

    class Backend:
        def interpreter(self, path, threads):
            return Broken()

    monkeypatch.setattr(backends, "find", lambda name: (name, Backend()))
    assert loading.try_here(tmp_path / "m.tflite", "litert") == "its answer to zeros is not finite"
