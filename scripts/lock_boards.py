"""Pin what boards get: resolve each target's wheels and write their names, versions and SHA-256 to wheels.lock.

    python scripts/lock_boards.py

Run it to renew the lock file; nothing else does. A target is a Python and a machine; what cannot be had for one is left
out of the file, so that a board of that kind is told so before anything is sent. Where its Python is the emulated
board's, a board gets the same versions.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from edgesense.perf.devices.boards import wheels
from edgesense.perf.devices.emulation import lock
from edgesense.perf.devices.emulation.fetch import PLATFORMS
from edgesense.perf.devices.emulation.lock import Pin

NEWER = ("ai-edge-litert>=2.1,<3", "numpy>=2.1,<3", "scipy>=1.14,<2")
"""For a Python that is not the emulated board's; tflite-runtime has no wheels for one."""
TOOLS = ("py-spy", "--no-deps")
"""What explains a missed budget on the board itself."""
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("aarch64", "x86_64")


def main() -> int:
    """Resolve every target and write the lock file."""
    targets = []
    emulated = lock.load()
    same = tuple(f"{pin.name}=={pin.version}" for pin in emulated.wheels)
    for python in PYTHONS:
        for machine in MACHINES:
            wanted = (*same, "--no-deps") if python == emulated.python else NEWER
            pins = resolved(python, machine, wanted) + resolved(python, machine, TOOLS)
            targets.append(wheels.Target(python, machine, tuple(sorted(pins))))
            print(f"{python} {machine}: {', '.join(f'{pin.name} {pin.version}' for pin in targets[-1].pins)}")
    wheels.LOCK_FILE.write_text(wheels.render(targets), encoding="utf-8")
    return 0


def resolved(python: str, machine: str, wanted: tuple[str, ...]) -> tuple[Pin, ...]:
    """Return the wheels that pip would install there."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
        command += ["--report", f"{scratch}/report.json", "--target", scratch, "--only-binary=:all:"]
        command += ["--python-version", python, "--implementation", "cp"]
        for platform in (*(f"{name}_{machine}" for name in PLATFORMS), "any"):
            command += ["--platform", platform]
        subprocess.run([*command, *wanted], check=True)
        report = json.loads(Path(scratch, "report.json").read_text(encoding="utf-8"))
    found = []
    for one in report["install"]:
        sha256 = one["download_info"]["archive_info"]["hashes"]["sha256"]
        name = re.sub(r"[-_.]+", "-", one["metadata"]["name"]).lower()
        found.append(Pin(name, one["metadata"]["version"], sha256))
    return tuple(sorted(found))


if __name__ == "__main__":
    raise SystemExit(main())
