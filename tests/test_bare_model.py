from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from edgesense import pipeline
from edgesense.errors import ModelError, PipelineError
from edgesense.perf.interfaces import LabelledWorkload, Workload
from edgesense.runtime.tiny import tiny_model
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes


def added(path, dtype, **quantisation):
    """A model that adds its two inputs."""
    tensors = [TensorSpec(name, (1, 3), dtype, **quantisation) for name in ("a", "b", "sum")]
    path.write_bytes(to_bytes(Graph(tensors, [OperatorSpec("ADD", (0, 1), (2,), options=(11, {}))], (0, 1), (2,))))
    return path


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_a_bare_model_runs_on_random_input_of_its_shape_and_dtype(tmp_path, dtype):
    model = pipeline.open(tiny_model(tmp_path / "m.tflite", inputs=(1, 4, 6), classes=3, dtype=dtype))
    (value,) = model.example()
    assert (value.shape, value.dtype) == ((1, 4, 6), dtype)
    assert len(np.unique(value)) > 10
    assert model.run(model.example()) in range(3)


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
def test_a_model_of_several_inputs_gets_one_value_for_each(tmp_path, dtype):
    model = pipeline.open(added(tmp_path / "m.tflite", dtype))
    first, second = model.example()
    assert model.run((first, second)) == int(np.argmax(first + second))


def test_integers_that_are_not_quantised_stay_small_enough_to_be_indices(tmp_path):
    model = pipeline.open(added(tmp_path / "m.tflite", "int32"))
    assert set(np.concatenate(model.example()).ravel()) <= {0, 1}


def test_the_random_input_is_the_same_in_each_process(tmp_path):
    path = tiny_model(tmp_path / "m.tflite")
    (first,), (again,) = pipeline.open(path).example(), pipeline.open(path).example()
    assert np.array_equal(first, again)


def test_the_file_is_what_ships(tmp_path):
    path = tiny_model(tmp_path / "m.tflite", padding_bytes=100)
    assert pipeline.open(path).artifacts() == (path,)


def test_it_is_a_workload_without_labels(tmp_path):
    model = pipeline.open(tiny_model(tmp_path / "m.tflite"))
    assert isinstance(model, Workload)
    assert not isinstance(model, LabelledWorkload)
    assert list(model.stages) == ["inference"]


@pytest.mark.parametrize("name", ["labelled", "labelled_digest"])
def test_asking_for_labelled_clips_says_what_is_needed(tmp_path, name):
    model = pipeline.open(tiny_model(tmp_path / "m.tflite"))
    with pytest.raises(PipelineError, match=r"has no accuracy; put it into a directory with a pipeline\.json"):
        getattr(model, name)


def test_its_subject_is_the_file_and_what_runs_it(tmp_path):
    subject = pipeline.open(tiny_model(tmp_path / "m.tflite", dtype="int8")).subject()
    assert sorted(subject) == ["delegates", "dtype", "model", "runtime", "threads"]
    assert subject["dtype"] == "int8"


def test_its_subject_names_each_delegate_and_what_it_took(tmp_path):
    path = tiny_model(tmp_path / "m.tflite", work=2)
    absent, rest = pipeline.open(path, delegate="gpu:speed=1").subject()["delegates"]
    assert (absent["name"], absent["options"], absent["requested"], absent["nodes"]) == ("gpu", {"speed": "1"}, True, 0)
    assert "cannot open shared object file" in absent["reason"]
    assert (rest["name"], rest["requested"], rest["nodes"], rest["of"]) == ("xnnpack", False, 3, 3)


def test_a_bare_model_costs_no_scipy(tmp_path):
    path = tiny_model(tmp_path / "m.tflite")
    code = (
        "import sys; from edgesense import pipeline; model = pipeline.open(sys.argv[1]); model.run(model.example()); "
    )
    code += "print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_item_of_another_shape_is_refused(tmp_path):
    model = pipeline.open(tiny_model(tmp_path / "m.tflite"))
    with pytest.raises(ModelError, match="cannot run"):
        model.run((np.zeros((1, 3), np.float32),))


def test_an_input_that_no_random_value_fits_is_refused_by_name(tmp_path):
    text = TensorSpec("words", (1,), "string")
    (tmp_path / "m.tflite").write_bytes(to_bytes(Graph([text], [], (0,), (0,))))
    model = pipeline.open(tmp_path / "m.tflite")
    with pytest.raises(PipelineError, match="'words' of dtype"):
        model.example()
