"""The workflows in docs/ci.md: whole, and made of what this release has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgesense.report import formats
from edgesense.testing import tiny_model

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
TEST = """
from pytest_edgesense import edge_budget

@edge_budget(size_kb={limit}, pipeline="model.tflite")
def test_it(): ...
"""
SCHEMAS = ("vendor.github-workflows", "vendor.gitlab-ci")


def parsed(index: int) -> dict[Any, Any]:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(BLOCKS[index])


@pytest.mark.parametrize(("index", "schema"), list(enumerate(SCHEMAS)))
def test_a_workflow_is_what_its_public_schema_allows(index: int, schema: str, tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    file = tmp_path / "workflow.yml"
    file.write_text(BLOCKS[index], encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    if schema == "vendor.gitlab-ci":
        command[3:3] = ["--data-transform", "gitlab-ci"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_have_the_whole_history_and_a_cache_that_a_red_build_keeps() -> None:
    github, gitlab = parsed(0)["jobs"]["budgets"], parsed(1)["edge budgets"]
    steps = github["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0
    used = [step.get("uses", step.get("name", step.get("run"))).partition("@")[0] for step in steps]
    order = ["actions/cache/restore", "edgesense devices setup pi", "actions/cache/save", "judge the budgets"]
    assert [one for one in used if one in order] == order
    kept = {step["with"]["path"] for step in steps if "actions/cache" in step.get("uses", "")}
    assert kept == {github["env"]["EDGESENSE_CACHE"]}
    assert gitlab["variables"]["GIT_DEPTH"] == "0"
    assert gitlab["variables"]["EDGESENSE_CACHE"].endswith(gitlab["cache"]["paths"][0].rstrip("/"))
    assert gitlab["cache"]["when"] == "always"


def test_both_run_where_the_board_can_be_set_up() -> None:
    # Setting it up takes Debian's packages, as root.
    assert parsed(0)["jobs"]["budgets"]["container"] == parsed(1)["edge budgets"]["image"] == "python:3.11-bookworm"


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize(("limit", "status"), [(10, 0), (0.01, 1)])
def test_the_step_that_judges_leaves_every_file_that_is_kept(
    index: int, limit: float, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, kept = (judging_on_github, judging_on_gitlab)[index](parsed(index))
    budgets = tmp_path / "tests" / "budgets"
    budgets.mkdir(parents=True)
    tiny_model(tmp_path / "model.tflite")
    (budgets / "test_it.py").write_text(TEST.format(limit=limit), encoding="utf-8")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--edge-profile=never")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_edgesense.plugin")
    bash = shutil.which("bash") or pytest.skip("no bash to run the step with")
    done = subprocess.run([bash, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert "2 budgets" in done.stdout
    # Nothing was profiled, so there are no artifacts.
    assert [name for name in kept if "artifacts" not in name and not (tmp_path / name).exists()] == []


def judging_on_github(workflow: dict[Any, Any]) -> tuple[str, list[str]]:
    """Return the script of the step that judges, and the files that are uploaded after it."""
    steps = workflow["jobs"]["budgets"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "judge the budgets"]
    (upload,) = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    return script, upload["with"]["path"].split()


def judging_on_gitlab(pipeline: dict[Any, Any]) -> tuple[str, list[str]]:
    """Return the same of GitLab's job."""
    job = pipeline["edge budgets"]
    reports = job["artifacts"]["reports"]
    return job["script"][-1], [*job["artifacts"]["paths"], *reports.values()]


def test_every_format_they_write_is_one() -> None:
    asked = re.findall(r"--edge-export=([\w-]+):", "".join(BLOCKS))
    assert len(asked) == 5
    assert set(asked) <= set(formats.every())


def test_every_format_is_on_the_page() -> None:
    assert [name for name in formats.every() if f"| `{name}` |" not in PAGE] == []
