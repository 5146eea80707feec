from __future__ import annotations

from pathlib import Path
from typing import Any

from edgesense.perf import stacks
from edgesense.perf.records import Job

HOME = "/home/me/project"
NAMES = [
    ("repeat", "/site/edgesense/perf/profilers/_base.py"),
    ("Mine.features", f"{HOME}/mine.py"),
    ("ones", "/usr/lib/python3/site-packages/numpy/core/numeric.py"),
    ("memset", "/lib/libc.so.6"),
    ("Pipeline._classify", "/usr/lib/python3/site-packages/edgesense/pipeline.py"),
    ("main", f"{HOME}/run.py"),
]
STAGES = {"features": "features", "inference": "_classify"}


def speedscope(*samples: tuple[list[int], float]) -> dict[str, Any]:
    frames = [{"name": name, "file": file, "line": 1} for name, file in NAMES]
    profile = {"samples": [one for one, _ in samples], "weights": [seconds for _, seconds in samples]}
    return {"shared": {"frames": frames}, "profiles": [profile, {"samples": [], "weights": []}]}


def test_only_what_is_below_the_calls_is_kept_and_equal_stacks_are_one() -> None:
    samples = stacks.read(speedscope(([5, 0, 1], 0.25), ([5, 0, 1], 0.5), ([5], 9.0)), "repeat", [HOME])
    assert [([frame.name for frame in stack], seconds) for stack, seconds in samples.stacks] == [
        (["Mine.features"], 0.75)
    ]
    assert samples.total == 0.75


def test_a_call_into_a_library_is_told_of_the_projects_function_that_makes_it() -> None:
    samples = stacks.read(speedscope(([0, 1, 2, 3], 0.5), ([0, 4, 3], 1.0)), "repeat", [HOME])
    assert stacks.functions(samples, STAGES, 2) == {
        "features: Mine.features (mine.py)": 0.25,
        "inference: Pipeline._classify (edgesense/pipeline.py)": 0.5,
    }


def test_every_function_by_itself_is_the_innermost_one() -> None:
    samples = stacks.read(speedscope(([0, 1, 2, 3], 0.5), ([0, 4, 3], 1.0), ([0], 1.0)), "repeat", [HOME])
    assert stacks.leaves(samples, 1) == {"memset (lib/libc.so.6)": 1.5}


def test_without_a_function_of_the_project_the_innermost_of_python_is_told() -> None:
    samples = stacks.read(speedscope(([0, 2, 3], 0.5), ([0, 3], 0.5), ([0], 0.5)), "repeat", [HOME])
    assert stacks.functions(samples, {}, 1) == {"ones (numpy/core/numeric.py)": 0.5, "the call itself": 1.0}


def test_a_projects_own_environment_is_a_library() -> None:
    inside = stacks.frame("ones", f"{HOME}/.venv/lib/site-packages/numpy/core.py", [HOME])
    assert not inside.own
    assert stacks.frame("run", f"{HOME}/mine.py", [HOME]).own


def test_own_code_is_what_lies_in_a_jobs_project_and_root() -> None:
    assert stacks.roots_of(Job("m", Path(HOME), (), project=Path("/top"), home="/home/edge")) == [
        "/top",
        HOME,
        "/home/edge",
    ]


def test_a_board_keeps_everything_below_a_folder_of_the_tools_name_and_its_libraries_are_none_of_the_projects() -> None:
    base = "/home/pi/.cache/edgesense"
    roots = [f"{base}/runs/run-1/seat-1/project", f"{base}/runs/run-1/seat-1/beside"]
    paths = {
        f"{roots[0]}/mine.py": ("mine.py", True),
        f"{roots[1]}/edgesense/pipeline.py": ("edgesense/pipeline.py", True),
        f"{base}/trees/environment-1/lib/python3.11/site-packages/numpy/fft.py": ("numpy/fft.py", False),
    }
    found = {path: stacks.frame("f", path, roots) for path in paths}
    assert {path: (one.file, one.own) for path, one in found.items()} == paths
