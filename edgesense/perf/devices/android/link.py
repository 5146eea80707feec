"""adb: which phone is meant, what is in the way, and commands on it, each with a time limit.

A command on the phone is a constant script and words: ``adb shell`` hands the phone's shell one line, so every word is
quoted and none is ever pasted into a script. The exit status comes back as a last line, which releases before Android 7
do not tell otherwise; without that line the phone went away.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgesense.errors import DeviceUnavailable, MeasurementError, WorkerFailed
from edgesense.perf import processes

PROGRAM = "adb"
READY = "device"
SHORT_SECONDS = 30.0
"""For what takes no time: starting adb's server takes the longest, some seconds."""
ENDED = "edgesense-ended "
FULL = "No space left on device"
LOST = (
    "not found",
    "device offline",
    "no devices/emulators found",
    "device unauthorized",
    "closed",
    "protocol fault",
    "Connection reset",
    "connect failed",
    "cannot connect to daemon",
)
"""What adb says when the phone, or the server that talks to it, is gone in the middle."""

REMEDIES: Mapping[str, tuple[str, str]] = {
    "unauthorized": (
        "does not trust this computer",
        "unlock it and accept 'Allow USB debugging?', then: adb devices",
    ),
    "authorizing": ("is about to ask whether it trusts this computer", "look at its screen, then: adb devices"),
    "offline": ("does not answer (offline)", "plug it in again, or: adb reconnect offline"),
    "no permissions": ("may not be opened by this user", "add the udev rule of android-sdk-platform-tools-common"),
}
"""State, as ``adb devices`` names it -> what it means, and what helps."""


@dataclass(frozen=True)
class Absent:
    """Why there is no phone to measure on, and the next step."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}; next: {self.remedy}"


@dataclass(frozen=True)
class Said:
    """What a command on the phone printed, both streams, and its exit status."""

    out: str
    status: int

    @property
    def last(self) -> Sequence[str]:
        """Its last lines."""
        return [line for line in self.out.splitlines() if line.strip()][-processes.STDERR_LINES :]


@dataclass(frozen=True)
class Link:
    """One phone that adb reaches.

    Attributes:
        program: adb itself.
        serial: The phone's.
    """

    program: str
    serial: str

    def call(self, *words: str, timeout_seconds: float) -> processes.Exchange:
        """Run one adb command for this phone.

        Raises:
            WorkerFailed: If it takes longer, or the phone went away meanwhile.
            MeasurementError: If it failed otherwise; with what adb said.
        """
        done = _exchange((self.program, "-s", self.serial, *words), timeout_seconds)
        if done.status != 0:
            said = "; ".join((*done.out.splitlines()[-3:], *done.last))
            if any(word in said for word in LOST) and FULL not in said:
                raise WorkerFailed(f"the phone {self.serial} went away during adb {words[0]}: {said}")
            raise MeasurementError(f"adb {words[0]} failed: {said or 'it printed nothing'}")
        return done

    def run(self, script: str, *words: str, timeout_seconds: float = SHORT_SECONDS) -> Said:
        """Run a constant script on the phone with words as its ``$1``, ``$2`` ...

        Raises:
            WorkerFailed: If it takes longer, or the phone went away meanwhile.
        """
        command = shlex.join(("sh", "-c", script, "sh", *words))
        line = f"{command} 2>&1; printf '\\n{ENDED}%d\\n' $?"
        done = _exchange((self.program, "-s", self.serial, "shell", line), timeout_seconds)
        out, mark, status = done.out.replace("\r\n", "\n").rpartition(f"\n{ENDED}")
        if not mark or not status.strip().isdecimal():
            said = "; ".join((*done.out.splitlines()[-3:], *done.last)) or "adb printed nothing"
            raise WorkerFailed(f"the phone {self.serial} went away in the middle of a command: {said}")
        return Said(out, int(status))


def _exchange(arguments: Sequence[str], timeout_seconds: float) -> processes.Exchange:
    try:
        command = processes.Command(tuple(arguments), dict(os.environ))
        return processes.exchange(command, "", timeout_seconds=timeout_seconds)
    except WorkerFailed as error:
        raise WorkerFailed(f"adb {error}") from None
    except OSError as error:
        raise DeviceUnavailable(f"adb cannot be started: {error.strerror or error}") from error


def find(serial: str | None) -> Link:
    """Return the phone that is meant: the one with a serial, else the only one.

    Raises:
        DeviceUnavailable: If there is no adb, no phone, more than one, or it cannot be used as it is.
    """
    found = look(serial)
    if isinstance(found, Absent):
        raise DeviceUnavailable(str(found))
    return found


def look(serial: str | None) -> Link | Absent:
    """Return the phone that is meant, or what is in the way."""
    program = shutil.which(PROGRAM)
    if program is None:
        return Absent("adb is not on PATH", "as root: apt-get install --yes adb (or Android's platform-tools)")
    try:
        done = _exchange((program, "devices"), SHORT_SECONDS)
    except MeasurementError as error:
        return Absent(str(error), "adb kill-server")
    if done.status != 0:
        return Absent(f"adb devices failed: {'; '.join(done.last)}", "adb kill-server")
    return _choose(program, states(done.out), serial or os.environ.get("ANDROID_SERIAL") or None)


def states(listing: str) -> dict[str, str]:
    """Return serial -> state of what ``adb devices`` printed."""
    rows = (line.split(maxsplit=1) for line in listing.splitlines() if line and not line.startswith(("*", "List of")))
    return {row[0]: row[1].strip() for row in rows if len(row) == 2}


def _choose(program: str, seen: Mapping[str, str], serial: str | None) -> Link | Absent:
    listed = ", ".join(f"{name} ({state})" for name, state in seen.items()) or "none"
    if serial is None and len(seen) > 1:
        return Absent(f"adb sees {len(seen)} phones: {listed}", f'name one of them: serial = "{next(iter(seen))}"')
    if not seen or (serial is not None and serial not in seen):
        wanted = "no phone" if serial is None else f"no phone with the serial {serial}; it sees: {listed}"
        return Absent(
            f"adb sees {wanted}", "connect it with USB debugging on (or: adb connect HOST:PORT), then: adb devices"
        )
    serial = serial or next(iter(seen))
    if seen[serial] == READY:
        return Link(program, serial)
    known = next((one for state, one in REMEDIES.items() if seen[serial].startswith(state)), None)
    reason, remedy = known or (f"is in the state '{seen[serial]}'", "start it as usual, then: adb devices")
    return Absent(f"the phone {serial} {reason}", remedy)
