from __future__ import annotations

import subprocess
import sys

import pytest

from edgesense.errors import SettingsError
from edgesense.runtime import backends, operators
from edgesense.runtime.writer import Graph, OperatorSpec, TensorSpec, to_bytes

NOT_LOADED_BY_NAME = {"CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"}
LOWEST = {"BROADCAST_TO": 2}


@pytest.fixture
def loads(runtime, tmp_path):
    """Whether the runtime itself opens a file that declares an operator; skipped for other releases."""
    _, backend = backends.find(runtime)
    if not operators.known_release(f"{runtime} {backend.version()}"):
        pytest.skip(f"the table was not made from {runtime} {backend.version()}")
    path = tmp_path / "m.tflite"

    def load(*declared):
        path.write_bytes(to_bytes(Graph([TensorSpec("x", (1,))], [], (0,), (0,), declared=declared)))
        try:
            backend.interpreter(path, 1)
        except ValueError as error:
            if "builtin" in str(error):
                return False
            raise
        return True

    return load


def test_the_runtime_loads_every_version_that_the_table_says(runtime, loads):
    versions = operators.support(runtime).versions
    assert loads(*((n, v) for n, high in versions.items() for v in range(LOWEST.get(n, 1), high + 1)))


def test_the_runtime_refuses_each_version_above_the_table(runtime, loads):
    versions = operators.support(runtime).versions
    asked = [name for name in operators.builtins() if name not in NOT_LOADED_BY_NAME]
    assert [name for name in asked if loads((name, versions.get(name, 0) + 1))] == []


def custom(tmp_path, name):
    tensors = [TensorSpec("x", (1,)), TensorSpec("y", (1,))]
    (tmp_path / "m.tflite").write_bytes(to_bytes(Graph(tensors, [OperatorSpec(name, (0,), (1,))], (0,), (1,))))
    return tmp_path / "m.tflite"


@pytest.mark.parametrize("name", ["aeq.hadamard_rotation", "NoSuchOperator"])
def test_custom_operators_outside_the_table_are_unknown_to_the_runtime(runtime, tmp_path, name):
    if name in operators.support(runtime).custom:
        pytest.skip(f"{runtime} has {name}")
    _, backend = backends.find(runtime)
    made = backend.interpreter(custom(tmp_path, name), 1)
    with pytest.raises(RuntimeError, match="unresolved custom op"):
        made.allocate_tensors()


def test_the_runtime_knows_the_custom_operators_of_the_table(runtime, tmp_path):
    # In a process of its own: given neither options nor inputs, some of these kernels crash.
    code = "import sys; from pathlib import Path; from edgesense.runtime import backends; "
    code += "backends.find(sys.argv[1])[1].interpreter(Path(sys.argv[2]), 1).allocate_tensors()"
    for name in sorted(operators.support(runtime).custom):
        command = [sys.executable, "-c", code, runtime, str(custom(tmp_path, name))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "ModuleNotFoundError" not in done.stderr
        assert "unresolved custom op" not in done.stderr, name


def test_builtins_stand_at_their_numbers_in_the_schema():
    names = operators.builtins()
    numbers = {"ADD": 0, "CONV_2D": 3, "FULLY_CONNECTED": 9, "CUSTOM": 32, "UNIDIRECTIONAL_SEQUENCE_LSTM": 44}
    assert {name: names.index(name) for name in numbers} == numbers
    assert names[127] == "PLACEHOLDER_FOR_GREATER_OP_CODES"


def test_the_schema_of_litert_has_the_same_names():
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="litert is not installed")
    numbers = {name: code for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    assert [numbers.get(name) for name in operators.builtins()] == list(range(len(operators.builtins())))


def test_an_unknown_runtime_is_refused():
    with pytest.raises(SettingsError, match="nothing is known of the runtime 'onnx'"):
        operators.support("onnx")
