"""Files that explain a missed budget, in junit XML as GitLab and Jenkins look for them; read back with junitparser."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from edgesense.report.records import Attached, Evidence, Result
from pytest_edgesense import junit

junitparser = pytest.importorskip("junitparser")

PROFILER = """
from edgesense.perf import profilers
from edgesense.perf.cases import Attachment


class Fake:
    name, always, cost, explains = "fake", True, 1.0, frozenset({"size_kb"})

    def profile(self, case, directory):
        for name in ("first.txt", "second.txt"):
            (directory / name).write_text("all of it")
        return [
            Attachment("first", directory / "first.txt"),
            Attachment("no tool", None, "why"),
            Attachment("second", directory / "second.txt"),
        ]


profilers.every = lambda: (Fake(),)
"""
MISSED = "@edge_budget(size_kb=9)\ndef test_missed():\n    print('from the body')\n\n"
MET = "@edge_budget(size_kb=10)\ndef test_met():\n    print('from the body')\n\n"


@pytest.fixture
def missed(project, monkeypatch):
    """A project with a missed budget, which two files explain, and one that is met."""
    from edgesense.perf import profilers

    for name in junit.CHECKED_OUT:
        monkeypatch.delenv(name, raising=False)
    # The project's conftest replaces it, in this process where pytest runs in this process.
    monkeypatch.setattr(profilers, "every", profilers.every)
    project.write("conftest.py", (project.root / "conftest.py").read_text() + PROFILER)
    project.tests(MISSED + MET)
    return project


def cases(project) -> dict[str, object]:
    suites = junitparser.JUnitXml.fromfile(str(project.root / "junit.xml"))
    return {case.name: case for suite in suites for case in suite}


def attached(case: object) -> list[str]:
    """The paths, read as GitLab does: of every line that is such a mark and nothing else."""
    return [
        line.removeprefix("[[ATTACHMENT|").removesuffix("]]")
        for line in (case.system_out or "").splitlines()
        if line.startswith("[[ATTACHMENT|")
    ]


@pytest.mark.parametrize("logging", ["no", "system-out", "all", "log", "system-err"])
@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_the_files_stand_once_in_the_output_of_the_test_that_missed_its_budget(missed, logging, family):
    missed.run("--junitxml=junit.xml", "-o", f"junit_logging={logging}", "-o", f"junit_family={family}")
    found = cases(missed)
    paths = attached(found["test_missed"])
    assert [Path(path).name for path in paths] == ["first.txt", "second.txt"]
    assert all((missed.root / path).is_file() and not Path(path).is_absolute() for path in paths)
    assert attached(found["test_met"]) == []
    outputs = [len(case.findall("system-out")) for case in ET.parse(missed.root / "junit.xml").iter("testcase")]  # noqa: S314 - pytest wrote it
    assert outputs == [1, 1 if logging in {"system-out", "all", "log"} else 0]
    assert ("from the body" in found["test_missed"].system_out) is (logging in {"system-out", "all"})


def test_workers_leave_them_with_the_controller(missed):
    missed.run_two("--junitxml=junit.xml")
    assert len(attached(cases(missed)["test_missed"])) == 2


def test_a_failing_tear_down_leaves_them_with_the_missed_budget(missed):
    missed.tests(
        "@pytest.fixture\ndef broken():\n    yield\n    raise OSError('gone')\n\n"
        "@edge_budget(size_kb=9)\ndef test_missed(broken): pass\n"
    )
    missed.run("--junitxml=junit.xml")
    tree = ET.parse(missed.root / "junit.xml")  # noqa: S314 - pytest wrote it
    found = {tuple(child.tag for child in case if child.tag != "properties") for case in tree.iter("testcase")}
    assert found == {("failure", "system-out"), ("error",)}


@pytest.mark.parametrize("variable", junit.CHECKED_OUT)
def test_paths_start_where_the_server_checked_out(tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, str(tmp_path))
    result = Result("t", "t", "pi", None, evidence=Evidence(attached=(Attached("a", "x/a.txt"),)))
    assert list(junit.lines(result, tmp_path / "sub")) == ["[[ATTACHMENT|sub/x/a.txt]]"]


@pytest.mark.parametrize("path", ["", "a|b", "a[1].txt", "a\nb"])
def test_a_path_that_no_reader_takes_is_left_out(tmp_path, path):
    result = Result("t", "t", "pi", None, evidence=Evidence(attached=(Attached("a", path),)))
    assert list(junit.lines(result, tmp_path)) == []


def test_a_file_that_lies_elsewhere_is_named_whole(tmp_path):
    result = Result("t", "t", "pi", None, evidence=Evidence(attached=(Attached("a", "/elsewhere/a.txt"),)))
    assert list(junit.lines(result, tmp_path)) == ["[[ATTACHMENT|/elsewhere/a.txt]]"]
