"""Where the files of a baseline are found again: in the project, in its commit, kept by content, downloaded by LFS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import BaselineError, NotMeasured
from edgesense.perf import artifacts
from edgesense.perf.baselines.git import GitStore
from edgesense.perf.worker import source


class Lost(NotMeasured):
    """A file of a baseline is nowhere."""


@dataclass(frozen=True)
class Kept:
    """The places of one project.

    Attributes:
        project: The project's directory.
        top: Its repository's top, None without one.
        baselines: Where baselines are kept.
        tree: The files of the baseline's commit, None where that is not known.
    """

    project: Path
    top: Path | None
    baselines: Path
    tree: Path | None = None

    def replaced(self, base: Path, files: Mapping[str, str]) -> dict[str, Path]:
        """Return where a baseline's files are if a directory does not have all of them as they were, else nothing.

        Args:
            base: The directory.
            files: Path from there -> SHA-256.

        Raises:
            Lost: If one is nowhere.
        """
        lacking = {name for name, sha256 in files.items() if source.digest(base / name) != sha256}
        # All or none: those of one directory belong together.
        every = files.items() if lacking else ()
        return {name: self._find(base, name, sha256) if name in lacking else base / name for name, sha256 in every}

    def at(self, tree: Path, commit: str, workload: str, place: Path | None, record: Path) -> dict[str, str]:
        """Return the files of a commit's workload, also those that its tree lacks: LFS has them, or its baseline.

        Args:
            tree: The commit's files.
            commit: Its name.
            workload: The workload's name.
            place: Its path from the tree; None for a factory.
            record: The file of the baseline, as it is called today.

        Returns:
            Path from the tree -> SHA-256.
        """
        stored = self._stored_at(commit, workload, record)
        names = {*stored, *(() if place is None else _visible(tree, place))}
        return {name: _meant(tree / name) or stored.get(name, "") for name in sorted(names)}

    def _stored_at(self, commit: str, workload: str, record: Path) -> Mapping[str, str]:
        if self.top is None:
            return {}
        try:
            before = GitStore(self.top, commit, self.baselines).read(record)
        except BaselineError:
            return {}
        if before is None or before.origin is None or before.origin.pipeline != workload:
            return {}
        return before.origin.files

    def _find(self, base: Path, name: str, sha256: str) -> Path:
        for place in (self.project, self.tree):
            if place is not None and source.digest(place / name) == sha256:
                return place / name
        stores = [artifacts.beside(self.baselines), artifacts.cached()]
        inside = source.below(self.baselines, self.project)
        if self.tree is not None and inside is not None:
            # What was pruned since may be where that commit has it.
            stores.append(artifacts.beside(self.tree / inside))
        for store in stores:
            if (found := store.find(sha256)) is not None:
                return found
        if self.top is not None and (found := artifacts.downloaded(self.top, sha256)) is not None:
            return found
        if artifacts.pointed(base / name) is not None:
            msg = f"{name} is an LFS pointer there, and what it stands for is not here: git lfs fetch --all"
        else:
            msg = f"{name} is nowhere as the baseline had it"
        raise Lost(msg)


def _visible(tree: Path, place: Path) -> list[str]:
    found = tree / place
    paths = found.rglob("*") if found.is_dir() else [found]
    return [path.relative_to(tree).as_posix() for path in paths if path.is_file() and not path.name.startswith(".")]


def _meant(path: Path) -> str:
    """Return the digest of a file, or of what it points to; "" where there is none."""
    pointed = artifacts.pointed(path)
    if pointed is not None:
        return pointed
    return source.digest(path) if path.exists() else ""
