"""The files that explain broken budgets, as they go into the page: packed inside, linked beside it, or missing."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from edgesense.report.records import Attached

FORMS = {".svg": "image/svg+xml", ".html": "text/html", ".htm": "text/html"}
TEXT = "text/plain"
TEXTS = {".txt", ".log", ".csv", ".md", ""}
FILE_AT_MOST = 2 * 1024**2
ALL_AT_MOST = 8 * 1024**2
"""Bytes of packed files in one page: with the page's own it stays under what people can send each other."""
FOLDER = "files"

Read = Callable[[str], bytes]
"""From a path as a record has it to the file's bytes; raises OSError."""


@dataclass(frozen=True)
class Shown:
    """An attachment on the page.

    Attributes:
        title: One line that says what it shows, and of what.
        packed: The id of what is inside the page, "" where it is not.
        form: Its media type, where it is inside the page.
        link: Where it lies, from the page; "" where it is inside, or missing.
        said: Why it is missing or not inside the page.
        size: Its bytes, 0 where it is missing.
    """

    title: str
    packed: str = ""
    form: str = ""
    link: str = ""
    said: str = ""
    size: int = 0


@dataclass
class Files:
    """What is packed into one page, each content once; the only thing here that grows.

    Attributes:
        read: How a file's bytes are had.
        beside: Whether files that are not inside the page are put beside it.
        packed: Deflated bytes in base64 by id.
        copies: Files to be put beside the page: path from there -> bytes.
    """

    read: Read
    beside: bool = True
    packed: dict[str, str] = field(default_factory=dict)
    copies: dict[str, bytes] = field(default_factory=dict)
    _room: int = ALL_AT_MOST

    def show(self, one: Attached) -> Shown:
        """Return an attachment as the page shows it, and take its file in."""
        if not one.path:
            return Shown(one.title, said=one.reason or "no file")
        try:
            content = self.read(one.path)
        except OSError as error:
            return Shown(one.title, said=f"{one.path}: {error.strerror or error}")
        suffix = PurePosixPath(one.path).suffix.lower()
        form = FORMS.get(suffix, TEXT if suffix in TEXTS else "")
        name = f"file-{hashlib.sha256(form.encode() + content).hexdigest()[:12]}"
        if form and self._pack(name, content):
            return Shown(one.title, name, form, size=len(content))
        why = "for another program" if not form else "too large to be inside this page"
        return Shown(one.title, link=self._link(one.path, name, content), said=why, size=len(content))

    def _pack(self, name: str, content: bytes) -> bool:
        if name in self.packed:
            return True
        packed = base64.b64encode(zlib.compress(content)).decode("ascii")
        if len(packed) > min(FILE_AT_MOST, self._room):
            return False
        self._room -= len(packed)
        self.packed[name] = packed
        return True

    def _link(self, path: str, name: str, content: bytes) -> str:
        if not self.beside:
            return path
        beside = f"{FOLDER}/{name.removeprefix('file-')}-{PurePosixPath(path).name}"
        self.copies[beside] = content
        return beside


def below(root: Path) -> Read:
    """Return how files of a project are read: whatever a record says, none outside of its directory.

    Args:
        root: The project's root.
    """

    def read(path: str) -> bytes:
        try:
            whole = (root / path).resolve()
        except ValueError as error:
            raise FileNotFoundError(None, "no name of a file", path) from error
        if not whole.is_relative_to(root.resolve()):
            raise PermissionError(None, "outside of the project", path)
        if whole.exists() and not whole.is_file():
            # A pipe, for one, would never end.
            raise FileNotFoundError(None, "no plain file", path)
        return whole.read_bytes()

    return read
