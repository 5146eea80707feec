"""Budgets on a board over SSH, as a user has it: a real sshd, found through the project's own file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgesense.testing import tiny_model

pytest.importorskip("memray", reason="memray is not installed (extra: profile)")


@pytest.mark.skipif(
    not Path(sys.executable).with_name("py-spy").exists(), reason="py-spy is not installed (extra: profile)"
)
def test_a_missed_time_is_explained_on_the_board_and_memory_here(project, board) -> None:
    project.write("pyproject.toml", board.quick)
    project.ini(edge_pipeline="small.tflite")
    tiny_model(project.root / "small.tflite")
    project.tests("@edge_budget(latency_ms=1e-9)\ndef test_a(): pass")
    result = project.run("--edge-device=lab-pi")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "latency_ms on lab-pi: * is over its limit 1e-09 ms",
            "*py-spy flame graph, --native, on lab-pi: .edgesense/artifacts/*",
            "*memray flame graph of the peak, --native, run here, not on lab-pi: *",
        ]
    )
    assert board.running() == []
