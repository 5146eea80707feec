from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.perf import threads
from edgesense.perf.devices.emulation import board, profiles
from edgesense.perf.devices.emulation.lock import Lock
from edgesense.perf.devices.emulation.qemu import Qemu
from edgesense.perf.devices.emulation.sysroot import Sysroot
from edgesense.perf.threads import ThreadEnvironment

QEMU = Qemu(Path("/bin/qemu-aarch64"), "7.2.22", plugins=True)


@pytest.fixture
def sysroot(tmp_path: Path) -> Sysroot:
    root = tmp_path / "sysroot"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/python3.11").touch()
    return Sysroot(root, Lock("bookworm", "3.11", (), ()))


def view(directory: Path, sysroot: Sysroot) -> board.View:
    directory.mkdir(parents=True)
    return board.prepare(directory, sysroot, profiles.emulated()[0].board)


def test_roots_in_folders_of_different_length_have_names_of_one_length(tmp_path: Path, sysroot: Sysroot) -> None:
    roots = [view(tmp_path / name, sysroot).root for name in ("a", "a-longer-name")]
    assert roots[0] != roots[1]
    assert len(str(roots[0])) == len(str(roots[1]))


def test_the_board_sees_the_sysroot_and_its_own_cpu(tmp_path: Path, sysroot: Sysroot) -> None:
    one = view(tmp_path / "a", sysroot)
    assert (one.root / "usr/bin/python3.11").exists()
    assert "0xd08" in (one.root / "proc/cpuinfo").read_text()


def test_the_command_counts_only_with_a_plugin(tmp_path: Path, sysroot: Sysroot) -> None:
    one = view(tmp_path / "a", sysroot)
    counting = one.command(QEMU, ("-m", "worker"), Path("/cache/count.so")).arguments
    plain = one.command(QEMU, ("-m", "worker")).arguments
    where = counting.index("-plugin")
    assert counting[where + 1] == f"/cache/count.so,out={one.root}/edgesense/counter"
    assert [part for index, part in enumerate(counting) if index not in {where, where + 1}] == list(plain)
    assert plain[plain.index("-cpu") + 1] == "cortex-a72"
    assert plain[-3:] == (f"{one.root}/usr/bin/python3.11", "-m", "worker")


def test_nothing_of_this_computers_environment_reaches_the_board(
    tmp_path: Path, sysroot: Sysroot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMETHING", "else")
    told = view(tmp_path / "a", sysroot).command(QEMU, ()).environment
    assert "SOMETHING" not in told
    assert told["PYTHONHASHSEED"] == "0"
    assert told["OPENBLAS_NUM_THREADS"] == "1"


def test_the_boards_own_thread_environment_is_what_its_programs_are_started_with(
    tmp_path: Path, sysroot: Sysroot
) -> None:
    one = view(tmp_path / "a", sysroot)
    own = ThreadEnvironment(1, (("OMP_NUM_THREADS", "3"), ("OMP_WAIT_POLICY", "ACTIVE")))
    other = replace(one, board=replace(one.board, threads=own))
    assert threads.seen(other.command(QEMU, ()).environment) == dict(own.variables)
    assert threads.seen(one.command(QEMU, ()).environment) == dict(profiles.emulated()[0].board.threads.variables)


def test_a_package_travels_without_what_is_compiled_or_only_for_this_computer(tmp_path: Path, sysroot: Sysroot) -> None:
    one = view(tmp_path / "a", sysroot)
    source = tmp_path / "mine"
    (source / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "data.json", "__pycache__/x.pyc"):
        (source / name).touch()
    board.bring_package(one, source)
    assert sorted(path.name for path in (one.brought / "lib/mine").rglob("*")) == ["__init__.py", "data.json"]
