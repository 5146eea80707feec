from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf.cases import Case
from edgesense.perf.devices.table import Table
from edgesense.perf.imports.records import Operator
from edgesense.perf.profilers.operators import Operators, table
from edgesense.perf.records import Job
from edgesense.runtime.tiny import tiny_model

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


def case(root: Path, job: Job | None = None, device: str = "phone") -> Case:
    return Case(job or Job("m", root, ()), device, frozenset({"inference_ms"}))


def test_a_file_is_left_and_its_title_says_where_it_was_measured(tmp_path: Path) -> None:
    (attachment,) = profiler().profile(case(tmp_path), tmp_path)
    assert attachment.path == tmp_path / "operators.txt"
    assert attachment.title == "operators by time, measured on phone in a run of its own"
    assert "4.000 ms of operators on phone" in attachment.path.read_text()
    assert attachment.summary == ("CONV_2D 2.00 ms (50 %)", "DELEGATE 2.00 ms (50 %)")


def test_kinds_come_first_and_then_nodes_the_slowest_first_and_inner_ones_are_parts() -> None:
    lines = table(NODES, "phone").splitlines()
    assert lines[2:4] == ["    2.000 ms   50.0%  CONV_2D  (2)", "    2.000 ms   50.0%  DELEGATE  (1)"]
    assert lines[7].endswith("DELEGATE  body")
    assert lines[8].endswith("within a delegate's kernel: GEMM  body/0")


def test_here_the_runtimes_own_profiler_tells_what_grew(tmp_path: Path, model_job: Job) -> None:
    pytest.importorskip("ai_edge_litert")
    tiny_model(tmp_path / "before.tflite", inputs=(1, 2048), classes=64, work=1)
    beside = replace(
        case(tmp_path, model_job, "host"), baseline=replace(model_job, workload="before.tflite"), against="x"
    )
    (attachment,) = Operators().profile(beside, tmp_path)
    assert attachment.kind == "operators"
    assert attachment.summary[0].startswith("Fully Connected (NC, F32) GEMM +")
    assert attachment.path is not None
    nodes = attachment.path.read_text(encoding="utf-8").partition("one by one, now:")[2]
    assert nodes.count("Fully Connected") == 20


def test_of_the_very_same_model_nothing_is_told_but_the_table(tmp_path: Path, model_job: Job) -> None:
    pytest.importorskip("ai_edge_litert")
    beside = replace(case(tmp_path, model_job, "host"), baseline=model_job, against="x")
    (attachment,) = Operators().profile(beside, tmp_path)
    assert attachment.summary == ()
    assert attachment.path is not None
    assert "Fully Connected" in attachment.path.read_text(encoding="utf-8")


def test_a_profile_from_here_says_that_it_is_not_the_devices(tmp_path: Path, model_job: Job) -> None:
    pytest.importorskip("ai_edge_litert")
    (attachment,) = Operators().profile(case(tmp_path, model_job, "pi"), tmp_path)
    assert attachment.title == "operators by time, run here, not on pi"
    assert attachment.summary[0].endswith("(run here, not on pi)")


def test_a_tool_that_printed_none_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="no profile of operators"):
        profiler(()).profile(case(tmp_path), tmp_path)


def test_a_device_of_the_jobs_project_is_found(tmp_path: Path) -> None:
    entry = '[tool.edgesense.devices.phone]\nkind = "adb"\nbenchmark_model = "b"\n'
    (tmp_path / "pyproject.toml").write_text(entry)
    found = Operators().find("phone", Job("m", tmp_path, ()))
    assert found is not None
    assert found.name == "phone"
