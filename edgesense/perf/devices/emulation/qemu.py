"""Find a qemu-user that counts, and say exactly what is missing where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgesense.errors import DeviceUnavailable

QEMU_VARIABLE = "EDGESENSE_QEMU"
NAMES = ("qemu-aarch64", "qemu-aarch64-static")
INSTALL = "apt-get install --yes qemu-user gcc"


@dataclass(frozen=True)
class Qemu:
    """A qemu-user for aarch64.

    Attributes:
        path: The program.
        version: As in ``7.2.22``.
        plugins: Whether it was built with ``-plugin``.
    """

    path: Path
    version: str
    plugins: bool

    @property
    def api(self) -> int:
        """Version of the plugin interface to build for: 9.0 dropped the counters of version 1."""
        return 1 if tuple(int(part) for part in self.version.split(".")[:1]) < (9,) else 2


def find() -> Qemu | None:
    """Return the qemu to use: ``EDGESENSE_QEMU``, else the first on PATH, preferring one that has plugins."""
    chosen = os.environ.get(QEMU_VARIABLE)
    paths = [chosen] if chosen else [path for name in NAMES if (path := shutil.which(name))]
    found = [qemu for path in paths if (qemu := probe(Path(path)))]
    return next((qemu for qemu in found if qemu.plugins), found[0] if found else None)


@lru_cache
def probe(path: Path) -> Qemu | None:
    """Return what a program says about itself; None if it does not run or is no qemu-aarch64."""
    said = _said(path, "--version")
    version = re.search(r"qemu-aarch64 version (\d+(?:\.\d+)+)", said)
    if not version:
        return None
    return Qemu(path, version[1], plugins="-plugin" in _said(path, "--help"))


def _said(path: Path, option: str) -> str:
    try:
        done = subprocess.run([str(path), option], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def counting() -> Qemu:
    """Return a qemu that can count.

    Raises:
        DeviceUnavailable: If there is none; the text says how to get one.
    """
    qemu = find()
    if qemu is None:
        raise DeviceUnavailable(f"qemu-user is not installed; as root: {INSTALL}")
    if not qemu.plugins:
        raise DeviceUnavailable(
            f"{qemu.path} (version {qemu.version}) was built without -plugin, so it cannot count instructions: "
            "static builds have none. Install a dynamic qemu-user, such as Debian 12's, "
            f"or name one in the environment variable {QEMU_VARIABLE}"
        )
    return qemu


def compiler() -> str:
    """Return the C compiler the plugin is built with.

    Raises:
        DeviceUnavailable: If there is none.
    """
    for name in ("gcc", "cc", "clang"):
        path = shutil.which(name)
        if path:
            return path
    raise DeviceUnavailable(f"no C compiler for the counting plugin; as root: {INSTALL}")


def missing() -> list[str]:
    """Return the Debian packages that are needed and not installed."""
    wanted = [] if find() else ["qemu-user"]
    try:
        compiler()
    except DeviceUnavailable:
        wanted.append("gcc")
    return wanted
