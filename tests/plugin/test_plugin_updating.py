"""Baselines: stored when asked for, by one process, each change shown."""

from __future__ import annotations

import json

import pytest

ONE = "@edge_budget(size_kb=10)\ndef test_a(): pass"


@pytest.fixture
def stored(project):
    """A project with a baseline of size 10 and accuracy 0.9."""
    project.tests("@edge_budget(size_kb=100, acc=0.1)\ndef test_a(): pass")
    project.run("--update-baselines").assert_outcomes(passed=1)
    return project


def test_nothing_is_stored_unasked(project):
    project.tests(ONE)
    project.run().assert_outcomes(passed=1)
    assert project.baselines == {}


def test_a_new_number_is_stored_and_shown(project):
    project.tests(ONE)
    result = project.run("--update-baselines")
    result.stdout.fnmatch_lines(
        ["baselines stored in baselines:", "  test_it.py::test_a on table", "    size_kb  new: 10.0 KiB"]
    )
    assert project.baselines == {"table/test_it.py::test_a": {"size_kb": 10}}


def test_a_later_run_is_compared(stored):
    result = stored.run()
    result.stdout.fnmatch_lines(
        [
            "  size_kb *10.0 KiB  +0.00 %*met",
            "1 budget: 1 met, 0 over, 0 inconclusive; 1 compared, 0 without baseline, 0 inconclusive",
        ]
    )


def test_a_regression_fails_with_the_command_that_accepts_it(stored):
    stored.device("table", size_kb=12.0, acc=0.9)
    result = stored.run("--edge-profile=off")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "size_kb on table: 10.00 -> 12.00 KiB  +20.00 % (limit +1 %)",
            "next: if this is meant, accept it: pytest test_it.py::test_a --edge-device=table --update-baselines",
            "  size_kb *REGRESSED",
            "1 budget: 1 met, 0 over, 0 inconclusive; 1 compared (1 regressed), 0 without baseline, 0 inconclusive",
        ]
    )


def test_a_change_within_its_tolerance_is_the_same(stored):
    stored.device("table", size_kb=10.05, acc=0.9)
    stored.run().assert_outcomes(passed=1)


def test_updating_accepts_a_regression_and_shows_old_and_new(stored):
    stored.device("table", size_kb=12.0, acc=0.9)
    result = stored.run("--update-baselines")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["    size_kb  10.0 KiB -> 12.0 KiB (+20.00 %)"])
    result.stdout.no_fnmatch_line("    acc *->*")
    assert stored.baselines["table/test_it.py::test_a"] == {"size_kb": 12, "acc": 0.9}


def test_updating_does_not_store_what_is_over_its_budget(stored):
    stored.device("table", size_kb=120.0, acc=0.9)
    result = stored.run("--update-baselines", "--edge-profile=off")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["not stored: test_it.py::test_a on table: size_kb on table: 120 KiB is over its *"])
    result.stdout.no_fnmatch_line("next: if this is meant, accept it*")
    assert stored.baselines["table/test_it.py::test_a"]["size_kb"] == 10


@pytest.mark.parametrize(("arguments", "ini"), [(["--edge-update=all"], ""), (["--update-baselines"], "all")])
def test_updating_all_stores_what_is_over_its_budget(stored, arguments, ini):
    stored.device("table", size_kb=120.0, acc=0.9)
    stored.ini(edge_update=ini)
    stored.run(*arguments).assert_outcomes(passed=1)
    assert stored.baselines["table/test_it.py::test_a"]["size_kb"] == 120


@pytest.mark.parametrize(("arguments", "ini"), [(["--edge-update=new"], ""), (["--update-baselines"], "new")])
def test_updating_new_stores_only_what_is_missing(stored, arguments, ini):
    stored.device("table", size_kb=10.05, acc=0.9, acc_drop=0.01)
    stored.tests("@edge_budget(size_kb=100, acc=0.1, acc_drop=0.1)\ndef test_a(): pass")
    stored.ini(edge_update=ini)
    stored.run(*arguments).assert_outcomes(passed=1)
    assert stored.baselines["table/test_it.py::test_a"] == {"size_kb": 10, "acc": 0.9, "acc_drop": 0.01}


def test_updating_new_does_not_accept_a_regression(stored):
    stored.device("table", size_kb=12.0, acc=0.9)
    stored.run("--edge-update=new", "--edge-profile=off").assert_outcomes(failed=1)
    assert stored.baselines["table/test_it.py::test_a"]["size_kb"] == 10


def test_the_mode_of_the_ini_alone_stores_nothing(project):
    project.tests(ONE)
    project.ini(edge_update="all")
    project.run().assert_outcomes(passed=1)
    assert project.baselines == {}


def test_a_number_that_cannot_be_told_keeps_its_old_baseline(stored):
    stored.device("table", acc=0.95)
    stored.devices["table"].pop("size_kb", None)
    stored.write(
        "conftest.py",
        (stored.root / "conftest.py")
        .read_text()
        .replace('"instructions_m"', '"size_kb": Known.EXACT, "instructions_m"'),
    )
    stored.run("--update-baselines").assert_outcomes(passed=1)
    assert stored.baselines["table/test_it.py::test_a"] == {"size_kb": 10, "acc": 0.95}


def test_a_test_whose_body_fails_is_not_stored(project):
    project.tests("@edge_budget(size_kb=10)\ndef test_a(): assert False")
    result = project.run("--update-baselines")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["not stored: test_it.py::test_a on table: it did not pass"])
    assert project.baselines == {}


def test_other_tests_baselines_are_not_touched(stored):
    path = next((stored.root / "baselines").glob("*/*.json"))
    before = path.read_bytes(), path.stat().st_mtime_ns
    stored.tests("@edge_budget(size_kb=10)\ndef test_b(): pass")
    stored.run("--update-baselines").assert_outcomes(passed=1)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert len(stored.baselines) == 2


def test_updating_is_not_failed_for_the_baseline_that_it_stores(project):
    project.tests(ONE)
    project.run("--update-baselines", "--edge-strict").assert_outcomes(passed=1)
    project.run("--edge-strict").assert_outcomes(passed=1)


def test_a_new_test_without_a_baseline_fails_a_strict_run(project):
    project.tests(ONE)
    result = project.run("--edge-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "size_kb on table: no baseline (fails because the run is strict)",
            "next: store one: pytest test_it.py::test_a --edge-device=table --update-baselines",
        ]
    )


@pytest.mark.parametrize("option", ["--update-baselines", "--edge-update=new"])
def test_a_build_may_not_accept_its_own_numbers(project, monkeypatch, option):
    monkeypatch.setenv("CI", "true")
    project.tests(ONE)
    result = project.run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --update-baselines is refused where CI is set: *--edge-update-in-ci"])
    assert (project.runs, project.baselines) == ([], {})


@pytest.mark.parametrize(("arguments", "ini"), [(["--edge-update-in-ci"], ""), ([], "true")])
def test_a_build_that_is_allowed_to_accepts_them(project, monkeypatch, arguments, ini):
    monkeypatch.setenv("CI", "true")
    project.tests(ONE)
    project.ini(edge_update_in_ci=ini)
    project.run("--update-baselines", *arguments).assert_outcomes(passed=1)
    assert len(project.baselines) == 1


def test_workers_of_xdist_store_through_the_controller(project):
    tests = (f"@edge_budget(size_kb=10)\ndef test_{name}(): pass" for name in "abcd")
    project.tests("\n\n".join(tests))
    result = project.run_two("--update-baselines")
    result.assert_outcomes(passed=4)
    assert len(project.baselines) == 4
    result.stdout.fnmatch_lines(["4 budgets: 4 met, *"])


def test_updating_works_without_a_terminal(project):
    project.tests(ONE)
    project.run("--update-baselines", "-p", "no:terminal")
    assert len(project.baselines) == 1


def test_a_directory_that_cannot_be_written_fails_the_run_without_a_traceback(project):
    project.tests(ONE)
    (project.root / "baselines").mkdir()
    (project.root / "baselines" / "table").symlink_to("nowhere/at/all")
    result = project.run("--update-baselines")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["no baseline was stored in *"])
    assert "Traceback" not in result.stdout.str()


DAMAGED = {"{": "is damaged", json.dumps({"schema": 99}): "is of schema 99, this release reads up to *: update"}


@pytest.mark.parametrize("content", DAMAGED)
def test_a_baseline_that_cannot_be_read_fails_its_own_test(stored, content):
    stored.tests(
        "@edge_budget(size_kb=100, acc=0.1)\ndef test_a(): pass\n\n@edge_budget(size_kb=100)\ndef test_b(): pass"
    )
    path = next((stored.root / "baselines").glob("*/*.json"))
    path.write_text(content)
    for arguments in ((), ("--update-baselines",)):
        result = stored.run(*arguments)
        result.assert_outcomes(failed=1, passed=1)
        result.stdout.fnmatch_lines([f"baseline on table: {path.name} {DAMAGED[content]}*"])
        assert path.read_text() == content


def test_a_run_that_is_interrupted_stores_nothing_and_says_so(project):
    project.tests(f"{ONE}\n\ndef test_b(): pytest.exit('enough')")
    result = project.run("--update-baselines")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["no baseline was stored: the run was interrupted"])
    assert project.baselines == {}


def test_a_run_that_stops_at_its_first_failure_stores_what_passed_before(project):
    project.tests(f"{ONE}\n\ndef test_b(): assert False")
    project.run("--update-baselines", "-x").assert_outcomes(passed=1, failed=1)
    assert len(project.baselines) == 1
