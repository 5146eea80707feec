from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import MeasurementError
from edgesense.perf.profilers.memray import Memray
from edgesense.perf.records import Job

Tool = Callable[[str], str]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "artifacts"
    made.mkdir()
    return made


@pytest.mark.skipif(importlib.util.find_spec("memray") is None, reason="memray is not installed (extra: profile)")
def test_a_flame_graph_of_a_real_run_names_native_frames_and_loads_nothing_from_the_network(
    model_job: Job, directory: Path
) -> None:
    attachment = Memray().profile(model_job, directory, device="host")
    assert attachment.title == "memray flame graph of the peak, --native, this computer"
    assert attachment.path == directory / "memray.html"
    html = attachment.path.read_text(encoding="utf-8")
    assert "flamegraph" in html
    assert "AllocateTensors" in html
    assert re.findall(r"<(?:script|link|img|iframe)[^>]{0,200}(?:src|href)=[\"']?https?:", html) == []
    assert [path.name for path in directory.iterdir()] == ["memray.html"]


BOTH = """
out = sys.argv[sys.argv.index('--output') + 1]
import json
with open(SEEN, 'a') as log:
    log.write(json.dumps([sys.argv[1:], sys.stdin.read()]) + '\\n')
open(out, 'w').write('<html>' if sys.argv[1] == 'flamegraph' else 'record')
if sys.argv[1] == 'run':
    print(ANSWER)
"""


def test_the_run_whose_peak_is_judged_is_recorded_and_then_drawn(
    job: Callable[..., Job], tool: Tool, tmp_path: Path, directory: Path
) -> None:
    seen = tmp_path / "seen"
    profiler = Memray(command=(tool(f"SEEN = {str(seen)!r}" + BOTH),))
    attachment = profiler.profile(job(), directory, device="pi5")
    (recorded, request), (drawn, nothing) = (json.loads(line) for line in seen.read_text().splitlines())
    assert recorded[:3] == ["run", "--quiet", "--native"]
    assert recorded[-2:] == ["-m", "edgesense.perf.worker"]
    assert json.loads(request)["probe"] == "edgesense.perf.metrics.memory:probe"
    assert drawn[:2] == ["flamegraph", "--no-web"]
    assert drawn[-1] == recorded[recorded.index("--output") + 1]
    assert nothing == ""
    assert attachment.title.endswith("of this computer's run, not of pi5")
    assert [path.name for path in directory.iterdir()] == ["memray.html"]


FAILURES = {
    "recording": (
        "sys.exit('memray: error: no such option')",
        "memray ended with exit status 1: memray: error: no such",
    ),
    "drawing": (
        "print(ANSWER) if sys.argv[1] == 'run' else sys.exit('The provided input file is empty: error')",
        "memray ended with exit status 1: The provided input file is empty",
    ),
    "no file": ("print(ANSWER)", r"the profiler left no usable memray\.html"),
    "hung": ("time.sleep(600)", "memray gave no answer within 1 s and was ended"),
}


@pytest.mark.parametrize(("code", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_tool_that_fails_leaves_a_reason_and_no_file_not_even_an_older_one(
    code: str, reason: str, job: Callable[..., Job], tool: Tool, directory: Path
) -> None:
    (directory / "memray.html").write_text("of an earlier run", encoding="utf-8")
    profiler = Memray(command=(tool(code),), timeout_seconds=1.0 if "600" in code else 60.0)
    with pytest.raises(MeasurementError, match=reason):
        profiler.profile(job(), directory, device="host")
    assert list(directory.iterdir()) == []


def test_without_memray_the_extra_that_brings_it_is_named(
    job: Callable[..., Job], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MeasurementError, match=r"memray is not installed: pip install 'pytest-edgesense\[profile\]'"):
        Memray().profile(job(), directory, device="host")
