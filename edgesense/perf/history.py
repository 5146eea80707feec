"""What git knows of a project; it is only read, and no git process starts before something is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from edgesense.errors import BudgetError, MeasurementError

TIMEOUT_SECONDS = 120.0
DROPPED = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
"""What git sets for its hooks: under pre-commit they would name another repository or index than `-C` does."""
SETTINGS = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
"""No lock that a command of the user's would meet, no question, no download, and texts that can be passed on."""
WHOLE = "fetch all of it (git fetch --unshallow --tags; fetch-depth: 0 on a build server)"
LITERAL = "--literal-pathspecs"
SUBMODULE = "160000"


def top(root: Path) -> Path | None:
    """Return the top of the repository that a directory lies in, None where it lies in none; no process is started."""
    root = root.absolute()
    # A directory in a clone, a file in a worktree and in a submodule.
    return next((place for place in (root, *root.parents) if (place / ".git").exists()), None)


def short(commit: str) -> str:
    """Return a commit's name as people write it."""
    return commit[:7]


def is_modified(top: Path, path: Path) -> bool:
    """Return whether a file of the working tree differs from the last commit's, or is not in it."""
    told = ("--porcelain", "--ignored", "--untracked-files=all")
    return bool(run(top, LITERAL, "status", *told, "--", _name(top, path)))


def differs(top: Path) -> bool:
    """Return whether any file that git keeps differs from the last commit's."""
    return bool(run(top, "status", "--porcelain", "--untracked-files=no"))


def last_change(top: Path, path: Path, ref: str = "HEAD") -> str | None:
    """Return the commit, of `ref` and those before it, that last changed a file; None where none did."""
    return run(top, LITERAL, "log", "-1", "--format=%H", ref, "--", _name(top, path)).decode().strip() or None


class Change(NamedTuple):
    """What one commit made of one file.

    Attributes:
        commit: Its whole name.
        when: Its committer's date, ISO 8601.
        blob: The object that holds the file's bytes since then.
        path: The file, from the top.
    """

    commit: str
    when: str
    blob: str
    path: Path


class Changes(NamedTuple):
    """What changed files, the newest commit first; a file has no entry where it was removed.

    Attributes:
        found: Commit by commit.
        cut: Whether there may be older ones that were not read, or are not in this clone.
    """

    found: Sequence[Change]
    cut: bool


def changes(top: Path, path: Path, most: int, ref: str = "HEAD") -> Changes:
    """Return what changed a file, or every file below a directory; `most` commits are read at the most.

    Raises:
        MeasurementError: If git cannot be asked, has no commit yet, or the path lies outside of the repository.
    """
    form = ("--no-color", "--raw", "--no-abbrev", "--no-renames", "-z", "--diff-merges=combined")
    place = _name(top, path)
    said = run(top, LITERAL, "log", f"-{most}", *form, "--format=%x00commit %H %cI", ref, "--", place)
    found: list[Change] = []
    commits = []
    when = ""
    fields = iter(said.decode(errors="surrogateescape").split("\0"))
    for field in fields:
        words = field.split()
        if words[:1] == ["commit"]:
            _, commit, when = words
            commits.append(commit)
        elif words and words[0].startswith(":"):
            # A merge's line has a colon, a mode and an object for each of its parents.
            parents = len(words[0]) - len(words[0].lstrip(":"))
            blob, name = words[2 * parents + 1], next(fields)
            found += [Change(commits[-1], when, blob, Path(name))] if blob.strip("0") else []
    return Changes(found, len(commits) == most or bool(commits and is_cut(top, commits[-1])))


def blobs(top: Path, objects: Sequence[str]) -> list[bytes | None]:
    """Return the bytes of several objects in their order, None for those that this clone does not have."""
    said = run(top, "cat-file", "--batch", given="".join(f"{one}\n" for one in objects).encode())
    found: list[bytes | None] = []
    at = 0
    for _ in objects:
        end = said.index(b"\n", at)
        *_, last = said[at:end].split()
        if last == b"missing":
            found.append(None)
            at = end + 1
            continue
        found.append(said[end + 1 : end + 1 + int(last)])
        at = end + 2 + int(last)
    return found


def is_cut(top: Path, commit: str) -> bool:
    """Return whether a shallow clone ends at a commit: what it seems to have changed may be older."""
    return commit in _boundary(top)


def resolve(top: Path, ref: str) -> str:
    """Return the commit that a branch, a tag or any other name means.

    Raises:
        BudgetError: If git knows no such commit here.
        MeasurementError: If git cannot be asked.
    """
    found = None if ref.startswith("-") else _commit(top, ref)
    if found is not None:
        return found
    if _boundary(top):
        hint = f"this is a shallow clone: {WHOLE}"
    elif _commit(top, f"origin/{ref}") is not None:
        hint = f"did you mean origin/{ref}?"
    else:
        hint = "it may have to be fetched first: git fetch --tags"
    msg = f"git knows no commit {ref!r} here; {hint}"
    raise BudgetError(msg)


def show(top: Path, ref: str, path: Path) -> bytes | None:
    """Return a file as it is in a commit, None where it is not there."""
    listed = _entries(top, ref, _name(top, path))
    return run(top, "cat-file", "blob", listed[0][1]) if listed else None


def names(top: Path, ref: str, directory: Path) -> list[str]:
    """Return the names of what lies in a directory of a commit."""
    return sorted(Path(name).name for _, _, name in _entries(top, ref, f"{_name(top, directory)}/"))


def files(top: Path, ref: str, directory: Path) -> dict[Path, str]:
    """Return every file below a directory of a commit: its path from there -> the object that holds its bytes."""
    place = _name(top, directory)
    found = _entries(top, ref, f"{place}/", recursive=True)
    return {Path(name).relative_to(place): blob for mode, blob, name in found if mode != SUBMODULE}


def when(top: Path, commit: str) -> str:
    """Return a commit's committer's date, ISO 8601."""
    return run(top, "show", "--no-patch", "--format=%cI", commit).decode().strip()


def submodules(top: Path, ref: str) -> list[str]:
    """Return the paths of a commit's submodules, whose files are not in it."""
    return [name for mode, _, name in _entries(top, ref, recursive=True) if mode == SUBMODULE]


def unkept(top: Path, paths: Collection[Path]) -> set[Path]:
    """Return those of some files whose bytes would not be in a commit: ignored ones, and those that LFS replaces."""
    # With a dot in front no name begins with a colon, which would be more than a name here.
    named = {f"./{_name(top, path)}": path for path in paths}
    asked = "".join(f"{name}\0" for name in named).encode()
    ignored = _split(run(top, "check-ignore", "-z", "--stdin", given=asked, fine=(0, 1)))
    said = _split(run(top, "check-attr", "-z", "--stdin", "filter", given=asked))
    filtered = [name for name, value in zip(said[::3], said[2::3], strict=True) if value == "lfs"]
    return {named[name] for name in (*ignored, *filtered)}


def shared_directory(top: Path) -> Path:
    """Return the directory that all worktrees of a repository share: its ``.git``."""
    return (top / run(top, "rev-parse", "--git-common-dir").decode().strip()).resolve()


def run(
    top: Path,
    *arguments: str,
    given: bytes | None = None,
    fine: Sequence[int] = (0,),
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Run git in a repository and return what it printed.

    Args:
        top: The repository's top.
        *arguments: The command and its arguments.
        given: Its standard input.
        fine: The exit statuses that are answers.
        environment: Variables on top of the usual ones.

    Raises:
        MeasurementError: If git is not installed, refuses, or gives no answer.
    """
    program = shutil.which("git")
    if program is None:
        msg = "git is not installed"
        raise MeasurementError(msg)
    kept = {key: value for key, value in os.environ.items() if key not in DROPPED}
    # A user may have it that commits show who signed them, in the place of the first line that is read here.
    command = [program, "-C", str(top), "-c", "log.showSignature=false", *arguments]
    what = next(word for word in arguments if not word.startswith("-") and "=" not in word)
    try:
        done = subprocess.run(
            command,
            env=kept | SETTINGS | dict(environment or {}),
            input=given or b"",
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        msg = f"git {what} gave no answer within {TIMEOUT_SECONDS:g} s"
        raise MeasurementError(msg) from None
    except OSError as error:
        msg = f"git cannot be started: {error}"
        raise MeasurementError(msg) from error
    if done.returncode not in fine:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        reason = next((line for line in said if line.startswith("fatal:")), said[-1]).removeprefix("fatal: ")
        msg = f"git {what} failed: {reason}"
        raise MeasurementError(msg)
    return done.stdout


def _name(top: Path, path: Path) -> str:
    """Return a file's name from the top; links above it are followed, as git does not look behind them."""
    path = top / path
    try:
        return (path.parent.resolve() / path.name).relative_to(top.resolve()).as_posix()
    except ValueError:
        msg = f"{path.name} lies outside of the repository"
        raise MeasurementError(msg) from None


def _commit(top: Path, ref: str) -> str | None:
    said = run(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", fine=(0, 1, 128))
    return said.decode().strip() or None


def _boundary(top: Path) -> list[str]:
    path = top / run(top, "rev-parse", "--git-path", "shallow").decode().strip()
    return path.read_text(encoding="ascii").split() if path.exists() else []


def _entries(top: Path, ref: str, *name: str, recursive: bool = False) -> list[tuple[str, str, str]]:
    """Return (mode, object, path) of what a commit has under a name."""
    said = run(top, "ls-tree", "-z", *(["-r"] if recursive else []), ref, "--", *name)
    entries = []
    for line in _split(said):
        kind, _, path = line.partition("\t")
        mode, _, blob = kind.split(" ")
        entries.append((mode, blob, path))
    return entries


def _split(said: bytes) -> list[str]:
    return [os.fsdecode(part) for part in said.split(b"\0") if part]
