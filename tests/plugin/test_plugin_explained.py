"""What a failure says of where it went, and how often that is looked for."""

from __future__ import annotations

import json

import pytest

PROFILERS = """
import pathlib

import pytest

from edgesense.perf import profilers
from edgesense.perf.cases import Attachment

HERE = pathlib.Path(__file__).parent


class Fake:
    name, always, cost = "fake", True, 1.0
    explains = frozenset({"size_kb"})

    def profile(self, case, directory):
        with (HERE / "profiled.txt").open("a") as file:
            print(case.device, *sorted(case.limits), file=file)
        path = directory / "fake.txt"
        path.write_text("all of it")
        lines = ("features +0.083 ms, inference +0.001 ms", "and a second line")
        return [Attachment("time by stage", path, summary=lines, kind="stages"), Attachment("no tool", None, "why")]


profilers.every = lambda: (Fake(),)
"""
SLUG = "test-it-test-a-*"
LARGE = "@edge_budget(size_kb=9)\ndef test_{name}(): pass\n\n"


@pytest.fixture
def explained(project, monkeypatch):
    """A project with one profiler, which writes down what it is asked."""
    from edgesense.perf import profilers

    # The project's conftest replaces it, in this process where pytest runs in this process.
    monkeypatch.setattr(profilers, "every", profilers.every)
    project.write("conftest.py", (project.root / "conftest.py").read_text() + PROFILERS)
    project.tests(LARGE.format(name="a"))
    return project


def profiled(project) -> list[str]:
    path = project.root / "profiled.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_the_text_says_the_number_where_it_went_the_files_and_then_the_next_command(explained):
    result = explained.run()
    result.stdout.fnmatch_lines(
        [
            "size_kb on table: 10.0 KiB is over its limit 9.00 KiB",
            "where it went, by later runs:",
            "    stages: features +0.083 ms, inference +0.001 ms",
            "            and a second line",
            "profiles of a later run of the same pipeline:",
            f"    time by stage: .edgesense/artifacts/{SLUG}/table/fake.txt",
            "    no tool: why",
            "next: see where it goes: *",
            "next: judge it again, alone: *",
        ],
        consecutive=True,
    )


def test_junit_has_each_line_and_each_file(explained):
    explained.run("--junitxml=junit.xml")
    junit = (explained.root / "junit.xml").read_text(encoding="utf-8")
    assert 'name="edge.explained" value="features +0.083 ms, inference +0.001 ms"' in junit
    assert 'name="edge.artifact" value=".edgesense/artifacts/test-it-test-a-' in junit


def test_a_green_run_profiles_nothing(explained):
    explained.tests("@edge_budget(size_kb=90)\ndef test_a(): pass")
    explained.run().assert_outcomes(passed=1)
    assert profiled(explained) == []
    assert not (explained.root / ".edgesense").exists()


def test_a_met_budget_that_is_explained_has_a_section_of_its_own(explained):
    explained.tests("@edge_budget(size_kb=90)\ndef test_a(): pass")
    result = explained.run("--edge-profile=always", "-rP")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*edge profile*", "where it went, by later runs:", "    stages: features *"])
    assert profiled(explained) == ["table size_kb"]


@pytest.mark.parametrize("workers", [False, True])
def test_a_pipeline_is_profiled_once_a_run_and_every_test_says_what_was_found(explained, workers):
    explained.tests("".join(LARGE.format(name=name) for name in "abc"))
    result = explained.run_two() if workers else explained.run()
    result.assert_outcomes(failed=3)
    assert profiled(explained) == ["table size_kb"]
    assert result.stdout.str().count("    stages: features +0.083 ms") == 3


def test_another_pipeline_is_profiled_too(explained):
    explained.write("other.tflite", "another")
    explained.tests(LARGE.format(name="a") + "@edge_budget(size_kb=9, pipeline='other.tflite')\ndef test_b(): pass")
    explained.run().assert_outcomes(failed=2)
    assert len(profiled(explained)) == 2


def test_a_limit_that_fails_only_because_the_run_is_strict_is_not_profiled(explained):
    explained.tests("@edge_budget(size_kb=90)\ndef test_a(): pass")
    explained.run("--edge-strict").assert_outcomes(failed=1)
    assert profiled(explained) == []


@pytest.mark.parametrize("workers", [False, True])
def test_the_results_have_each_attachment_with_its_path_from_the_root(explained, workers):
    (explained.run_two if workers else explained.run)("--edge-json=results.json")
    (budget,) = json.loads((explained.root / "results.json").read_text(encoding="utf-8"))["budgets"]
    first, second = budget["evidence"]["attached"]
    assert (explained.root / first.pop("path")).read_text(encoding="utf-8") == "all of it"
    assert first == {
        "title": "time by stage",
        "kind": "stages",
        "reason": "",
        "summary": ["features +0.083 ms, inference +0.001 ms", "and a second line"],
    }
    assert second == {"title": "no tool", "kind": "", "path": "", "reason": "why", "summary": []}


def test_a_directory_that_cannot_be_made_is_a_reason_and_the_verdict_stays(explained):
    explained.write(".edgesense", "a file where the directory should be")
    result = explained.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["size_kb on table: 10.0 KiB is over its limit 9.00 KiB", "    no profiles: * exists*"])
