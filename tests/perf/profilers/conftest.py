from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.perf.records import Job
from edgesense.runtime.tiny import tiny_model

ANSWER = '{"protocol": 1, "subject": {}, "fingerprint": {}, "series": {}, "facts": {}}'


@pytest.fixture
def model_job(tmp_path: Path) -> Job:
    """A job about a model whose kernels take long enough to be seen."""
    tiny_model(tmp_path / "tiny.tflite", inputs=(1, 2048), classes=64, work=20)
    return Job("tiny.tflite", tmp_path, ("latency_ms",))


@pytest.fixture
def tool(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that makes a program of Python code; `ANSWER` is what a worker would print."""

    def write(code: str) -> str:
        path = tmp_path / "tool"
        path.write_text(f"#!{sys.executable}\nimport sys, time\nANSWER = {ANSWER!r}\n{code}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return write
