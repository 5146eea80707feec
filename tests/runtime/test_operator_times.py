from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgesense.runtime.tiny import tiny_model

pytest.importorskip("ai_edge_litert")

TOLD = """
import sys
from edgesense.errors import EdgeSenseError
from edgesense.runtime import operator_times
try:
    for one in operator_times.measure(sys.argv[1], runs=3):
        print(f"{one.kind}|{one.index}|{one.seconds >= 0}")
except EdgeSenseError as error:
    print(f"{type(error).__name__}: {error}")
"""


def measured(model: Path) -> list[str]:
    """Measure in a process of its own, as it is meant to be; return what was told."""
    done = subprocess.run([sys.executable, "-c", TOLD, str(model)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_each_operator_of_a_run_is_told(tmp_path: Path, dtype: str) -> None:
    lines = measured(tiny_model(tmp_path / "m.tflite", dtype=dtype, work=3))
    assert sum("Fully Connected" in line for line in lines) == 3
    assert all(line.endswith("|True") for line in lines)


def test_a_file_that_the_library_does_not_take_is_a_model_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"nothing of the kind")
    (line,) = measured(tmp_path / "m.tflite")
    assert line.startswith("ModelError: LiteRT's C library cannot profile m.tflite: LiteRtCreateModelFromFile gave")
