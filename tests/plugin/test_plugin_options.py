"""Every option by the command line and by its ini key; the command line wins."""

from __future__ import annotations

import pytest

BOTH = "@edge_budget(size_kb=10)\ndef test_a(): pass"
UNSURE = "@edge_budget(latency_ms=50)\ndef test_a(): pass"


@pytest.fixture
def unsure(project):
    """A project whose one budget cannot be told."""
    project.device("table", latency_ms=(50.0, 45.0, 55.0, "measured"))
    project.tests(UNSURE)
    return project


def test_the_device_is_the_command_lines(project):
    project.device("other", size_kb=20.0)
    project.tests(BOTH)
    project.run("--edge-device=other", "--edge-profile=off").assert_outcomes(failed=1)
    assert project.runs == ["other model.tflite size_kb"]


def test_the_device_is_the_inis(project):
    project.device("other", size_kb=20.0)
    project.tests(BOTH)
    project.ini(edge_device="other")
    project.run("--edge-profile=off").assert_outcomes(failed=1)


def test_the_default_device_is_this_computer(project):
    project.tests(BOTH)
    project.ini(edge_device="")
    result = project.run("--collect-only", "-q")
    assert result.ret == 0
    project.tests("@edge_budget(instructions_m=10)\ndef test_a(): pass")
    result = project.run("--collect-only", "-q")
    result.stderr.fnmatch_lines(["*instructions_m can never be answered by host*"])


@pytest.mark.parametrize(("arguments", "ini"), [(["--edge-device=tabel"], "table"), ([], "tabel")])
def test_an_unknown_device_is_refused_at_once(project, arguments, ini):
    project.tests(BOTH)
    project.ini(edge_device=ini)
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    origin = "--edge-device" if arguments else "ini key edge_device"
    result.stderr.fnmatch_lines([f"ERROR: {origin}: unknown device 'tabel': did you mean table[?] allowed: *"])


def test_an_unknown_device_is_refused_once_for_all_workers(project):
    project.tests(BOTH)
    result = project.run_two("--edge-device=tabel")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().count("unknown device") == 1


@pytest.mark.parametrize(
    ("arguments", "ini", "outcome"),
    [
        ([], "", {"passed": 1}),
        (["--edge-strict"], "", {"failed": 1}),
        (["--edge-strict"], "false", {"failed": 1}),
        ([], "true", {"failed": 1}),
        (["--no-edge-strict"], "true", {"passed": 1}),
    ],
)
def test_strict_by_command_line_ini_and_default(unsure, arguments, ini, outcome):
    unsure.ini(edge_strict=ini)
    unsure.run(*arguments).assert_outcomes(**outcome)


def test_a_build_without_baselines_is_not_strict(unsure, monkeypatch):
    monkeypatch.setenv("CI", "true")
    result = unsure.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["not strict (CI is set, but the project has no baselines yet); 1 inconclusive*"])


def test_a_first_run_says_what_stores_a_baseline(project):
    project.tests("@edge_budget(size_kb=10)\ndef test_a(): ...")
    project.run().stdout.fnmatch_lines(
        ["not strict (the default); 1 inc*; --update-baselines stores what was measured"]
    )
    project.run("--update-baselines").stdout.no_fnmatch_line("*stores what was measured*")
    project.run().stdout.fnmatch_lines(["not strict (the default)"])


def test_a_build_with_baselines_is_strict_and_says_so(unsure, monkeypatch):
    monkeypatch.setenv("CI", "true")
    unsure.write("baselines/table/another.json", "{}")
    result = unsure.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["strict: * (CI is set and the project has baselines)"])


def test_a_build_with_baselines_can_be_told_not_to_be_strict(unsure, monkeypatch):
    monkeypatch.setenv("CI", "true")
    unsure.write("baselines/table/another.json", "{}")
    unsure.run("--no-edge-strict").assert_outcomes(passed=1)


@pytest.mark.parametrize("ci", ["", "0", "false"])
def test_ci_that_is_said_to_be_off_is_off(unsure, monkeypatch, ci):
    monkeypatch.setenv("CI", ci)
    unsure.write("baselines/table/another.json", "{}")
    unsure.run().assert_outcomes(passed=1)


ASKED = """
import pathlib

import pytest

@pytest.fixture(autouse=True)
def asked(monkeypatch):
    from edgesense.perf.devices.table import Table

    run = Table.run

    def told(self, job, directory):
        said = f"{job.runtime} {job.timeout_seconds:g} {job.ship} {job.delegate} {job.workload}"
        pathlib.Path("job.txt").write_text(said)
        return run(self, job, directory)

    monkeypatch.setattr(Table, "run", told)
"""


@pytest.fixture
def asked(project):
    """Return a function that runs a budget and tells its job's runtime, patience, packages and pipeline."""
    project.tests(BOTH)
    project.write("conftest.py", (project.root / "conftest.py").read_text() + ASKED)

    def job(*arguments):
        project.run(*arguments).assert_outcomes(passed=1)
        return (project.root / "job.txt").read_text()

    return job


def test_the_runtime_is_the_command_lines_before_the_inis(project, asked):
    assert asked().startswith("None ")
    project.ini(edge_runtime="tflite")
    assert asked().startswith("tflite ")
    assert asked("--edge-runtime=litert").startswith("litert ")


def test_the_delegate_is_the_command_lines_before_the_inis(project, asked):
    assert " None model" in asked()
    project.ini(edge_delegate="gpu:a=1,required")
    assert " gpu:a=1,required model" in asked()
    assert " none model" in asked("--edge-delegate=none")


def test_a_delegates_library_is_found_from_where_it_was_written(project, asked):
    project.write("libfoo.so", "")
    project.ini(edge_delegate="libfoo.so:a=1")
    assert f" {project.root / 'libfoo.so'}:a=1 model" in asked()


@pytest.mark.parametrize(("arguments", "ini"), [(["--edge-delegate=xnpack"], ""), ([], "xnpack")])
def test_a_delegate_that_cannot_be_meant_is_refused_at_once(project, arguments, ini):
    project.tests(BOTH)
    project.ini(edge_delegate=ini)
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    origin = "--edge-delegate" if arguments else "ini key edge_delegate"
    result.stderr.fnmatch_lines([f"ERROR: {origin}: there is no delegate 'xnpack': did you mean 'xnnpack'[?]*"])
    assert project.runs == []


def test_the_patience_with_a_worker_is_the_inis(project, asked):
    assert " 600 " in asked()
    project.ini(edge_timeout="12.5")
    assert " 12.5 " in asked()


def test_the_packages_that_travel_are_those_of_pyproject(project, asked):
    assert " () " in asked()
    project.write("pyproject.toml", '[tool.edgesense]\nship = ["mypkg"]\n')
    assert " ('mypkg',) " in asked()


def test_packages_that_are_no_list_are_refused(project):
    project.tests(BOTH)
    project.write("pyproject.toml", '[tool.edgesense]\nship = "mypkg"\n')
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*pyproject.toml: ship = 'mypkg' in [[]tool.edgesense]: a list of packages, modules and folders*"]
    )


def test_the_pipeline_is_the_inis(project, asked):
    project.write("second.tflite", "")
    project.ini(edge_pipeline="second.tflite")
    assert asked().endswith(" second.tflite")


def test_a_pipeline_of_the_ini_that_is_not_there_is_refused(project):
    project.tests(BOTH)
    project.ini(edge_pipeline="gone.tflite")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["test_it.py::test_a: ini key edge_pipeline = 'gone.tflite' does not exist in *"])


def test_a_budget_without_any_pipeline_is_refused(project):
    project.tests(BOTH)
    project.ini(edge_pipeline="")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["test_it.py::test_a: no pipeline: give pipeline= in the marker, *"])


@pytest.mark.parametrize(("arguments", "ini"), [(["--edge-baselines=kept"], ""), ([], "kept")])
def test_baselines_are_kept_where_it_is_said(project, arguments, ini):
    project.tests(BOTH)
    project.ini(edge_baselines=ini)
    project.run("--update-baselines", *arguments).assert_outcomes(passed=1)
    assert len(list((project.root / "kept" / "table").iterdir())) == 1
    assert not (project.root / "baselines").exists()


@pytest.mark.parametrize(
    ("arguments", "ini", "profiled"),
    [
        ([], "", ["test_over"]),
        ([], "never", []),
        (["--edge-profile=on-fail"], "never", ["test_over"]),
        (["--edge-profile=always"], "", ["test_over", "test_met"]),
        ([], "always", ["test_over", "test_met"]),
        # What an earlier release called them.
        ([], "off", []),
        (["--edge-profile=auto"], "off", ["test_over"]),
        (["--edge-profile=off"], "", []),
    ],
)
def test_a_missed_budget_is_explained_and_others_where_it_is_said(project, arguments, ini, profiled):
    project.tests("@edge_budget(size_kb=9)\ndef test_over(): pass\n\n@edge_budget(acc=0.5)\ndef test_met(): pass")
    project.ini(edge_profile=ini)
    project.write("conftest.py", (project.root / "conftest.py").read_text() + PROFILERS)
    result = project.run(*arguments)
    result.assert_outcomes(failed=1, passed=1)
    told = project.root / "explained"
    assert (told.read_text().split() if told.exists() else []) == profiled


PROFILERS = """
import pytest

@pytest.fixture(autouse=True)
def explained(monkeypatch):
    from edgesense.perf import profilers

    def explain(case, directory, **more):
        with open("explained", "a") as file:
            print({"size_kb": "test_over", "acc": "test_met"}[min(case.limits)], file=file)
        return []

    monkeypatch.setattr(profilers, "explain", explain)
"""


@pytest.mark.parametrize(
    "option", ["--edge-runtime=onnx", "--edge-update=some", "--edge-profile=sometimes", "--update-baselines=all"]
)
def test_a_value_that_is_not_allowed_is_refused(project, option):
    project.tests(BOTH)
    result = project.run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert project.runs == []


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("edge_runtime", "onnx", "litert, tflite"),
        ("edge_profile", "sometimes", "on-fail, always, never"),
        ("edge_update", "some", "met, new, all"),
        ("edge_timeout", "soon", "a number of seconds over 0"),
        ("edge_timeout", "0", "a number of seconds over 0"),
    ],
)
def test_an_ini_value_that_is_not_allowed_is_refused(project, key, value, allowed):
    project.tests(BOTH)
    project.ini(**{key: value})
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: ini key {key} = '{value}': allowed: {allowed}"])


def test_a_strictness_that_is_no_yes_or_no_is_refused(project):
    project.tests(BOTH)
    project.ini(edge_strict="perhaps")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *perhaps*"])
    assert "Traceback" not in result.stderr.str()


def test_help_tells_the_options_and_the_ini_keys(project):
    text = project.run("--help").stdout.str()
    for name in ("device", "strict", "runtime", "delegate", "update", "update-in-ci", "baselines", "profile"):
        assert f"--edge-{name}" in text
        assert f"  edge_{name.replace('-', '_')} " in text
