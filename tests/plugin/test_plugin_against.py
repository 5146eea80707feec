"""Against another commit: its baselines, its code, and refusals that say what to do."""

from __future__ import annotations

import shutil
import subprocess

import pytest

SIZE = "@edge_budget(size_kb=100)\ndef test_a(): pass"


def git(root, *arguments):
    program = shutil.which("git")
    if program is None:
        pytest.skip("git is not installed")
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false")
    subprocess.run([program, *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def tagged(project, monkeypatch):
    """A project whose size was 10 KiB at the tag v1, was accepted at 11 KiB since, and is 11 KiB now."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    project.device("table", latency_ms=(10.0, 9.9, 10.1, "measured"), size_kb=10.0)
    project.pairs(change=0.0)
    project.tests(SIZE)
    git(project.root, "init", "-q", "-b", "main")
    project.run("--update-baselines").assert_outcomes(passed=1)
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "first")
    git(project.root, "tag", "v1")
    project.device("table", latency_ms=(10.0, 9.9, 10.1, "measured"), size_kb=11.0)
    project.run("--update-baselines").assert_outcomes(passed=1)
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "second")
    return project


@pytest.mark.parametrize(
    ("arguments", "ini", "against"),
    [
        ([], "", ""),
        (["--edge-against=v1"], "", "v1 (--edge-against)"),
        ([], "v1", "v1 (ini key edge_against)"),
        (["--edge-against=HEAD"], "v1", "HEAD (--edge-against)"),
        (["--edge-against="], "v1", ""),
    ],
)
def test_stored_numbers_are_those_of_the_commit_that_is_named(tagged, arguments, ini, against):
    tagged.ini(edge_against=ini)
    result = tagged.run("--edge-profile=off", *arguments)
    old = against.startswith("v1")
    result.assert_outcomes(failed=int(old), passed=1 - old)
    result.stdout.fnmatch_lines([f"  size_kb *{'10' if old else '11'}.0 KiB  +{'10' if old else '0'}.00 %*"])
    line = "compared with *, not with what is stored here"
    if against:
        result.stdout.fnmatch_lines([f"compared with {against}, not with what is stored here"])
    else:
        result.stdout.no_fnmatch_line(line)


def test_a_regression_against_another_commit_does_not_advise_to_store(tagged):
    result = tagged.run("--edge-against=v1", "--edge-profile=off")
    result.stdout.fnmatch_lines(["size_kb on table: 10.00 -> 11.00 KiB  *"])
    result.stdout.no_fnmatch_line("*--update-baselines*")


def test_times_are_measured_beside_the_code_of_that_commit(tagged):
    tagged.tests("@edge_budget(latency_ms=50)\ndef test_a(): pass")
    tagged.run("--edge-against=v1").assert_outcomes(passed=1)
    assert " v1 " in tagged.paired[-1]


def test_a_test_that_was_not_there_then_has_no_baseline(tagged):
    tagged.tests(f"{SIZE}\n\n{SIZE.replace('_a', '_b')}")
    result = tagged.run("--edge-against=v1", "--edge-profile=off")
    result.stdout.fnmatch_lines(["2 budgets: 2 met, *; 1 compared (1 regressed), 1 without baseline, *"])


def test_workers_of_xdist_compare_with_that_commit_too(tagged):
    tagged.run_two("--edge-against=v1", "--edge-profile=off").assert_outcomes(failed=1)


@pytest.mark.parametrize("workers", [False, True])
def test_an_unknown_commit_is_refused_before_anything_runs(tagged, workers):
    (tagged.root / "runs.txt").unlink()
    result = (tagged.run_two if workers else tagged.run)("--edge-against=v9")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["--edge-against: git knows no commit 'v9' here; *"])
    assert tagged.runs == []


def test_a_shallow_clone_is_told_how_to_get_its_history(tagged):
    git(tagged.root, "clone", "-q", "--depth=1", "--no-tags", f"file://{tagged.root}", "clone")
    result = tagged.run("--rootdir=clone", "-c", "clone/pytest.ini", "clone", "--edge-against=v1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*git knows no commit 'v1' here; this is a shallow clone: *fetch-depth: 0*"])


def test_a_project_without_history_is_refused(project):
    project.tests(SIZE)
    result = project.run("--edge-against=v1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["--edge-against = 'v1' needs the project's history: * lies in no git repository"])


@pytest.mark.parametrize(("arguments", "ini"), [(["--edge-against=v1"], ""), ([], "v1")])
def test_nothing_is_stored_while_another_commit_is_compared_with(tagged, arguments, ini):
    tagged.ini(edge_against=ini)
    result = tagged.run("--update-baselines", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    origin = "--edge-against" if arguments else "ini key edge_against"
    result.stderr.fnmatch_lines([f"ERROR: {origin} is refused with --update-baselines: *"])
    tagged.run("--update-baselines", "--edge-against=").assert_outcomes(passed=1)


def test_a_project_without_budgets_asks_git_nothing(project):
    project.tests("def test_a(): pass")
    project.run("--edge-against=v9").assert_outcomes(passed=1)
