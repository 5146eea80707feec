"""Make the emulated boards usable: install what is absent, build the sysroot, compile the plugin, try both."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import board, fetch, plugin, qemu, sysroot, tools
from edgesense.perf.files import write_atomically
from edgesense.perf.metrics import instructions
from edgesense.perf.processes import Command

WARM = (
    "ctypes, difflib, gc, hashlib, importlib.metadata, json, logging, platform, statistics, tomllib, wave, "
    "numpy, numpy.fft, numpy.random, scipy.fft, "
    "ai_edge_litert.interpreter, tflite_runtime.interpreter"
)
"""What a worker may import; compiled at setup, so that every run finds the same files."""

SHOWN = ("numpy", "scipy", "ai-edge-litert", "tflite-runtime")

TRIAL = (
    "import ctypes; p = ctypes.CDLL(None).prctl; "
    "p({mark}, 0, 0, 0, 0); sum(range(1000)); p({mark}, 1, 0, 0, 0); "
    "import ai_edge_litert.interpreter"
)


@dataclass(frozen=True)
class Ready:
    """Everything an emulated run needs.

    Attributes:
        emulator: The qemu that counts.
        plugin: Its counting plugin.
        sysroot: What the boards run.
    """

    emulator: qemu.Qemu
    plugin: Path
    sysroot: sysroot.Sysroot

    @property
    def summary(self) -> str:
        """One line of what is there."""
        packages = ", ".join(f"{name} {self.sysroot.made_of.version(name)}" for name in SHOWN)
        return f"qemu {self.emulator.version}; sysroot {self.sysroot.digest} with {packages}"

    def changes(self) -> tuple[str, ...]:
        """Return in words what differs from what this release pins."""
        said = "counts are not compared with those of another sysroot"
        return tuple(f"sysroot changed: {change}; {said}" for change in self.sysroot.changes())


def ready() -> Ready:
    """Return what is set up here; only the plugin, a second's work, is made up for.

    Raises:
        DeviceUnavailable: If a part is missing, with the part's name; `setup` adds it or says how.
    """
    emulator = qemu.counting()
    found = sysroot.find()
    if found is None:
        raise DeviceUnavailable("the emulated boards' sysroot is not set up")
    return Ready(emulator, plugin.build(emulator), found)


def setup(boards: Mapping[str, board.Board], progress: fetch.Progress) -> Ready:
    """Set the emulated boards up; what is there already stays.

    Args:
        boards: The boards to try at the end, by name.
        progress: Told of each step.

    Raises:
        DeviceUnavailable: If a part cannot be had; the text says what to do.
    """
    absent = qemu.missing()
    if absent:
        install(absent, progress)
    emulator = qemu.counting()
    root = sysroot.build(progress, lambda unfinished: warm(emulator, unfinished, next(iter(boards.values()))))
    if not plugin.path(emulator).exists():
        progress("compiling the counting plugin", 0, 1)
    made = Ready(emulator, plugin.build(emulator), root)
    for done, (name, one) in enumerate(boards.items()):
        tried = made.plugin.with_suffix(f".{root.digest}.{name}.tried")
        if not tried.exists():
            progress(f"trying {name}", done, len(boards))
            write_atomically(tried, f"{attempt(made, one)}\n")
    progress("ready", 1, 1)
    return made


def install(packages: list[str], progress: fetch.Progress) -> None:
    """Install Debian packages on this computer where that is allowed.

    Raises:
        DeviceUnavailable: If it is not; the text has the exact command.
    """
    command = f"apt-get install --yes {' '.join(packages)}"
    if os.geteuid() != 0:
        raise DeviceUnavailable(f"{' and '.join(packages)} must be installed first; as root: {command}")
    progress(f"installing {' and '.join(packages)}", 0, 1)
    tools.run(["apt-get", "-qq", "update"], "this computer's package lists")
    # Without recommends: qemu-user's would register it to run every aarch64 program here.
    tools.run(["apt-get", "-qq", "install", "--yes", "--no-install-recommends", *packages], " and ".join(packages))
    qemu.probe.cache_clear()


def warm(emulator: qemu.Qemu, unfinished: sysroot.Sysroot, one: board.Board) -> None:
    """Let the emulated Python compile the modules a worker imports."""
    with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        view = board.prepare(Path(scratch), unfinished, one)
        command = view.command(emulator, ("-c", f"import {WARM}"))
        # By the name that it has on this computer: nothing new can be made under a name that the board has.
        environment = {**command.environment, "PYTHONPYCACHEPREFIX": str(unfinished.root / sysroot.BYTECODE)}
        _run(Command(command.arguments, environment), "importing the sysroot's packages")


def attempt(made: Ready, one: board.Board) -> int:
    """Count a few instructions on a board and load its runtime; return the count.

    Raises:
        DeviceUnavailable: If the emulated Python fails or the plugin counts nothing.
    """
    with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        view = board.prepare(Path(scratch), made.sysroot, one)
        program = TRIAL.format(mark=instructions.MARK)
        _run(view.command(made.emulator, ("-B", "-c", program), made.plugin), "a trial run")
        try:
            first, second = instructions.read(Path(f"{view.root}{board.COUNTER}"))
        except (ValueError, LookupError) as error:
            raise DeviceUnavailable(f"qemu {made.emulator.version} ran, but its plugin counted nothing") from error
    return second - first


def _run(command: Command, what: str) -> None:
    done = subprocess.run(command.arguments, env=dict(command.environment), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"
        tail = "\n".join(f"    {line}" for line in done.stderr.strip().splitlines()[-6:])
        raise DeviceUnavailable(f"{what} under {command.arguments[0]} ended with {how}\n{tail}")
