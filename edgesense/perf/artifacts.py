"""Files by their content: what a stored baseline was opened from, so that it can be opened again.

A file that git keeps is in the commit of the baseline, and is not stored twice. What git does not keep is stored
beside the baselines, ``baselines/artifacts/<first two>/<SHA-256>``, to be committed with them. Everything else goes
into the user's cache, for the time until the baseline is committed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import MeasurementError
from edgesense.perf import history
from edgesense.perf.files import cache_directory, forget_unused, write_atomically
from edgesense.perf.records import Baseline, Origin
from edgesense.perf.worker.source import digest

ATTRIBUTES = "# as they are: no line ends are changed, nothing is replaced by a pointer\n* -text -filter\n"
POINTER = b"version https://git-lfs.github.com/spec/v1"
POINTER_AT_MOST = 1024
DIGEST_LENGTH = 64


@dataclass(frozen=True)
class Store:
    """Files below a directory, each under its SHA-256.

    Attributes:
        root: The directory; it need not be there yet.
        committed: Whether it is part of a repository.
    """

    root: Path
    committed: bool = False

    def path(self, sha256: str) -> Path:
        """Return where a file of that digest lies, or would."""
        return self.root / sha256[:2] / sha256

    def keep(self, path: Path) -> str:
        """Keep a copy of a file and return its digest.

        Raises:
            OSError: If it cannot be read or the copy not be written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.root, prefix=".new-") as scratch:
            copy = Path(shutil.copyfile(path, Path(scratch) / "copy"))
            # Of the copy: the file may be written at this moment.
            sha256 = digest(copy)
            self.path(sha256).parent.mkdir(exist_ok=True)
            copy.replace(self.path(sha256))
        if self.committed and not (self.root / ".gitattributes").exists():
            write_atomically(self.root / ".gitattributes", ATTRIBUTES)
        return sha256

    def find(self, sha256: str) -> Path | None:
        """Return the file of a digest, None where it is not kept or is damaged."""
        return _intact(self.path(sha256), sha256)

    def prune(self, named: Collection[str]) -> list[str]:
        """Remove the files that nobody names; return their digests.

        Args:
            named: What is to stay, as `named` returns it.
        """
        gone = [path for path in sorted(self.files()) if path.name not in named]
        for path in gone:
            path.unlink(missing_ok=True)
        return [path.name for path in gone]

    def files(self) -> list[Path]:
        """Return all that is kept."""
        return [path for path in self.root.glob("??/*") if len(path.name) == DIGEST_LENGTH]


def beside(baselines: Path) -> Store:
    """Return the store that is committed with the baselines of a directory."""
    return Store(baselines / "artifacts", committed=True)


def cached() -> Store:
    """Return the store in the user's cache."""
    return Store(cache_directory() / "artifacts")


def hold(origin: Origin, project: Path) -> None:
    """Keep what was just measured in the user's cache, until it is known whether it becomes a baseline.

    A later test of the run may make something else in the same place.

    Args:
        origin: What it was made of.
        project: The directory that the origin's paths start from.

    Raises:
        OSError: If a file cannot be written.
    """
    local = cached()
    for name, sha256 in origin.files.items():
        if local.find(sha256) is None and digest(project / name) == sha256:
            local.keep(project / name)


def keep_for(origin: Origin, project: Path, baselines: Path) -> list[Path]:
    """Keep what a baseline that is being stored was opened from.

    Files that git would not keep go beside the baselines: those of a project without a repository, ignored ones, those
    that LFS replaces by pointers, and those that have changed since they were measured. The others go into the user's
    cache.

    Args:
        origin: What it was made of.
        project: The directory that the origin's paths start from.
        baselines: Where baselines are kept.

    Returns:
        The files beside the baselines, to be committed with them.

    Raises:
        OSError: If one cannot be written.
        MeasurementError: If one has changed since, and was not held: a baseline without it could never run again.
    """
    files = {project / name: sha256 for name, sha256 in origin.files.items()}
    here = {path: sha256 for path, sha256 in files.items() if digest(path) == sha256}
    committed, local = beside(baselines), cached()
    forget_unused(local.files())
    held = {path: found for path, sha256 in files.items() if path not in here and (found := local.find(sha256))}
    if gone := [path for path in files if path not in here and path not in held]:
        msg = f"{gone[0].relative_to(project)} has changed since it was measured"
        raise MeasurementError(msg)
    # What is there no longer as it was is in no commit to come either.
    lost = {*_unkept(project, here), *held}
    for path in files:
        (committed if path in lost else local).keep(held.get(path, path))
    return [committed.path(sha256) for path, sha256 in files.items() if path in lost]


def named(baselines: Iterable[Baseline]) -> set[str]:
    """Return the digests of the files that baselines were opened from."""
    return {sha256 for one in baselines if one.origin is not None for sha256 in one.origin.files.values()}


def pointed(path: Path) -> str | None:
    """Return the digest that an LFS pointer stands for, None where a file is none.

    Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """
    try:
        with path.open("rb") as file:
            lines = file.read(POINTER_AT_MOST).splitlines()
    except OSError:
        return None
    if not lines or lines[0] != POINTER:
        return None
    found = [line.removeprefix(b"oid sha256:").decode(errors="replace") for line in lines if line.startswith(b"oid ")]
    return found[0] if found else ""


def downloaded(top: Path, sha256: str) -> Path | None:
    """Return what LFS has downloaded under a digest, None where it has not.

    Raises:
        MeasurementError: If git cannot be asked.
    """
    objects = history.shared_directory(top) / "lfs" / "objects"
    return _intact(objects / sha256[:2] / sha256[2:4] / sha256, sha256)


def _unkept(project: Path, paths: Mapping[Path, str]) -> Collection[Path]:
    top = history.top(project)
    try:
        return history.unkept(top, paths) if top is not None and paths else paths
    except MeasurementError:
        # Better twice than never.
        return paths


def _intact(path: Path, sha256: str) -> Path | None:
    return path if sha256 and digest(path) == sha256 else None
