from __future__ import annotations

import contextlib
import pkgutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesense.errors import InvalidInput
from edgesense.perf import imports

DATA = Path(__file__).parents[2] / "data" / "benchmark"
READ = {
    "litert-benchmark.json": "litert-benchmark JSON",
    "litert-benchmark.txt": "benchmark_model text",
    "oldest.txt": "benchmark_model text",
    "plain.txt": "benchmark_model text",
    "delta.txt": "benchmark_model text",
    "recent.txt": "benchmark_model text",
    "gpu.txt": "benchmark_model text",
    "nnapi.txt": "benchmark_model text",
    "nnapi-nothing.txt": "benchmark_model text",
    "profiled.txt": "benchmark_model text",
    "litert.txt": "benchmark_model text",
    "operators.csv": "benchmark_model CSV",
}


@pytest.mark.parametrize(("name", "kind"), READ.items())
def test_each_file_is_known_by_what_it_holds(name: str, kind: str) -> None:
    found = imports.read(DATA / name)
    assert found.format == kind
    assert len(found.runs) == 1
    assert found.runs[0].inference.average > 0


@pytest.mark.parametrize("content", [b"", b"hello", b"{}", b"\xff\xfe\x00", b"node type"])
def test_a_file_that_is_none_of_them_is_refused_and_all_are_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        imports.read(path)
    assert all(one.LOOKED_FOR in str(caught.value) for one in imports.FORMATS)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        imports.read(tmp_path / "x")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.txt"
    path.write_text("STARTING!\nGraph: [x]\n")
    with pytest.raises(InvalidInput, match=r"cut\.txt: a run of benchmark_model came to no result"):
        imports.read(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.sampled_from(sorted(READ)), st.data())
def test_damage_anywhere_is_refused_or_read_and_is_never_a_fault(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    content = bytearray((DATA / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    with contextlib.suppress(InvalidInput):
        assert all(run.inference.high >= run.inference.low >= 0 for run in imports.read(path).runs)


def test_each_module_has_a_docstring_and_a_test() -> None:
    for info in pkgutil.iter_modules(imports.__path__):
        assert (Path(__file__).parent / f"test_{info.name}.py").exists()
