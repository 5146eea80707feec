from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgesense.perf.devices.android.scripted import SERIAL, Reply, ScriptedPhone, tool


@pytest.fixture
def adb(scripted: ScriptedPhone, tmp_path: Path) -> Path:
    return tmp_path / "bin" / "adb"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)


def test_it_lists_its_phones_as_adb_does(adb: Path) -> None:
    assert run(adb, "devices").stdout == f"List of devices attached\n{SERIAL}\tdevice\n\n"


def test_files_go_there_and_come_back(adb: Path, scripted: ScriptedPhone, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("content")
    assert run(adb, "-s", SERIAL, "push", tmp_path / "a", "/data/local/tmp/a").returncode == 0
    assert scripted.files == ["a"]
    assert run(adb, "-s", SERIAL, "pull", "/data/local/tmp/a", tmp_path / "b").returncode == 0
    assert (tmp_path / "b").read_text() == "content"
    missing = run(adb, "-s", SERIAL, "push", tmp_path / "a", "/data/local/tmp/nothing/a")
    assert (missing.returncode, "remote couldn't create file" in missing.stderr) == (1, True)


def test_commands_run_in_a_shell_that_sees_the_phones_storage(adb: Path, scripted: ScriptedPhone) -> None:
    said = run(adb, "-s", SERIAL, "shell", "mkdir /data/local/tmp/x && ls -d /data/local/tmp/x; exit 4")
    assert (said.stdout, said.returncode) == ("/data/local/tmp/x\n", 4)
    assert scripted.files == ["x"]


def test_only_its_own_serial_is_known(adb: Path) -> None:
    assert run(adb, "-s", "B", "shell", "true").stderr == "adb: device 'B' not found\n"


def test_a_tool_answers_by_its_arguments(tmp_path: Path) -> None:
    made = tool(tmp_path / "tool", {"--a=1": Reply("one", status=3), "": "any"})
    assert [(one.stdout, one.returncode) for one in (run(made, "--a=1"), run(made))] == [("one\n", 3), ("any\n", 0)]
