"""Fetch the sysroot's packages: Debian's through apt with a configuration of its own, wheels through pip."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation.apt import Apt
from edgesense.perf.devices.emulation.lock import Lock, Pin, sha256
from edgesense.perf.devices.emulation.tools import run

PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and of how much."""


def debian(lock: Lock, downloads: Path, progress: Progress) -> list[tuple[Pin, Path]]:
    """Fetch every Debian package: the pinned version, or the newest where that one is gone.

    Returns:
        What came, and where. A file of a pinned version always has the pinned digest.
    """
    here = {pin: _kept(pin, downloads) for pin in lock.debian}
    if all(here.values()):
        return [(pin, path) for pin, path in here.items() if path]
    progress("reading Debian's package lists", 0, len(lock.debian))
    apt = Apt(downloads.parent / "apt", lock.suite)
    apt.update()
    missing = [pin for pin, path in here.items() if path is None]
    chosen = choose(missing, apt.versions([pin.name for pin in missing]), lock.suite)
    progress("fetching Debian's packages", len(lock.debian) - len(missing), len(lock.debian))
    apt.download([(name, version) for name, version in chosen.items()], downloads)
    result = [(pin, path) for pin, path in here.items() if path is not None]
    for pin in missing:
        path = downloads / f"{pin.name}_{chosen[pin.name].replace(':', '%3a')}_arm64.deb"
        if not path.is_file():
            raise DeviceUnavailable(f"cannot fetch {pin.name} {chosen[pin.name]}: apt-get left no file")
        if chosen[pin.name] == pin.version:
            _refuse_other(path, pin)
        result.append((Pin(pin.name, chosen[pin.name], sha256(path)), path))
    return result


def choose(pins: Sequence[Pin], offered: Mapping[str, Sequence[str]], suite: str) -> dict[str, str]:
    """Return the version to take of each package: the pinned one while it is offered, then the newest.

    Raises:
        DeviceUnavailable: If a package is not offered at all.
    """
    chosen = {}
    for pin in pins:
        versions = offered.get(pin.name, ())
        if not versions:
            raise DeviceUnavailable(f"Debian {suite} has no package {pin.name} for arm64 any more")
        chosen[pin.name] = pin.version if pin.version in versions else versions[0]
    return chosen


def wheels(
    pins: Sequence[Pin], downloads: Path, python: str, machine: str, progress: Progress
) -> list[tuple[Pin, Path]]:
    """Fetch wheels for a Python and a machine, each with its pinned digest; those that are there stay."""
    missing = [pin for pin in pins if _kept(pin, downloads) is None]
    if missing:
        progress("fetching wheels", 0, len(pins))
        fetch_wheels(missing, downloads, python, machine)
    result = []
    for pin in pins:
        path = _kept(pin, downloads)
        if path is None:
            raise DeviceUnavailable(f"cannot fetch {pin.name} {pin.version}: pip left no file with the pinned SHA-256")
        result.append((pin, path))
    return result


def fetch_wheels(pins: Sequence[Pin], into: Path, python: str, machine: str) -> None:
    """Fetch wheels by version and digest with pip."""
    requirements = into / "requirements.txt"
    lines = [f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}" for pin in pins]
    requirements.write_text("\n".join(lines) + "\n", encoding="utf-8")
    tag = python.replace(".", "")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--python-version", python, "--implementation", "cp"]
    for abi in (f"cp{tag}", "abi3", "none"):
        command += ["--abi", abi]
    for platform in (*(f"{name}_{machine}" for name in PLATFORMS), "any"):
        command += ["--platform", platform]
    run([*command, "--dest", str(into), "--requirement", str(requirements)], "the wheels")


def _kept(pin: Pin, downloads: Path) -> Path | None:
    """Return the file of an earlier run that has the pinned digest."""
    name = re.sub(r"[-_.]+", "[-_.]", pin.name)
    for path in sorted(downloads.glob(f"{name}[-_]*")):
        if path.suffix in {".deb", ".whl"} and sha256(path) == pin.sha256:
            return path
    return None


def _refuse_other(path: Path, pin: Pin) -> None:
    digest = sha256(path)
    if digest == pin.sha256:
        return
    path.unlink()
    raise DeviceUnavailable(
        f"{pin.name} {pin.version} has another SHA-256 than the lock file says and was thrown away:\n"
        f"    wanted {pin.sha256}\n    came   {digest}"
    )


def room(path: Path, needed: int) -> None:
    """Refuse to start on a disk without room.

    Args:
        path: Where the files will be.
        needed: In bytes.

    Raises:
        DeviceUnavailable: If there is less.
    """
    free = shutil.disk_usage(path).free
    if free < needed:
        raise DeviceUnavailable(
            f"the disk is full: {path} has {free / 2**20:.0f} MiB free, the sysroot needs {needed / 2**20:.0f} MiB; "
            "make room, or set EDGESENSE_CACHE to another disk"
        )
