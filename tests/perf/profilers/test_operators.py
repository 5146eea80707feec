from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf.devices.table import Table
from edgesense.perf.imports.records import Operator
from edgesense.perf.profilers.operators import Operators, table
from edgesense.perf.records import Job

NODES = (
    Operator("CONV_2D", "stem", 1e-3),
    Operator("DELEGATE", "body", 2e-3),
    Operator("GEMM", "body/0", 1.9e-3, inner=True),
    Operator("CONV_2D", "head", 1e-3),
)


@dataclass(frozen=True)
class Telling(Table):
    nodes: tuple[Operator, ...] = NODES

    def operators(self, job: Job, directory: Path) -> tuple[Operator, ...]:
        assert directory.is_dir()
        return self.nodes


def profiler(nodes: tuple[Operator, ...] = NODES) -> Operators:
    return Operators(find=lambda name, job: Telling({}, name=name, nodes=nodes))


def test_a_file_is_left_and_its_title_says_where_it_was_measured(tmp_path: Path) -> None:
    attachment = profiler().profile(Job("m", tmp_path, ()), tmp_path, device="phone")
    assert attachment is not None
    assert attachment.path == tmp_path / "operators.txt"
    assert attachment.title == "operators by time, measured on phone in a run of its own"
    assert "4.000 ms of operators on phone" in attachment.path.read_text()


def test_kinds_come_first_and_then_nodes_the_slowest_first_and_inner_ones_are_parts() -> None:
    lines = table(NODES, "phone").splitlines()
    assert lines[2:4] == ["    2.000 ms   50.0%  CONV_2D  (2)", "    2.000 ms   50.0%  DELEGATE  (1)"]
    assert lines[7].endswith("DELEGATE  body")
    assert lines[8].endswith("within a delegate's kernel: GEMM  body/0")


def test_nothing_is_said_of_a_device_that_cannot_tell(tmp_path: Path) -> None:
    job = Job("m", tmp_path, ())
    assert Operators(find=lambda name, job: None).profile(job, tmp_path, device="pi") is None
    assert Operators().profile(job, tmp_path, device="host") is None


def test_a_tool_that_printed_none_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="no profile of operators"):
        profiler(()).profile(Job("m", tmp_path, ()), tmp_path, device="phone")


def test_a_device_of_the_jobs_project_is_found(tmp_path: Path) -> None:
    entry = '[tool.edgesense.devices.phone]\nkind = "adb"\nbenchmark_model = "b"\n'
    (tmp_path / "pyproject.toml").write_text(entry)
    found = Operators().find("phone", Job("m", tmp_path, ()))
    assert found is not None
    assert found.name == "phone"
