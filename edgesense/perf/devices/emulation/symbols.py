"""Function symbols of an ELF file (64 bit, little endian), to name the code that a counted run was in."""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
SYMBOL_TABLES = (2, 11)
FUNCTION = 2
EXECUTABLE = 2


@dataclass(frozen=True)
class Symbols:
    """Functions of one file, by address.

    Attributes:
        moves: Whether it is loaded at an address that its own addresses are relative to.
        starts: First address of each function, ascending.
        ends: The address behind each.
        names: Their names.
    """

    moves: bool
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    names: tuple[str, ...]

    def find(self, address: int) -> str | None:
        """Return the function an address of the file lies in."""
        index = bisect.bisect_right(self.starts, address) - 1
        return self.names[index] if index >= 0 and address < self.ends[index] else None


def read(path: Path) -> Symbols:
    """Return a file's functions, those of both symbol tables; none if it is no such ELF file."""
    content = path.read_bytes()
    if content[:6] != b"\x7fELF\x02\x01":
        return Symbols(moves=True, starts=(), ends=(), names=())
    found = sorted(set(_functions(content)))
    return Symbols(
        moves=struct.unpack_from("<H", content, 16)[0] != EXECUTABLE,
        starts=tuple(start for start, _, _ in found),
        ends=tuple(start + max(size, 1) for start, size, _ in found),
        names=tuple(name for _, _, name in found),
    )


def _functions(content: bytes) -> Iterator[tuple[int, int, str]]:
    (offset,) = struct.unpack_from("<Q", content, 40)
    size, count = struct.unpack_from("<HH", content, 58)
    sections = [SECTION_HEADER.unpack_from(content, offset + index * size) for index in range(count)]
    for _, kind, _, _, start, length, link, *_ in sections:
        if kind not in SYMBOL_TABLES:
            continue
        names = sections[link][4]
        for name, info, _, section, value, extent in SYMBOL.iter_unpack(content[start : start + length]):
            if info & 15 == FUNCTION and section:
                end = content.index(b"\0", names + name)
                yield value, extent, content[names + name : end].decode("utf-8", "replace")
