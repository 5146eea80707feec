"""An agent that is started on this computer, as ssh starts it on a board."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgesense.perf.devices.boards.link import BOOTSTRAP, GONE, Link, Reason
from edgesense.perf.devices.boards.remote import RemoteCommand


def explain(name: str, said: str) -> Reason:
    return Reason(f"{name} said: {said}", "refused" in said) if said else GONE


@dataclass(frozen=True)
class Here:
    """The board's side of connections.

    Attributes:
        base: The folder that its agents use.
        command: Leads to its Python.
    """

    base: Path
    command: tuple[str, ...] = (sys.executable, "-I", "-c", BOOTSTRAP)

    def reach(self, *command: str, name: str = "pi-1") -> Link:
        """Connect, by another command if one is given."""
        return Link(command or self.command, explain, name)

    def connect(self, *command: str, name: str = "pi-1") -> Link:
        """Connect and greet the agent."""
        link = self.reach(*command, name=name)
        try:
            link.hello(str(self.base))
        except BaseException:
            link.close()
            raise
        return link

    def left(self) -> list[str]:
        """Return what is left of runs, and of files and folders that are not whole."""
        left = [path.name for path in (self.base / "runs").iterdir()]
        return left + [path.name for name in ("objects", "trees") for path in (self.base / name).glob("*.partial-*")]

    def guardian(self, link: Link) -> int:
        """Return the number of the process that a connection started."""
        return link._process.pid

    def agent(self, link: Link) -> int:
        """Return the number of the agent, which that one stands behind."""
        number = self.guardian(link)
        (agent,) = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii").split()
        return int(agent)

    def python(self, link: Link, code: str, **environment: str) -> RemoteCommand:
        """Return a worker that runs a few lines."""
        return RemoteCommand(link, (sys.executable, "-c", code), environment)

    def started(self, link: Link) -> int:
        """Return the number of a worker that runs there."""
        code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
        return int(self.python(link, code).converse().line(30))


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """Return a board that has nothing yet."""
    return Here(tmp_path / "board")


@pytest.fixture
def link(here: Here) -> Iterator[Link]:
    """Return a connection to it."""
    with here.connect() as one:
        yield one
