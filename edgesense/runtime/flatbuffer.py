"""A bounds-checked reader of flatbuffer tables: whatever the bytes are, it answers or raises `ModelError`.

Layout: https://flatbuffers.dev/internals. All numbers are little-endian. A table starts with the signed distance
back to its vtable; the vtable holds its own size, the table's size and one 16-bit offset a field, 0 for "not here".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesense.errors import ModelError

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator

_WIDTHS = {"b": 1, "B": 1, "H": 2, "i": 4, "I": 4, "f": 4, "q": 8, "Q": 8}


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file's content; every read is checked against its end.

    Attributes:
        data: The bytes, which may be a memory map.
        size: How many there are.
        name: What to call the file in an error.
    """

    data: bytes | mmap.mmap
    size: int
    name: str

    def read(self, kind: str, at: int, count: int = 1) -> tuple[float, ...]:
        """`count` numbers of a `struct` kind at a position.

        Raises:
            ModelError: They would reach outside the file.
        """
        if at < 0 or count < 0 or at + count * _WIDTHS[kind] > self.size:
            raise ModelError(
                f"{self.name} is damaged: it refers to byte {at + count * _WIDTHS[kind]} but has only {self.size}; "
                "it was cut off or is no TFLite model"
            )
        return struct.unpack_from(f"<{count}{kind}", self.data, at)

    def integer(self, kind: str, at: int) -> int:
        """One whole number at a position."""
        return int(self.read(kind, at)[0])

    def root(self) -> Table:
        """The table that the file is."""
        return Table(self, self.integer("I", 0))


@dataclass(frozen=True, slots=True)
class Table:
    """A flatbuffer table at a position; fields are asked for by slot."""

    source: Bytes
    at: int

    def _field(self, slot: int) -> int:
        """Position of a field, or 0 when it has its default."""
        vtable = self.at - self.source.integer("i", self.at)
        size = self.source.integer("H", vtable)
        entry = 4 + 2 * slot
        if entry + 2 > size:
            return 0
        offset = self.source.integer("H", vtable + entry)
        return self.at + offset if offset else 0

    def integer(self, slot: int, kind: str, default: int = 0) -> int:
        """A whole number, `kind` as in `struct`."""
        field = self._field(slot)
        return self.source.integer(kind, field) if field else default

    def _target(self, slot: int) -> int:
        """Position that an offset field points to, or 0."""
        field = self._field(slot)
        return field + self.source.integer("I", field) if field else 0

    def table(self, slot: int) -> Table | None:
        """A table in a field."""
        target = self._target(slot)
        return Table(self.source, target) if target else None

    def span(self, slot: int, width: int = 1) -> tuple[int, int]:
        """Where a vector's elements start and how many there are; (0, 0) for none.

        Raises:
            ModelError: They reach outside the file.
        """
        target = self._target(slot)
        if not target:
            return 0, 0
        count = self.source.integer("I", target)
        if target + 4 + count * width > self.source.size:
            raise ModelError(
                f"{self.source.name} is damaged: a block ends at byte {target + 4 + count * width} but the file has "
                f"only {self.source.size}; it was cut off or is no TFLite model"
            )
        return target + 4, count

    def numbers(self, slot: int, kind: str) -> tuple[float, ...]:
        """A vector of numbers."""
        start, count = self.span(slot, _WIDTHS[kind])
        return self.source.read(kind, start, count) if count else ()

    def integers(self, slot: int, kind: str = "i") -> tuple[int, ...]:
        """A vector of whole numbers."""
        return tuple(map(int, self.numbers(slot, kind)))

    def tables(self, slot: int) -> Iterator[Table]:
        """A vector of tables."""
        start, count = self.span(slot, 4)
        for position in range(start, start + 4 * count, 4):
            yield Table(self.source, position + self.source.integer("I", position))

    def text(self, slot: int) -> str:
        """A string, empty for none; bytes that are no UTF-8 are replaced."""
        return self.block(slot).decode("utf-8", "replace")

    def block(self, slot: int) -> bytes:
        """A vector of bytes."""
        start, count = self.span(slot)
        return self.source.data[start : start + count] if count else b""
