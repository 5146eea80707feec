from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import lock, plugin, profiles, qemu, setup, sysroot, tools

QEMU = qemu.Qemu(Path("/bin/qemu-aarch64"), "7.2.22", plugins=True)
BOARDS = {one.said.device: one.board for one in profiles.emulated()}


def nothing(what: str, done: int, total: int) -> None:
    pass


def finished_sysroot() -> None:
    root = sysroot.home()
    (root / sysroot.BYTECODE).mkdir(parents=True)
    (root / sysroot.MANIFEST).write_text(lock.render(lock.load()), encoding="utf-8")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "counting", lambda: QEMU)


def test_without_root_the_exact_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu, "missing", lambda: ["qemu-user", "gcc"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(DeviceUnavailable, match="as root: apt-get install --yes qemu-user gcc"):
        setup.setup(BOARDS, nothing)


def test_as_root_only_what_is_absent_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(tools, "run", lambda command, _: ran.append(command))
    setup.install(["gcc"], nothing)
    assert ran[-1] == ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", "gcc"]


@pytest.mark.usefixtures("counting")
def test_each_missing_part_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="sysroot is not set up"):
        setup.ready()
    finished_sysroot()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceUnavailable, match="no C compiler for the counting plugin"):
        setup.ready()


@pytest.mark.usefixtures("counting")
@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_a_plugin_of_another_release_is_made_anew_without_another_setup() -> None:
    finished_sysroot()
    assert setup.ready().plugin.exists()
    assert setup.ready().sysroot.digest == lock.load().digest


@pytest.mark.usefixtures("counting")
def test_a_board_is_tried_once_and_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    def attempt(_: setup.Ready, board: object) -> int:
        tried.append(board)
        return 1

    monkeypatch.setattr(qemu, "missing", list)
    monkeypatch.setattr(setup, "attempt", attempt)
    finished_sysroot()
    plugin.path(QEMU).parent.mkdir()
    plugin.path(QEMU).touch()
    for _ in range(2):
        setup.setup(BOARDS, nothing)
    assert len(tried) == len(BOARDS)


def test_an_emulated_python_that_dies_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "qemu"
    program.write_text("#!/bin/sh\necho its last words >&2\nkill -SEGV $$\n")
    program.chmod(0o755)
    broken = qemu.Qemu(program, "7.2.22", plugins=True)
    root = sysroot.Sysroot(tmp_path / "root", lock.load())
    root.root.mkdir()
    with pytest.raises(DeviceUnavailable, match=r"signal 11\n    its last words"):
        setup.attempt(setup.Ready(broken, tmp_path / "count.so", root), BOARDS["pi"])


def test_a_plugin_that_counts_nothing_is_told(tmp_path: Path) -> None:
    program = tmp_path / "qemu"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    silent = qemu.Qemu(program, "7.2.22", plugins=True)
    root = sysroot.Sysroot(tmp_path / "root", lock.load())
    root.root.mkdir()
    with pytest.raises(DeviceUnavailable, match="its plugin counted nothing"):
        setup.attempt(setup.Ready(silent, tmp_path / "count.so", root), BOARDS["pi"])
