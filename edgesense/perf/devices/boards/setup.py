"""A board made ready: the agent greeted, and an environment of pinned wheels where there is none yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.boards import wheels
from edgesense.perf.devices.boards.link import Link
from edgesense.perf.devices.emulation import fetch, lock

LEAST_PYTHON = (3, 11)
ENVIRONMENT_SECONDS = 600.0
ROOM_BYTES = 500 * 2**20
KEEP_SECONDS = 14 * 24 * 3600.0
"""What was not used on a board for so long is removed there when it is set up anew."""


def silent(what: str, done: int, total: int) -> None:
    """Nobody is told of what takes a moment."""


@dataclass(frozen=True)
class Board:
    """A board that is ready to run workers.

    Attributes:
        link: To its agent.
        python: The Python there that has NumPy and a runtime.
        about: What the agent said of the board.
    """

    link: Link
    python: str
    about: Mapping[str, Any]


def ready(
    link: Link, directory: str, python: str | None, progress: fetch.Progress, *, own_environment: bool = False
) -> Board:
    """Return a board with an environment; it is made now where it is not there yet.

    Args:
        link: To its agent.
        directory: Where everything is kept there.
        python: A Python on the board that is not its `python3`; None for that one.
        progress: Told of each step.
        own_environment: Whether that Python has NumPy and a runtime already and is used as it is.

    Raises:
        DeviceUnavailable: If the board cannot be used; the text says what to do.
    """
    about = link.hello(directory, python)
    version = tuple(about["python"][:2])
    if about["system"] != "Linux":
        raise DeviceUnavailable(f"{link.name} runs {about['system']}; boards run Linux")
    if version < LEAST_PYTHON:
        raise DeviceUnavailable(
            f"{link.name} has Python {dotted(version)}, and EdgeSense needs {dotted(LEAST_PYTHON)} or newer: "
            'install one there and name it with python = "..."'
        )
    if own_environment:
        return Board(link, about["executable"], about)
    machine = about["machine"] if about["bits"] == 64 else f"{about['machine']} with a 32-bit Python"
    wanted = wheels.target(dotted(version), machine, link.name)
    name = f"environment-{wanted.digest}-{hashlib.sha256(about['executable'].encode()).hexdigest()[:8]}"
    if link.request("missing", files=[], trees=[name])["trees"]:
        if about["free"] < ROOM_BYTES:
            free, needed = about["free"] / 2**20, ROOM_BYTES / 2**20
            raise DeviceUnavailable(
                f"{link.name} has {free:.0f} MiB free in {about['base']} and an environment needs {needed:.0f} MiB: "
                'make room, or name another disk with directory = "..."'
            )
        found = wheels.files(wanted, progress)
        digests = send(link, found, progress)
        progress(f"{link.name}: making an environment", 0, 1)
    else:
        digests = {}
    made = link.request(
        "environment",
        name=name,
        python=about["executable"],
        wheels=list(digests.values()),
        imports=list(wanted.imports),
        timeout_seconds=ENVIRONMENT_SECONDS,
    )
    return Board(link, made["python"], about)


def send(link: Link, paths: Iterable[Path], progress: fetch.Progress = silent) -> dict[Path, str]:
    """Bring files that are not there yet; return each one's digest."""
    digests = {path: lock.sha256(path) for path in dict.fromkeys(paths)}
    missing = set(link.request("missing", files=sorted(set(digests.values())), trees=[])["files"])
    for done, (path, digest) in enumerate(digests.items()):
        if digest in missing:
            progress(f"{link.name}: sending {path.name}", done, len(digests))
            link.request("put", path.read_bytes(), digest=digest)
            missing.discard(digest)
    return digests


def dotted(version: Iterable[int]) -> str:
    """Return a version as text."""
    return ".".join(map(str, version))
