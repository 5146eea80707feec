from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf.profilers import _base
from edgesense.perf.profilers.py_spy import PySpy
from edgesense.perf.records import Job

Tool = Callable[[str], str]
OUT = "out = sys.argv[sys.argv.index('--output') + 1]\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "artifacts"
    made.mkdir()
    return made


@pytest.mark.skipif(
    not Path(sys.executable).with_name("py-spy").exists() and shutil.which("py-spy") is None,
    reason="py-spy is not installed (extra: profile)",
)
def test_a_flame_graph_of_a_real_run_names_the_runtimes_kernels(model_job: Job, directory: Path) -> None:
    attachment = PySpy(seconds=4.0).profile(model_job, directory, device="host")
    assert attachment.title == "py-spy flame graph, --native, this computer"
    assert attachment.path == directory / "py-spy.svg"
    svg = attachment.path.read_text(encoding="utf-8")
    assert svg.rstrip().endswith("</svg>")
    assert "repeat (edgesense/perf/profilers/_base.py" in svg
    assert "xnn_" in svg
    assert "ai_edge_litert" in svg
    assert [path.name for path in directory.iterdir()] == ["py-spy.svg"]


def test_the_tool_starts_the_worker_and_hands_it_the_request(
    job: Callable[..., Job], tool: Tool, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    code = f"import json; open({str(seen)!r}, 'w').write(json.dumps([sys.argv[1:], sys.stdin.read()]))\n"
    program = tool(OUT + code + "open(out, 'w').write('<svg>'); print('py-spy> Sampling'); print(ANSWER)")
    attachment = PySpy(program=program, seconds=7.0).profile(job(), tmp_path, device="pi")
    arguments, request = json.loads(seen.read_text())
    assert arguments[:2] == ["record", "--native"]
    assert arguments[arguments.index("--") + 1 :] == [sys.executable, "-m", "edgesense.perf.worker"]
    assert json.loads(request)["workload"] == "parity:make"
    assert json.loads(request)["options"] == {"seconds": 7.0}
    assert attachment.title == "py-spy flame graph, --native, of this computer's run, not of pi"


FAILURES = {
    "denied": (
        "print('Permission Denied: Try running again with elevated permissions', file=sys.stderr); sys.exit(1)",
        "py-spy ended with exit status 1: Permission Denied: Try running again",
    ),
    "silent": ("sys.exit(2)", "py-spy ended with exit status 2: it printed nothing"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "py-spy was ended by SIGKILL"),
    "hung": ("time.sleep(600)", r"py-spy gave no answer within 1 s and was ended"),
    "no answer": (OUT + "open(out, 'w').write('<svg>')", "the profiled run gave no answer"),
    "no file": ("print(ANSWER)", r"the profiler left no usable py-spy\.svg"),
    "another file": (OUT + "open(out, 'w').write('sorry'); print(ANSWER)", r"the profiler left no usable py-spy\.svg"),
    "a refused run": (
        """print('{"protocol": 1, "error": {"type": "ModelError", "message": "truncated"}}'); sys.exit(1)""",
        "the profiled run failed: truncated",
    ),
    "a stack": (
        "print('Error: No stack counts found\\n\\nStack backtrace:\\n   0: anyhow', file=sys.stderr); sys.exit(1)",
        "py-spy ended with exit status 1: Error: No stack counts found$",
    ),
}


@pytest.mark.parametrize(("code", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_tool_that_fails_leaves_a_reason_and_no_file_not_even_an_older_one(
    code: str, reason: str, job: Callable[..., Job], tool: Tool, directory: Path
) -> None:
    (directory / "py-spy.svg").write_text("of an earlier run", encoding="utf-8")
    profiler = PySpy(program=tool(code), timeout_seconds=1.0 if "600" in code else 60.0)
    with pytest.raises(MeasurementError, match=reason):
        profiler.profile(job(), directory, device="host")
    assert list(directory.iterdir()) == []


def test_a_tool_that_is_not_installed_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(
        MeasurementError, match=r"no-such-spy is not installed: pip install 'pytest-edgesense\[profile\]'"
    ):
        _base.program("no-such-spy")


def test_a_tool_is_found_beside_the_interpreter_or_on_the_path() -> None:
    assert _base.program(Path(sys.executable).name) == sys.executable
    assert _base.program("sh") == shutil.which("sh")


class Counts:
    def __init__(self) -> None:
        self.calls = 0

    def example(self) -> int:
        return 1

    def run(self, item: object) -> None:
        self.calls += 1


def test_a_profiled_run_calls_the_workload_once_at_least_and_again_while_there_is_time() -> None:
    once, more = Counts(), Counts()
    assert _base.repeat(once, {"seconds": 0.0})["facts"] == {"calls": once.calls} == {"calls": 1}
    _base.repeat(more, {"seconds": 0.05})
    assert more.calls > 1
