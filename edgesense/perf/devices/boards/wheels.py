"""The wheels that a board's environment is made of, pinned by digest for each Python and machine; fetched here."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import fetch
from edgesense.perf.devices.emulation.lock import Pin
from edgesense.perf.files import cache_directory

LOCK_FILE = Path(__file__).with_name("wheels.lock")
IMPORTS = {"ai-edge-litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
"""What is imported once where an environment is made, so that what cannot run there is found out then."""
ALWAYS_IMPORTED = ("numpy", "scipy.fft")


@dataclass(frozen=True)
class Target:
    """A kind of board.

    Attributes:
        python: Its Python, as in ``3.11``.
        machine: As `platform.machine` names it.
        pins: The wheels.
    """

    python: str
    machine: str
    pins: tuple[Pin, ...]

    @property
    def digest(self) -> str:
        """Identity of an environment made of exactly these wheels, 12 hexadecimal digits."""
        lines = [self.python, self.machine, *(f"{pin.name} {pin.version} {pin.sha256}" for pin in self.pins)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules that have to be importable there."""
        return (*ALWAYS_IMPORTED, *(IMPORTS[pin.name] for pin in self.pins if pin.name in IMPORTS))


@lru_cache(maxsize=1)
def targets() -> tuple[Target, ...]:
    """Return every kind of board that wheels are pinned for."""
    document = tomllib.loads(LOCK_FILE.read_text(encoding="utf-8"))
    return tuple(
        Target(
            entry["python"],
            entry["machine"],
            tuple(Pin(name, version, sha256) for name, (version, sha256) in entry["wheels"].items()),
        )
        for entry in document["target"]
    )


def render(found: Iterable[Target]) -> str:
    """Return targets as the text that `targets` reads."""
    lines = ["# What boards get, by Python and machine. Renewed by scripts/lock_boards.py."]
    for one in found:
        lines += ["", "[[target]]", f'python = "{one.python}"', f'machine = "{one.machine}"', "[target.wheels]"]
        lines += [f'{pin.name} = ["{pin.version}", "{pin.sha256}"]' for pin in one.pins]
    return "\n".join(lines) + "\n"


def target(python: str, machine: str, board: str) -> Target:
    """Return the wheels for a board.

    Args:
        python: Its Python, as in ``3.11``.
        machine: As `platform.machine` names it.
        board: Its name, for the message.

    Raises:
        DeviceUnavailable: If none are pinned for it.
    """
    found = next((one for one in targets() if (one.python, one.machine) == (python, machine)), None)
    if found is None:
        known = ", ".join(f"{one.python} on {one.machine}" for one in targets())
        raise DeviceUnavailable(
            f"{board} has Python {python} on {machine}, for which EdgeSense pins no wheels (there are: {known}); name "
            'another of its Pythons with python = "...", or one that has NumPy and a runtime with environment = "..."'
        )
    return found


def files(one: Target, progress: fetch.Progress) -> Sequence[Path]:
    """Return a target's wheels, fetched into the cache where they are not there yet.

    Raises:
        DeviceUnavailable: If one cannot be had with the pinned digest.
    """
    from filelock import FileLock

    downloads = cache_directory() / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    with FileLock(cache_directory() / "setup.lock"):
        return [path for _, path in fetch.wheels(one.pins, downloads, one.python, one.machine, progress)]
