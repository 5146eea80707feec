"""The lock file: every Debian package and wheel of the sysroot, by version and SHA-256; no hosts."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import DeviceUnavailable

SCHEMA = 1
LAYOUT = 1
"""Raised when the way a sysroot is laid out changes its counts."""

LOCK_FILE = Path(__file__).with_name("sysroot.lock")

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class Pin:
    """One package of one version, known by the digest of its file."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Lock:
    """What a sysroot is made of, either as wanted (the lock file) or as it came (a sysroot's manifest).

    Attributes:
        suite: The Debian release the packages come from.
        python: The emulated Python's version, as in ``3.11``.
        debian: Debian packages for arm64.
        wheels: Wheels for aarch64 or for any machine.
    """

    suite: str
    python: str
    debian: tuple[Pin, ...]
    wheels: tuple[Pin, ...]

    @property
    def digest(self) -> str:
        """Identity of a sysroot made of exactly these files, 12 hexadecimal digits."""
        lines = [f"layout {LAYOUT}", self.python, *_lines("deb", self.debian), *_lines("wheel", self.wheels)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]

    def version(self, name: str) -> str:
        """Return the version of a wheel or package."""
        return next(pin.version for pin in (*self.wheels, *self.debian) if pin.name == name)

    def changes(self, other: Lock) -> tuple[str, ...]:
        """Return each package in which `other` differs from this, as ``libc6 2.36-9 -> 2.36-10``."""
        mine = {pin.name: pin for pin in (*self.debian, *self.wheels)}
        theirs = {pin.name: pin for pin in (*other.debian, *other.wheels)}
        changed = []
        for name in sorted(mine.keys() | theirs.keys()):
            before, after = mine.get(name), theirs.get(name)
            if before == after:
                continue
            old = before.version if before else "absent"
            new = after.version if after else "absent"
            changed.append(f"{name} {old} -> {new}" if old != new else f"{name} {old}: another file")
        return tuple(changed)


def _lines(kind: str, pins: Iterable[Pin]) -> list[str]:
    return [f"{kind} {pin.name} {pin.version} {pin.sha256}" for pin in sorted(pins)]


def parse(text: str) -> Lock:
    """Return the lock in a TOML text.

    Raises:
        DeviceUnavailable: If it is not a lock file of this schema.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeviceUnavailable(f"the sysroot's lock file is damaged: {error}") from error
    if document.get("schema") != SCHEMA:
        raise DeviceUnavailable(
            f"the sysroot's lock file has schema {document.get('schema')!r}; this release reads {SCHEMA}"
        )
    try:
        return Lock(
            suite=str(document["suite"]),
            python=str(document["python"]),
            debian=tuple(_pin(entry) for entry in document.get("debian", ())),
            wheels=tuple(_pin(entry) for entry in document.get("wheel", ())),
        )
    except KeyError as error:
        raise DeviceUnavailable(f"the sysroot's lock file lacks {error}") from error


def _pin(entry: dict[str, object]) -> Pin:
    pin = Pin(str(entry["name"]), str(entry["version"]), str(entry["sha256"]))
    if not _SHA256.fullmatch(pin.sha256):
        raise DeviceUnavailable(f"the sysroot's lock file has no SHA-256 for {pin.name}: {pin.sha256!r}")
    return pin


def render(lock: Lock) -> str:
    """Return a lock as the text that `parse` reads."""
    lines = [f"schema = {SCHEMA}", f'python = "{lock.python}"', f'suite = "{lock.suite}"']
    for table, pins in (("debian", lock.debian), ("wheel", lock.wheels)):
        for pin in sorted(pins):
            lines += ["", f"[[{table}]]", f'name = "{pin.name}"', f'version = "{pin.version}"']
            lines.append(f'sha256 = "{pin.sha256}"')
    return "\n".join(lines) + "\n"


def load() -> Lock:
    """Return the lock that this release was made with."""
    return parse(LOCK_FILE.read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
