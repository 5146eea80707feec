from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import qemu

SAYS = """#!/bin/sh
case "$1" in
--version) echo "{version}" ;;
--help) echo "{help}" ;;
esac
"""
DYNAMIC = "-plugin              QEMU_PLUGIN       [file=]<file>"


def fake(directory: Path, name: str = "qemu-aarch64", version: str = "7.2.22", options: str = DYNAMIC) -> Path:
    path = directory / name
    path.write_text(SAYS.format(version=f"qemu-aarch64 version {version} (Debian)", help=options))
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def only_fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(qemu.QEMU_VARIABLE, raising=False)


def test_a_qemu_with_plugins_can_count(tmp_path: Path) -> None:
    path = fake(tmp_path)
    assert qemu.counting() == qemu.Qemu(path, "7.2.22", plugins=True)


def test_without_qemu_the_command_that_installs_it_is_told() -> None:
    with pytest.raises(DeviceUnavailable, match="apt-get install --yes qemu-user gcc"):
        qemu.counting()


def test_a_static_qemu_is_refused_with_its_version_and_the_reason(tmp_path: Path) -> None:
    fake(tmp_path, version="10.0.2", options="-strace  QEMU_STRACE")
    with pytest.raises(DeviceUnavailable, match=r"version 10\.0\.2\) was built without -plugin.*EDGESENSE_QEMU"):
        qemu.counting()


def test_one_with_plugins_is_preferred_to_one_without(tmp_path: Path) -> None:
    fake(tmp_path, "qemu-aarch64", options="")
    dynamic = fake(tmp_path, "qemu-aarch64-static")
    assert qemu.counting().path == dynamic


def test_the_environment_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path)
    mine = fake(tmp_path, "mine", version="9.2.0")
    monkeypatch.setenv(qemu.QEMU_VARIABLE, str(mine))
    assert qemu.counting().version == "9.2.0"


def test_a_program_that_is_no_qemu_is_none(tmp_path: Path) -> None:
    path = tmp_path / "qemu-aarch64"
    path.write_text("#!/bin/sh\necho something else\n")
    path.chmod(0o755)
    assert qemu.find() is None


@pytest.mark.parametrize(("version", "api"), [("4.2.1", 1), ("7.2.22", 1), ("8.2.9", 1), ("9.0.0", 2), ("10.0.2", 2)])
def test_the_plugin_interface_follows_from_the_version(version: str, api: int) -> None:
    assert qemu.Qemu(Path("q"), version, plugins=True).api == api


def test_what_must_be_installed_is_named(tmp_path: Path) -> None:
    assert qemu.missing() == ["qemu-user", "gcc"]
    fake(tmp_path)
    assert qemu.missing() == ["gcc"]
    (tmp_path / "cc").touch(mode=0o755)
    assert qemu.missing() == []
