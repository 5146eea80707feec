from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import plugin
from edgesense.perf.devices.emulation.qemu import Qemu

OLD = Qemu(Path("qemu"), "7.2.22", plugins=True)
NEW = Qemu(Path("qemu"), "10.0.2", plugins=True)
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


@needs_gcc
def test_it_is_compiled_once_and_kept(own_cache: Path) -> None:
    built = plugin.build(OLD)
    assert built.is_relative_to(own_cache)
    before = built.stat().st_mtime_ns
    assert plugin.build(OLD).stat().st_mtime_ns == before


def test_another_qemu_gets_a_plugin_of_its_own() -> None:
    assert plugin.path(OLD) != plugin.path(NEW)


@needs_gcc
@pytest.mark.parametrize(
    ("emulator", "counter"),
    [(OLD, "qemu_plugin_register_vcpu_tb_exec_inline"), (NEW, "qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu")],
    ids=["7.2", "10.0"],
)
def test_it_uses_the_counter_that_its_qemu_has(emulator: Qemu, counter: str) -> None:
    symbols = subprocess.run(
        [shutil.which("nm") or "nm", "-D", plugin.build(emulator)], capture_output=True, text=True, check=True
    ).stdout
    wanted = {line.split()[-1] for line in symbols.splitlines() if " U qemu_plugin" in line}
    assert counter in wanted
    assert len([name for name in wanted if "exec_inline" in name]) == 1


def test_without_a_compiler_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceUnavailable, match="apt-get install"):
        plugin.build(OLD)


@needs_gcc
def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "broken.c"
    source.write_text("this is no C")
    monkeypatch.setattr(plugin, "SOURCE", source)
    with pytest.raises(DeviceUnavailable, match="does not compile"):
        plugin.build(OLD)
