"""What GitHub Actions gets by itself, and that it can be turned off."""

from __future__ import annotations

import pytest

OVER = "\n\n@edge_budget(size_kb=5)\ndef test_over(): pass"


@pytest.fixture
def summary(project, monkeypatch):
    """The file of the step's summary, in a run on GitHub Actions, with something in it."""
    path = project.write("summary.md", "before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    project.tests(OVER)
    return path


def test_a_step_has_its_summary_and_a_remark_at_the_tests_line(project, summary):
    result = project.run("--edge-profile=off")
    result.assert_outcomes(failed=1)
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert "1 of 1 fail" in text
    lines = [line for line in result.outlines if line.startswith("::")]
    assert len(lines) == 1
    assert lines[0].startswith(
        "::error file=test_it.py,line=6,title=size_kb on table%3A OVER::test_it.py::test_over%0A"
    )


def test_files_are_named_from_the_repositorys_top(project, summary, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.root.parent))
    result = project.run("--edge-profile=off")
    result.stdout.fnmatch_lines([f"::error file={project.root.name}/test_it.py,line=6,*"])


@pytest.mark.parametrize(("arguments", "ini"), [(["--edge-github=off"], "auto"), ([], "off")])
def test_it_can_be_turned_off(project, summary, arguments, ini):
    project.ini(edge_github=ini)
    result = project.run("--edge-profile=off", *arguments)
    assert summary.read_text(encoding="utf-8") == "before\n"
    assert "::error" not in result.stdout.str()


def test_the_command_line_turns_it_on_again(project, summary):
    project.ini(edge_github="off")
    project.run("--edge-profile=off", "--edge-github=auto")
    assert "1 of 1 fail" in summary.read_text(encoding="utf-8")


def test_workers_say_it_once(project, summary):
    result = project.run_two("--edge-profile=off")
    assert summary.read_text(encoding="utf-8").count("1 of 1 fail") == 1
    assert result.stdout.str().count("::error") == 1


def test_a_summary_that_cannot_be_written_is_said(project, summary, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.root / "gone" / "summary.md"))
    result = project.run("--edge-profile=off")
    result.stdout.fnmatch_lines(["the step summary was not written: *No such file*"])


def test_nothing_is_said_elsewhere(project, monkeypatch):
    project.tests(OVER)
    result = project.run("--edge-profile=off")
    assert "::error" not in result.stdout.str()
