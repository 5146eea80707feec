"""--edge-report: the page of a run, whatever ended it."""

from __future__ import annotations

from importlib import util

import pytest

OVER = "@edge_budget(size_kb=1)\ndef test_a(): pass"
MET = "@edge_budget(size_kb=100)\ndef test_b(): pass"


def page(project, directory="out"):
    return (project.root / directory / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("workers", [False, True])
def test_the_page_is_written_once_and_also_when_tests_fail(project, workers):
    project.tests(f"{OVER}\n\n{MET}")
    result = (project.run_two if workers else project.run)("--edge-report=out", "--edge-profile=never")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert page(project).count('<article class="row') == 2
    assert (project.root / "out" / "run.json").is_file()
    result.stdout.fnmatch_lines(["page of this run: out/index.html"])


def test_the_inis_directory_is_used_and_the_command_line_wins(project):
    project.tests(MET)
    project.ini(edge_report="theirs")
    project.run().assert_outcomes(passed=1)
    assert "test_b" in page(project, "theirs")
    project.run("--edge-report=mine").assert_outcomes(passed=1)
    assert "test_b" in page(project, "mine")


def test_a_file_in_the_place_of_the_directory_is_refused_at_once(project):
    project.tests(MET)
    project.write("out", "")
    result = project.run("--edge-report=out")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --edge-report 'out': a directory is wanted, this is a file"])


def test_outside_of_a_repository_the_page_says_why_it_has_no_trend(project):
    project.tests(MET)
    project.run("--edge-report=out").assert_outcomes(passed=1)
    assert "No trend: the project lies in no git repository" in page(project)


def test_without_the_template_engine_the_run_is_refused_before_anything_is_measured(project, monkeypatch):
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *more: None if name == "jinja2" else find(name, *more))
    project.tests(MET)
    result = project.run("--edge-report=out")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --edge-report 'out': the page needs jinja2: pip install 'pytest-edgesense*report*'"]
    )
    assert not (project.root / "out").exists()


def test_what_cannot_be_written_is_said_and_fails_no_test(project):
    project.tests(MET)
    project.write("out/index.html/in_the_way", "")
    result = project.run("--edge-report=out")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*the page was not written to *out*"])
