"""Files and processes on a phone, all below one directory, and none of them left behind.

A file lies under its content's hash and gets its name only when it is whole, so that what is there is never pushed
again and never half. A process writes its number down, so that it can be ended after adb was, or this process was.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edgesense.errors import MeasurementError, WorkerFailed
from edgesense.perf.devices.android.link import FULL, Link, Said

HOME = "/data/local/tmp/edgesense"
RUNNING = f"{HOME}/run"
DIGITS = 16

IS_THERE = '[ -f "$1" ] && [ "$(wc -c < "$1")" -eq "$2" ]'
MAKE = 'mkdir -p "$1"'
SETTLE = 'chmod "$1" "$2" && mv -f "$2" "$3"'
REMOVE = 'rm -rf "$1"'
RUN = """
heat() { dumpsys thermalservice 2> /dev/null | grep "Thermal Status:" | head -n 1; }
mkdir -p "$1" || exit 1
heat
sh -c 'echo $$ > "$1/pid"; shift; exec "$@"' sh "$@"
status=$?
rm -f "$1/pid"
heat
exit $status
"""
"""The second shell becomes the program, so that the number it wrote down is the program's."""
END = """
pid=$(cat "$1/pid" 2> /dev/null) && grep -q "$2" "/proc/$pid/cmdline" 2> /dev/null && kill -9 "$pid"
rm -rf "$1"
"""
"""Only a process that still is what was started there: numbers are given out again."""
PROPERTIES = 'for name; do getprop "$name"; done'
HEAT = re.compile(r"^\s*Thermal Status: (\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What a program on the phone said.

    Attributes:
        said: Its text and exit status.
        heat: Android's thermal status before and after, 0 for none; empty where the phone does not tell.
    """

    said: Said
    heat: tuple[int, ...]

    @property
    def throttled(self) -> bool:
        """Whether the phone held itself back because it was hot."""
        return any(self.heat)


@dataclass
class Phone:
    """A phone during one job; use it as a context manager, so that nothing stays behind.

    Attributes:
        link: How it is reached.
        name: The device's name, for messages.
        timeout_seconds: For a push and for a program.
        keep: Whether pushed files stay for the next job.
        left: Why something may have stayed behind, "" where nothing did.
    """

    link: Link
    name: str
    timeout_seconds: float
    keep: bool = False
    left: str = ""

    def __enter__(self) -> Self:
        # What a job that was killed may have left running.
        self._end()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._end()
            if not self.keep:
                # All of it: also what jobs left that were cut off.
                self.link.run(REMOVE, HOME)
        except MeasurementError as error:
            self.left = f"{HOME} on {self.name} could not be cleaned up: {error}"

    def _end(self) -> None:
        self.link.run(END, RUNNING, HOME)

    def put(self, local: Path, name: str, *, executable: bool = False) -> str:
        """Return the path on the phone of a file of this computer, pushed if it is not there yet.

        Args:
            local: The file.
            name: What it is called there, below a folder named by its content.
            executable: Whether it is a program.

        Raises:
            MeasurementError: If it cannot be read here or written there.
            WorkerFailed: If the phone went away or took too long.
        """
        try:
            with local.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = local.stat().st_size
        except OSError as error:
            raise MeasurementError(f"{local} cannot be read: {error.strerror or error}") from error
        folder = f"{HOME}/{digest[:DIGITS]}"
        path, draft = f"{folder}/{name}", f"{folder}/.{name}"
        if self.link.run(IS_THERE, path, str(size)).status == 0:
            return path
        self._done(self.link.run(MAKE, folder), f"{folder} cannot be made")
        try:
            self.link.call("push", str(local), draft, timeout_seconds=self.timeout_seconds)
        except WorkerFailed:
            raise
        except MeasurementError as error:
            if FULL not in str(error):
                raise
            msg = (
                f"the storage of {self.name} is full: {local.name} ({size} bytes) found no room under {HOME}; free some"
            )
            raise MeasurementError(msg) from error
        self._done(self.link.run(SETTLE, "755" if executable else "644", draft, path), f"{path} cannot be written")
        return path

    def get(self, remote: str, local: Path) -> Path:
        """Bring a file of the phone here."""
        self.link.call("pull", remote, str(local), timeout_seconds=self.timeout_seconds)
        return local

    def start(self, words: Sequence[str]) -> Ran:
        """Run a program there and wait for its end; one that takes too long is ended.

        Raises:
            WorkerFailed: If it took too long or the phone went away.
        """
        try:
            said = self.link.run(RUN, RUNNING, *words, timeout_seconds=self.timeout_seconds)
        except WorkerFailed as error:
            raise WorkerFailed(f"{Path(words[0]).name} on {self.name}: {error}") from None
        return Ran(Said(HEAT.sub("", said.out), said.status), tuple(int(one) for one in HEAT.findall(said.out)))

    def properties(self, *names: str) -> dict[str, str]:
        """Return Android's own settings, as ``getprop`` tells them; "" for one that is not set."""
        values = self.link.run(PROPERTIES, *names).out.splitlines()
        return {name: value.strip() for name, value in zip(names, [*values, *[""] * len(names)], strict=False)}

    def _done(self, said: Said, what: str) -> None:
        if said.status != 0:
            full = "; the storage is full" if FULL in said.out else ""
            raise MeasurementError(f"{what} on {self.name}{full}: {' '.join(said.last) or 'nothing was said'}")
