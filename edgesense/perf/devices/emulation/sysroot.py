"""The sysroot: Debian's arm64 packages and aarch64 wheels, unpacked once into the cache, shared by all boards.

It is built beside its final place and renamed there when it is complete, so that an interrupted setup leaves
downloads to go on with and never half a sysroot.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import fetch, lock, tools
from edgesense.perf.files import cache_directory, write_atomically

SITE = "usr/local/lib/python{python}/dist-packages"
"""Where Debian's Python looks for packages that are not Debian's."""

MANIFEST = "edgesense-sysroot.lock"
BYTECODE = "edgesense-bytecode"
"""Folder of the byte code of what is there. Beside its sources it would be looked for on this computer as well, and
written there: qemu leads a path that the sysroot does not have to the host."""

MACHINE = "aarch64"
NEEDED_BYTES = 700 * 2**20

NEVER_IMPORTED = ("tests",)
"""Folders of wheels that are left out; they are a tenth of the files."""

OWN = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="EdgeSense sysroot"\n',
    "etc/ld.so.cache": "",
    "usr/lib/python3/dist-packages/README": "Empty, so that the packages of this computer are not seen in its place.\n",
}
"""Files of the sysroot's own: qemu shows the host's file wherever the sysroot has none."""


@dataclass(frozen=True)
class Sysroot:
    """A finished sysroot.

    Attributes:
        root: What qemu's ``-L`` is built from.
        made_of: The files it came from, pinned or not.
    """

    root: Path
    made_of: lock.Lock

    @property
    def digest(self) -> str:
        """Identity of its content; counts of two sysroots are compared only when it is equal."""
        return self.made_of.digest

    @property
    def python(self) -> str:
        """Path of the emulated Python on the board."""
        return f"/usr/bin/python{self.made_of.python}"

    def changes(self) -> tuple[str, ...]:
        """Return the packages in which it differs from this release's lock file."""
        return lock.load().changes(self.made_of)


def home() -> Path:
    """Return the folder of this release's sysroot; its name is that of the lock file's content."""
    return cache_directory() / f"sysroot-{lock.load().digest}"


def find() -> Sysroot | None:
    """Return the finished sysroot of this release's lock file, or None."""
    root = home()
    if not (root / BYTECODE).is_dir():
        return None
    try:
        text = (root / MANIFEST).read_text(encoding="utf-8")
    except OSError:
        return None
    return Sysroot(root, lock.parse(text))


def build(progress: fetch.Progress, finish: Callable[[Sysroot], None]) -> Sysroot:
    """Return the sysroot, made now if it is not there.

    Args:
        progress: Told of each step.
        finish: Called with the unpacked sysroot before it gets its place; compiles what Python will import.

    Raises:
        DeviceUnavailable: If something cannot be fetched or written; the text says what to do.
    """
    from filelock import FileLock

    base = cache_directory()
    try:
        base.mkdir(parents=True, exist_ok=True)
        with FileLock(base / "setup.lock"):
            found = find()
            return found or _build(base, progress, finish)
    except OSError as error:
        cause = "the disk is full" if error.errno == 28 else str(error)
        raise DeviceUnavailable(f"cannot write the sysroot under {base}: {cause}") from error


def _build(base: Path, progress: fetch.Progress, finish: Callable[[Sysroot], None]) -> Sysroot:
    wanted, final = lock.load(), home()
    downloads = base / "downloads"
    downloads.mkdir(exist_ok=True)
    fetch.room(base, NEEDED_BYTES)
    debian = fetch.debian(wanted, downloads, progress)
    wheels = fetch.wheels(wanted.wheels, downloads, wanted.python, MACHINE, progress)
    made_of = lock.Lock(
        suite=wanted.suite,
        python=wanted.python,
        debian=tuple(pin for pin, _ in debian),
        wheels=tuple(pin for pin, _ in wheels),
    )
    unfinished = final.with_name(f"{final.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    site = unfinished / SITE.format(python=wanted.python)
    site.mkdir(parents=True)
    steps = len(debian) + len(wheels)
    for done, (pin, path) in enumerate((*debian, *wheels)):
        progress(f"unpacking {pin.name}", done, steps)
        if path.suffix == ".deb":
            unpack_debian(path, unfinished)
        else:
            unpack_wheel(path, site)
    (unfinished / BYTECODE).mkdir()
    for name, text in OWN.items():
        (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
        (unfinished / name).write_text(text, encoding="utf-8")
    progress("compiling Python's modules", steps, steps)
    finish(Sysroot(unfinished, made_of))
    write_atomically(unfinished / MANIFEST, lock.render(made_of))
    shutil.rmtree(final, ignore_errors=True)
    unfinished.rename(final)
    shutil.rmtree(base / "apt", ignore_errors=True)
    return Sysroot(final, made_of)


def unpack_debian(package: Path, root: Path) -> None:
    """Unpack a Debian package under `root`, as any user."""
    try:
        done = subprocess.run(
            ["dpkg-deb", "--extract", str(package), str(root)],  # noqa: S607 - where it is differs by host
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise DeviceUnavailable("dpkg-deb is not installed; the sysroot needs a Debian-like host") from error
    if done.returncode != 0:
        raise tools.explain(package.name, done.stderr)


def unpack_wheel(wheel: Path, site: Path) -> None:
    """Unpack a wheel into `site`, its tests left out.

    Raises:
        DeviceUnavailable: If a name in it points outside.
    """
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            parts = Path(entry.filename).parts
            if entry.is_dir() or any(name in parts for name in NEVER_IMPORTED):
                continue
            if Path(entry.filename).is_absolute() or ".." in parts:
                raise DeviceUnavailable(f"{wheel.name} has a file outside of itself: {entry.filename}")
            archive.extract(entry, site)
