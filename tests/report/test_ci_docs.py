"""The workflows in docs/ci.md: whole, and made of what this release has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgesense.report import formats

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
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


def test_both_have_the_whole_history_and_a_cache() -> None:
    github, gitlab = parsed(0), parsed(1)["edge budgets"]
    steps = github["jobs"]["budgets"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0
    assert "EDGESENSE_CACHE" in github["env"]
    assert any("actions/cache" in step.get("uses", "") for step in steps)
    assert gitlab["variables"]["GIT_DEPTH"] == "0"
    assert gitlab["variables"]["EDGESENSE_CACHE"].endswith(gitlab["cache"]["paths"][0].rstrip("/"))


def test_every_format_they_write_is_one() -> None:
    asked = re.findall(r"--edge-export=([\w-]+):", "".join(BLOCKS))
    assert len(asked) == 5
    assert set(asked) <= set(formats.every())


def test_every_format_is_on_the_page() -> None:
    assert [name for name in formats.every() if f"| `{name}` |" not in PAGE] == []
