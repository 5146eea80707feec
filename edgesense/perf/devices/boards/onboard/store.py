"""Files on a board, kept by the digest of their content; folders made of them; places that runs have to themselves."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

PRODUCT_AT_MOST = 64 * 2**20
FOLDERS = OBJECTS, TREES, RUNS = "objects", "trees", "runs"


class Refused(Exception):
    """What cannot be done, in words for the other end."""

    def __init__(self, text: str, kind: str = "DeviceUnavailable") -> None:
        """Refuse something.

        Args:
            text: Why.
            kind: The type of the error that it is at the other end.
        """
        super().__init__(text)
        self.kind = kind


class Store:
    """A folder of the board's: ``objects`` by digest, ``trees`` by name, and ``runs``, each its agent's own."""

    def __init__(self, directory: str) -> None:
        """Open it, and clean up after agents that had no time to."""
        self.base = located(directory)
        for name in FOLDERS:
            (self.base / name).mkdir(parents=True, exist_ok=True)
        with alone(self.base / RUNS):
            sweep(self.base)
            self.scratch = Path(tempfile.mkdtemp(prefix="run-", dir=self.base / RUNS))
            # Held for as long as this process lives, however it ends.
            self._handle = os.open(self.scratch, os.O_RDONLY)
            fcntl.flock(self._handle, fcntl.LOCK_EX)
        self._seats = 0

    def leave(self) -> None:
        """Remove this run's own place."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    def path(self, digest: str) -> Path:
        """Return where a file of this content is, or would be."""
        return self.base / OBJECTS / digest

    def tree(self, name: str) -> Path:
        """Return where a folder is, or would be."""
        return self.base / TREES / name

    def free(self) -> int:
        """Return how many bytes fit on the disk."""
        return shutil.disk_usage(self.base).free

    def missing(self, files: Sequence[str], trees: Sequence[str]) -> dict[str, list[str]]:
        """Return what is not here yet; what is here counts as used just now."""
        return {
            "files": [one for one in files if not used(self.path(one))],
            "trees": [one for one in trees if not used(self.tree(one))],
        }

    def put(self, digest: str, content: bytes) -> None:
        """Keep a file.

        Raises:
            Refused: If it is another one.
        """
        if hashlib.sha256(content).hexdigest() != digest:
            raise Refused("a file came to the board damaged")
        with replacing(self.path(digest)) as partial:
            partial.write_bytes(content)

    def grow(self, name: str, files: Mapping[str, str]) -> Path:
        """Return a folder in which files have these names; made now where it is not there yet."""
        place = self.tree(name)
        if not used(place):
            with replacing(place) as partial:
                partial.mkdir()
                self._lay_out(files, partial, link)
        return place

    def seat(
        self, files: Mapping[str, str], inside: Mapping[str, str], beside: Mapping[str, str], *, copied: bool
    ) -> dict[str, str]:
        """Lay out a project for one worker, in a place whose name is as long as every other's.

        Args:
            files: Name from the project -> digest.
            inside: Name from the project -> what a link of that name leads to.
            beside: The same from another folder.
            copied: Whether the files are copies.
        """
        self._seats += 1
        seat = self.scratch / f"seat-{self._seats:06d}"
        project, other = seat / "project", seat / "beside"
        for folder in (project, other):
            folder.mkdir(parents=True)
        self._lay_out(files, project, copy if copied else link)
        for folder, links in ((project, inside), (other, beside)):
            for name, target in links.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(target)
        return {"project": str(project), "beside": str(other), "scratch": str(self.scratch)}

    def environment(self, name: str, python: str, wheels: Sequence[str], imports: Sequence[str]) -> Path:
        """Return the Python of an environment of these wheels; made now where it is not there yet.

        Raises:
            Refused: If it cannot be made, or one of the imports fails there.
        """
        place = self.tree(name)
        if not used(place):
            with replacing(place) as partial:
                run([python, "-m", "venv", "--without-pip", str(partial)], "make a virtual environment")
                (site,) = glob.glob(str(partial / "lib" / "python*" / "site-packages"))  # noqa: PTH207 - 3.8 as well
                for digest in wheels:
                    with zipfile.ZipFile(self.path(digest)) as wheel:
                        unpack(wheel, site, partial / "bin")
                # Finds out what cannot be imported here, and leaves the byte code that a first import would make.
                run([str(partial / "bin" / "python"), "-c", f"import {', '.join(imports)}"], "import its packages")
        return place / "bin" / "python"

    def product(self, name: str) -> bytes:
        """Return a file that a worker left in this run's own place.

        Raises:
            Refused: If there is none, or it is too large to travel.
        """
        path = self.scratch / Path(name).name
        if not path.is_file():
            raise Refused(f"the run on the board left no {path.name}")
        if path.stat().st_size > PRODUCT_AT_MOST:
            raise Refused(f"{path.name} is too large to be brought back: {path.stat().st_size} bytes")
        content = path.read_bytes()
        path.unlink()
        return content

    def tidy(self, seconds: float) -> None:
        """Remove what was not used for so long; a file stays with the folders that have it."""
        before = time.time() - seconds
        for folder in (TREES, OBJECTS):
            for path in (self.base / folder).iterdir():
                with contextlib.suppress(OSError):
                    about = path.stat()
                    if about.st_mtime < before and (folder == TREES or about.st_nlink == 1):
                        remove(path)

    def _lay_out(self, files: Mapping[str, str], place: Path, bring: Callable[[Path, Path], None]) -> None:
        for name, digest in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            bring(self.path(digest), path)


def located(directory: str) -> Path:
    """Return where a folder is whose name may begin with the account's home."""
    return Path(os.path.abspath(os.path.expanduser(directory)))  # noqa: PTH100, PTH111 - links keep their names


def clean(directory: str) -> None:
    """Remove what agents left that had no time to do it themselves."""
    base = located(directory)
    with contextlib.suppress(FileNotFoundError), alone(base / RUNS):
        sweep(base)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else begins or removes a run: one that has only just begun is not held yet."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sweep(base: Path) -> None:
    """Remove runs that no agent holds, and half files of processes that are gone."""
    for path in (base / RUNS).iterdir():
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
    for name in (OBJECTS, TREES):
        for path in (base / name).glob("*.partial-*"):
            if not alive(path.name.rpartition("-")[2]):
                remove(path)


def run(arguments: Sequence[str], what: str) -> str:
    """Return what a program prints.

    Raises:
        Refused: If it fails.
    """
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        lines = said.strip().splitlines() or ["it printed nothing"]
        raise Refused(f"the board's Python cannot {what}: {lines[-1]}")
    return said


def alive(number: str) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Make something under another name and give it its own when it is whole; nothing of it stays otherwise."""
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    remove(partial)
    try:
        yield partial
        try:
            partial.rename(path)
        except OSError:
            # Made meanwhile by another agent: a folder is not written over.
            if not path.is_dir():
                raise
    finally:
        remove(partial)


def used(path: Path) -> bool:
    """Whether something is here; it counts as used just now, so that it is not tidied away."""
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def link(source: Path, path: Path) -> None:
    """Give a file a second name, or copy it where the disk knows no second names."""
    try:
        os.link(source, path)
    except OSError:
        copy(source, path)


def copy(source: Path, path: Path) -> None:
    """Copy a file."""
    shutil.copyfile(source, path)


def unpack(wheel: zipfile.ZipFile, site: str, programs: Path) -> None:
    """Unpack a wheel, its programs where an environment has them; tests are left out.

    Raises:
        Refused: If a name in it points outside.
    """
    for entry in wheel.infolist():
        parts = Path(entry.filename).parts
        if Path(entry.filename).is_absolute() or ".." in parts:
            raise Refused(f"a wheel has a file outside of itself: {entry.filename}")
        if len(parts) == 3 and parts[0].endswith(".data") and parts[1] == "scripts":
            program = programs / parts[2]
            program.write_bytes(wheel.read(entry))
            program.chmod(0o755)
        elif not entry.is_dir() and "tests" not in parts:
            wheel.extract(entry, site)
