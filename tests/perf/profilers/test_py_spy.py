from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf.cases import Case
from edgesense.perf.profilers import _base
from edgesense.perf.profilers.py_spy import PySpy
from edgesense.perf.records import Job
from edgesense.runtime.tiny import tiny_model

Tool = Callable[[str], str]
OUT = "out = sys.argv[sys.argv.index('--output') + 1]\nform = sys.argv[sys.argv.index('--format') + 1]\n"
NOTHING = '{"shared": {"frames": []}, "profiles": []}'
BOTH = OUT + f"open(out, 'w').write({NOTHING!r} if form == 'speedscope' else '<svg>')\n"
LIMITS = frozenset({"latency_ms"})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "artifacts"
    made.mkdir()
    return made


@pytest.mark.skipif(
    not Path(sys.executable).with_name("py-spy").exists() and shutil.which("py-spy") is None,
    reason="py-spy is not installed (extra: profile)",
)
def test_a_real_run_names_the_runtimes_kernels_in_both_files_and_what_grew_in_a_table(
    model_job: Job, directory: Path, tmp_path: Path
) -> None:
    tiny_model(tmp_path / "before.tflite", inputs=(1, 2048), classes=64, work=1)
    case = Case(model_job, "host", LIMITS, baseline=replace(model_job, workload="before.tflite"), against="commit abc")
    functions, graph, scope = PySpy(seconds=3.0).profile(case, directory)
    assert graph.title == "py-spy flame graph, --native"
    assert graph.path is not None
    svg = graph.path.read_text(encoding="utf-8")
    assert svg.rstrip().endswith("</svg>")
    assert "xnn_" in svg
    assert scope.path is not None
    frames = json.loads(scope.path.read_text(encoding="utf-8"))["shared"]["frames"]
    assert any("ai_edge_litert" in (frame["file"] or "") for frame in frames)
    assert functions.summary[0].startswith("inference: Model.invoke (edgesense/runtime/interpreter.py) +")
    assert functions.path is not None
    assert "xnn_" in functions.path.read_text(encoding="utf-8")
    assert sorted(path.name for path in directory.iterdir()) == [
        "functions.txt",
        "py-spy.speedscope.json",
        "py-spy.svg",
    ]


def test_the_tool_starts_the_worker_and_hands_it_the_request(
    job: Callable[..., Job], tool: Tool, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    code = f"import json; open({str(seen)!r}, 'a').write(json.dumps([sys.argv[1:], sys.stdin.read()]) + '\\n')\n"
    program = tool(BOTH + code + "print('py-spy> Sampling'); print(ANSWER)")
    attachments = PySpy(program=program, seconds=7.0).profile(Case(job(), "pi", LIMITS), tmp_path)
    for line, form in zip(seen.read_text().splitlines(), ("speedscope", "flamegraph"), strict=True):
        arguments, request = json.loads(line)
        assert arguments[:5] == ["record", "--native", "--full-filenames", "--format", form]
        assert arguments[arguments.index("--") + 1 :] == [sys.executable, "-m", "edgesense.perf.worker"]
        assert json.loads(request)["workload"] == "parity:make"
        assert json.loads(request)["options"] == {"seconds": 7.0}
    assert [one.title for one in attachments] == [
        "py-spy flame graph, --native, run here, not on pi",
        "py-spy samples for speedscope, run here, not on pi",
    ]


def test_samples_become_the_time_of_each_function_by_the_processors_clock(
    job: Callable[..., Job], tool: Tool, directory: Path
) -> None:
    case = Case(job(), "host", LIMITS, alone="no baseline")
    frames = [("repeat", "_base.py"), ("Workload._label", f"{case.job.root}/parity.py")]
    scope = {
        "shared": {"frames": [{"name": name, "file": file} for name, file in frames]},
        "profiles": [{"samples": [[0, 1], [0]], "weights": [0.3, 0.1]}],
    }
    facts = {"calls": 100, "busy": 0.8, "stages": {"inference": "_label"}}
    answer = json.dumps({"protocol": 2, "facts": facts})
    code = OUT + f"open(out, 'w').write({json.dumps(scope)!r} if form == 'speedscope' else '<svg>'); print({answer!r})"
    functions, *_ = PySpy(program=tool(code)).profile(case, directory)
    assert functions.summary == (
        "inference: Workload._label (parity.py) 6.00 ms a call, sampled (75 %)",
        "the call itself 2.00 ms a call, sampled (25 %)",
    )
    assert functions.path is not None
    assert "without a difference: no baseline" in functions.path.read_text(encoding="utf-8")


def test_samples_that_cannot_be_read_are_a_reason(job: Callable[..., Job], tool: Tool, directory: Path) -> None:
    code = OUT + """open(out, 'w').write('"profiles" <svg>'); print(ANSWER)"""
    with pytest.raises(MeasurementError, match="py-spy's samples cannot be read"):
        PySpy(program=tool(code)).profile(Case(job(), "host", LIMITS), directory)


FAILURES = {
    "denied": (
        "print('Permission Denied: Try running again with elevated permissions', file=sys.stderr); sys.exit(1)",
        "py-spy ended with exit status 1: Permission Denied: Try running again",
    ),
    "silent": ("sys.exit(2)", "py-spy ended with exit status 2: it printed nothing"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "py-spy was ended by SIGKILL"),
    "hung": ("time.sleep(600)", r"py-spy gave no answer within 1 s and was ended"),
    "no answer": (OUT + "open(out, 'w').write('<svg>')", "the profiled run gave no answer"),
    "no file": ("print(ANSWER)", r"the profiler left no usable py-spy\.speedscope\.json"),
    "another file": (
        OUT + "open(out, 'w').write('sorry'); print(ANSWER)",
        r"the profiler left no usable py-spy\.speedscope\.json",
    ),
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
        profiler.profile(Case(job(), "host", LIMITS), directory)
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
        self.stages = {"inference": self.run}

    def example(self) -> int:
        return 1

    def run(self, item: object) -> None:
        self.calls += 1


def test_a_profiled_run_calls_the_workload_once_at_least_and_again_while_there_is_time() -> None:
    once, more = Counts(), Counts()
    facts = _base.repeat(once, {"seconds": 0.0})["facts"]
    assert facts["calls"] == once.calls == 1
    assert facts["stages"] == {"inference": "run"}
    _base.repeat(more, {"seconds": 0.05})
    assert more.calls > 1


def test_a_flame_graph_that_cannot_be_drawn_leaves_its_reason_and_the_rest(
    job: Callable[..., Job], tool: Tool, tmp_path: Path, directory: Path
) -> None:
    code = OUT + f"open(out, 'w').write({NOTHING!r}) if form == 'speedscope' else sys.exit('Error: no stack')\n"
    scope = PySpy(program=tool(code + "print(ANSWER)")).profile(Case(job(), "host", LIMITS), directory)
    assert [(one.title, one.reason) for one in scope] == [
        ("no py-spy flame graph, --native", "py-spy ended with exit status 1: Error: no stack"),
        ("py-spy samples for speedscope", ""),
    ]


def test_a_baseline_whose_code_tells_no_stages_has_those_of_today(
    job: Callable[..., Job], tool: Tool, directory: Path, tmp_path: Path
) -> None:
    frames = [{"name": name, "file": f"{job().root}/parity.py"} for name in ("repeat", "_label")]
    scope = {"shared": {"frames": frames}, "profiles": [{"samples": [[0, 1]], "weights": [0.1]}]}
    now = {"calls": 10, "busy": 0.1, "stages": {"inference": "_label"}}
    answers = [json.dumps({"protocol": 2, "facts": facts}) for facts in (now, {"calls": 20}, now)]
    code = (
        OUT
        + f"""
import pathlib
count = pathlib.Path({str(tmp_path / "count")!r})
done = len(count.read_text()) if count.exists() else 0
count.write_text("x" * (done + 1))
open(out, "w").write({json.dumps(scope)!r} if form == "speedscope" else "<svg>")
print({answers!r}[done])
"""
    )
    case = Case(job(), "host", LIMITS, baseline=job(), against="commit abc")
    functions, *_ = PySpy(program=tool(code)).profile(case, directory)
    assert functions.summary == ("inference: _label (parity.py) +5.00 ms a call, sampled (100 % -> 100 %)",)
