"""The counting plugin: its source travels with this package and is compiled for the qemu that is here."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import qemu
from edgesense.perf.files import cache_directory

SOURCE = Path(__file__).with_name("edgecount.c")


def path(emulator: qemu.Qemu) -> Path:
    """Return where the plugin for a qemu is kept; another source or version is another file."""
    content = SOURCE.read_bytes() + f"{emulator.version} {emulator.api}".encode()
    return cache_directory() / "plugins" / f"edgecount-{hashlib.sha256(content).hexdigest()[:12]}.so"


def build(emulator: qemu.Qemu) -> Path:
    """Return the compiled plugin, compiled now if it is not there.

    Raises:
        DeviceUnavailable: If there is no compiler, or it fails.
    """
    target = path(emulator)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    command = [qemu.compiler(), "-O2", "-shared", "-fPIC", f"-DEDGE_API={emulator.api}"]
    done = subprocess.run([*command, "-o", str(temporary), str(SOURCE)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DeviceUnavailable(f"the counting plugin does not compile:\n{done.stderr.strip()}")
    temporary.replace(target)
    return target
