from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf.cases import Case
from edgesense.perf.profilers.memray import Memray
from edgesense.perf.records import Job

Tool = Callable[[str], str]
LIMITS = frozenset({"rss_mb"})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "artifacts"
    made.mkdir()
    return made


@pytest.mark.skipif(importlib.util.find_spec("memray") is None, reason="memray is not installed (extra: profile)")
def test_a_flame_graph_of_a_real_run_names_native_frames_and_loads_nothing_from_the_network(
    model_job: Job, directory: Path
) -> None:
    functions, graph, table = Memray().profile(Case(model_job, "host", LIMITS), directory)
    assert graph.title == "memray flame graph of the peak, --native"
    assert graph.path is not None
    assert table.path is not None
    assert "AllocateTensors" in graph.path.read_text(encoding="utf-8")
    for path in (graph.path, table.path):
        html = path.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|link|img|iframe)[^>]{0,200}(?:src|href)=[\"']?https?:", html) == []
    assert functions.summary[-1].startswith("peak of allocations ")
    assert sorted(path.name for path in directory.iterdir()) == ["memory.txt", "memray-table.html", "memray.html"]


BOTH = """
out = sys.argv[sys.argv.index('--output') + 1]
import json
request = sys.stdin.read()
with open(SEEN, 'a') as log:
    log.write(json.dumps([sys.argv[1:], request]) + '\\n')
text = {'flamegraph': '<html>', 'table': '<html>', 'transform': CSV}.get(sys.argv[1], 'record')
open(out, 'w').write(text)
if sys.argv[1] == 'run':
    print(ANSWER)
"""
CSV = """allocator,num_allocations,size,tid,thread_name,stack_trace
MALLOC,1,3145728,1,0x1,ones;/lib/site-packages/numpy/core/numeric.py;191|remember;ROOT/parity.py;9|main;/x/__main__.py;3
MALLOC,1,1048576,1,0x1,get_data;<frozen importlib._bootstrap_external>;7|remember;ROOT/parity.py;9
MALLOC,1,1048576,1,0x1,
"""


def fake(tool: Tool, seen: Path, root: Path) -> Memray:
    """Return a profiler whose tool writes down what it is asked and tells of two allocations."""
    csv = CSV.replace("ROOT", str(root))
    return Memray(command=(tool(f"SEEN = {str(seen)!r}\nCSV = {csv!r}\n" + BOTH),))


def test_the_run_whose_peak_is_judged_is_recorded_and_then_drawn(
    job: Callable[..., Job], tool: Tool, tmp_path: Path, directory: Path
) -> None:
    seen = tmp_path / "seen"
    attachments = fake(tool, seen, tmp_path).profile(Case(job(), "pi5", LIMITS), directory)
    asked = [json.loads(line) for line in seen.read_text().splitlines()]
    assert [arguments[0] for arguments, _ in asked] == ["run", "table", "transform", "run", "flamegraph"]
    (recorded, request), (drawn, nothing) = asked[3:]
    assert recorded[:3] == ["run", "--quiet", "--native"]
    assert recorded[-2:] == ["-m", "edgesense.perf.worker"]
    assert json.loads(request)["probe"] == "edgesense.perf.metrics.memory:probe"
    assert drawn[:2] == ["flamegraph", "--no-web"]
    assert drawn[-1] == recorded[recorded.index("--output") + 1]
    assert nothing == ""
    assert all(one.title.endswith("run here, not on pi5") for one in attachments)


def test_what_libraries_allocate_is_told_of_the_projects_function_and_imports_by_themselves(
    job: Callable[..., Job], tool: Tool, tmp_path: Path, directory: Path
) -> None:
    functions, *_ = fake(tool, tmp_path / "seen", tmp_path).profile(Case(job(), "host", LIMITS), directory)
    assert functions.summary == (
        "remember (parity.py) 3.00 MiB (60 %)",
        "imports 1.00 MiB (20 %)",
        "? 1.00 MiB (20 %)",
        "peak of allocations 5.0 MiB",
    )


def test_beside_a_baseline_what_grew_is_told_with_the_peaks_growth(
    job: Callable[..., Job], tool: Tool, tmp_path: Path, directory: Path
) -> None:
    case = Case(job(), "host", LIMITS, baseline=job(), against="commit abc")
    functions, *_ = fake(tool, tmp_path / "seen", tmp_path).profile(case, directory)
    assert functions.summary == ("peak of allocations 5.0 MiB (+0.00 MiB)",)
    assert functions.path is not None
    assert "this computer, beside commit abc" in functions.path.read_text(encoding="utf-8")


FAILURES = {
    "recording": (
        "sys.exit('memray: error: no such option')",
        "memray ended with exit status 1: memray: error: no such",
    ),
    "drawing": (
        "print(ANSWER) if sys.argv[1] == 'run' else sys.exit('The provided input file is empty: error')",
        "memray ended with exit status 1: The provided input file is empty",
    ),
    "no file": ("print(ANSWER)", r"the profiler left no usable memray-table\.html"),
    "hung": ("time.sleep(600)", "memray gave no answer within 1 s and was ended"),
}


@pytest.mark.parametrize(("code", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_tool_that_fails_leaves_a_reason_and_no_file_not_even_an_older_one(
    code: str, reason: str, job: Callable[..., Job], tool: Tool, directory: Path
) -> None:
    (directory / "memray.html").write_text("of an earlier run", encoding="utf-8")
    profiler = Memray(command=(tool(code),), timeout_seconds=1.0 if "600" in code else 60.0)
    with pytest.raises(MeasurementError, match=reason):
        profiler.profile(Case(job(), "host", LIMITS), directory)
    assert list(directory.iterdir()) == []


def test_without_memray_the_extra_that_brings_it_is_named(
    job: Callable[..., Job], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MeasurementError, match=r"memray is not installed: pip install 'pytest-edgesense\[profile\]'"):
        Memray().profile(Case(job(), "host", LIMITS), directory)


def test_a_flame_graph_that_cannot_be_drawn_leaves_its_reason_and_the_rest(
    job: Callable[..., Job], tool: Tool, tmp_path: Path, directory: Path
) -> None:
    code = f"SEEN = {str(tmp_path / 'seen')!r}\nCSV = {CSV!r}\n" + BOTH
    broken = "if sys.argv[1] == 'flamegraph':\n    sys.exit('Error: too deep')\n"
    attachments = Memray(command=(tool(broken + code),)).profile(Case(job(), "host", LIMITS), directory)
    assert [(one.title, one.reason) for one in attachments] == [
        ("functions by memory at the peak", ""),
        ("no memray flame graph of the peak, --native", "memray ended with exit status 1: Error: too deep"),
        ("memray table of the peak", ""),
    ]
