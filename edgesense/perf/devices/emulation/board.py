"""One emulated run: a root directory as the board would see it, and the command that runs a worker in it.

Counts repeat because nothing of this computer reaches the program: the paths it sees, the environment, the
kernel's name and the random bytes of the start are the same everywhere, and qemu places memory the same way
each time.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgesense.perf.devices.emulation import qemu
from edgesense.perf.devices.emulation.identity import Identity
from edgesense.perf.devices.emulation.sysroot import BYTECODE, Sysroot
from edgesense.perf.processes import Command
from edgesense.perf.threads import ThreadEnvironment

GUEST = "/edgesense"
"""The folder on the board with what a run brings: ``lib`` (Python packages) and ``job`` (the pipeline)."""

COUNTER = f"{GUEST}/counter"
BLOCKS = f"{GUEST}/blocks"
ROOT_LENGTH = 96
KERNEL = "6.1.0"

ENVIRONMENT: Mapping[str, str] = {
    "HOME": GUEST,
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PYTHONHASHSEED": "0",
    "PYTHONPATH": f"{GUEST}/lib",
    "PYTHONPYCACHEPREFIX": f"/{BYTECODE}",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True)
class Board:
    """A board as its programs see it.

    Attributes:
        cpu: Its CPU as qemu names it.
        identity: Its CPU as the board's own files name it.
        threads: What its processes are told of threads.
    """

    cpu: str
    identity: Identity
    threads: ThreadEnvironment

    @property
    def fingerprint(self) -> str:
        """The CPU as qemu names it, and a digest of what the board's files say of it: either changes what runs."""
        content = json.dumps(self.identity.files(), sort_keys=True)
        return f"{self.cpu} {hashlib.sha256(content.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class View:
    """A root directory for one run.

    Attributes:
        root: On this computer.
        sysroot: What it shows under ``/usr`` and ``/lib``.
        board: Whose CPU it shows.
    """

    root: Path
    sysroot: Sysroot
    board: Board

    @property
    def brought(self) -> Path:
        """Where this computer puts what the board sees as `GUEST`."""
        return self.root / GUEST.lstrip("/")

    def command(
        self, emulator: qemu.Qemu, arguments: tuple[str, ...], plugin: Path | None = None, *, blocks: bool = False
    ) -> Command:
        """Return the command that runs the board's Python.

        Args:
            emulator: The qemu-user to run it with.
            arguments: Of Python.
            plugin: The counting plugin, or None to run faster.
            blocks: Whether the plugin also tells where the instructions were.
        """
        files = f",out={self.root}{COUNTER}" + (f",blocks={self.root}{BLOCKS}" if blocks else "")
        count = ("-plugin", f"{plugin}{files}") if plugin else ()
        options = ("-cpu", self.board.cpu, "-L", str(self.root), "-r", KERNEL, "-seed", "1", "-0", self.sysroot.python)
        python = f"{self.root}{self.sysroot.python}"
        environment = {**ENVIRONMENT, **dict(self.board.threads.variables)}
        return Command((str(emulator.path), *options, *count, python, *arguments), environment)


def prepare(directory: Path, sysroot: Sysroot, board: Board) -> View:
    """Make a root directory for one run under `directory`, which must be this run's own."""
    # The host's path of the program lies on the emulated stack, and its length would shift everything behind it.
    base = str(directory.absolute())
    root = Path(base) / "r".ljust(max(1, ROOT_LENGTH - len(base) - 1), "_")
    root.mkdir()
    for entry in sysroot.root.iterdir():
        if entry.is_dir():
            (root / entry.name).symlink_to(entry)
    board.identity.write(root)
    view = View(root, sysroot, board)
    for name in ("lib", "job"):
        (view.brought / name).mkdir(parents=True)
    return view


def bring_package(view: View, source: Path, below: Path = Path()) -> None:
    """Copy a Python package, a module or a folder of data to where the board's Python imports from.

    Args:
        view: Of the board.
        source: What is copied.
        below: The folder there that it is put into.
    """
    target = view.brought / "lib" / below / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(
            source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.c", "*.lock")
        )
    else:
        shutil.copy(source, target)
