"""Boards for tests, and a cache that is no user's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The same boards serve benchmarks, which import one another by bare name.
sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))

import _loopback

from edgesense.errors import DeviceUnavailable


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long tests come first."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def alive() -> Callable[[int], bool]:
    """Return a function that says whether a process runs; one whose exit status nobody took yet does not."""

    def answer(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return answer


@pytest.fixture(scope="session")
def gone(alive: Callable[[int], bool]) -> Callable[[int], bool]:
    """Return a function that waits a while for the end of a process and says whether it came."""

    def answer(pid: int) -> bool:
        for _ in range(200):
            if not alive(pid):
                return True
            time.sleep(0.05)
        return False

    return answer


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep locks and downloads out of the user's cache."""
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def sshd_files() -> Path:
    """Return Debian's openssh-server, or skip where it cannot be had."""
    try:
        return _loopback.files()
    except DeviceUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def boards(sshd_files: Path, tmp_path: Path, own_cache: Path) -> Iterator[Callable[..., _loopback.Board]]:
    """Make boards; each is ended with all that runs there. What is sent to them is fetched once for all tests."""
    made: list[_loopback.Board] = []
    _loopback.share_downloads(own_cache)

    def make(name: str = "board", **settings: str) -> _loopback.Board:
        try:
            made.append(_loopback.start(sshd_files, tmp_path / name, **settings))
        except DeviceUnavailable as error:
            pytest.skip(str(error))
        return made[-1]

    yield make
    for board in made:
        board.cut(off=True)


@pytest.fixture
def board(boards: Callable[..., _loopback.Board]) -> _loopback.Board:
    """Make one board."""
    return boards()


class Repository:
    """A git repository whose path has a space in it."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._git = shutil.which("git") or "git"
        top.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Run git there and return what it printed."""
        done = subprocess.run([self._git, *arguments], cwd=self.top, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file."""
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self, message: str = "a change") -> str:
        """Commit everything that is not ignored; return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return an empty repository, with nothing of the user's configuration."""
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A Tester")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "tester@example.org")
    return Repository(tmp_path / "a project")
