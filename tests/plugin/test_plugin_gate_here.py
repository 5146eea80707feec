"""The whole gate on this computer: slower code fails, although nothing that is stored has changed."""

from __future__ import annotations

import shutil
import subprocess

import pytest

WORKLOAD = """
import time
from pathlib import Path


class Workload:
    def artifacts(self):
        return [Path(__file__)]

    def example(self):
        return 1

    def run(self, item):
        end = time.perf_counter() + {seconds}
        while time.perf_counter() < end:
            pass
        return item
"""


def git(root, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)  # noqa: S607 - git's own


@pytest.fixture
def committed(project, monkeypatch):
    """A project on this computer whose baseline and code are committed."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    project.ini(edge_device="host", edge_pipeline="work:Workload")
    project.write("work.py", WORKLOAD.format(seconds=0.001))
    project.tests("@edge_budget(latency_ms=100)\ndef test_a(): pass")
    git(project.root, "init", "-q", "-b", "main")
    result = project.run_apart("--update-baselines")
    result.stdout.fnmatch_lines(["    pipeline  new: work:Workload", "    code  new: *"])
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "first")
    return project


def test_code_that_became_slower_fails_beside_the_commit_that_was_accepted(committed):
    committed.write("work.py", WORKLOAD.format(seconds=0.0013))
    result = committed.run_apart("--edge-profile=off", "--durations=1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["latency_ms on host: 1.00* -> 1.3* ms  +3* beside commit *"])
    result.stdout.fnmatch_lines(["1 budget: 1 met, 0 over, 0 inconclusive; 1 compared (1 regressed), *"])
