from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.perf.devices.android.scripted import Reply, ScriptedPhone, tool

DATA = Path(__file__).parents[3] / "data" / "benchmark"


@pytest.fixture(scope="session")
def text() -> Callable[[str], str]:
    """Return a function that reads what a benchmark tool printed."""
    return lambda name: (DATA / name).read_text(encoding="utf-8")


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedPhone:
    """Return a phone behind an adb on PATH."""
    made = ScriptedPhone(tmp_path / "phone")
    monkeypatch.setenv("PATH", f"{made.install(tmp_path / 'bin')}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    return made


@pytest.fixture
def program(tmp_path: Path, text: Callable[[str], str]) -> Callable[..., Path]:
    """Return a function that writes a benchmark_model that knows today's flags and says what it is told to."""

    def write(**replies: Reply | str) -> Path:
        pairs = [("--help", Reply(text("usage.txt"), status=1)), *replies.items()]
        named = [(f"--{key}=true" if key.startswith("use_") else key, one) for key, one in pairs]
        return tool(tmp_path / "benchmark_model", [*named, ("", text("recent.txt"))])

    return write
