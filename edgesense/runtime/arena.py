"""The tensor arena that TFLite Micro needs for a model: found by loading it, not estimated.

The interpreter reports what it used, and is then loaded in an arena of exactly that size. Two things differ on a chip:
its pointers are half as long, so the interpreter's records are shorter, and its kernels may ask for working memory
(scratch) that the reference kernels do without. `docs/esp32.md` says what follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgesense.errors import ModelError, UnsupportedOperator
from edgesense.runtime import backends

if TYPE_CHECKING:
    from collections.abc import Sequence

ALIGNMENT = 16
"""Bytes; TFLite Micro rounds each allocation to this (`MicroArenaBufferAlignment`)."""
TRIES = 64

_SAID = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")


@dataclass(frozen=True)
class Arena:
    """A model's arena, in bytes.

    Attributes:
        total: The smallest arena in which the model loads and runs.
        activations: Of this, what tensors and scratch take while it runs ("head").
        records: Of this, what stays for the interpreter's own records and the kernels' ("tail").
        runtime: Name and release of what it was found with.
    """

    total: int
    activations: int
    records: int
    runtime: str


def find(path: str | Path) -> Arena:
    """Find the smallest arena for a model.

    Args:
        path: The `.tflite` file.

    Returns:
        Its size and what it is made of.

    Raises:
        SettingsError: TFLite Micro is not installed; the text says how to install it.
        ModelError: It refuses the model, or is no model.
        UnsupportedOperator: It does not have an operator of the model.
    """
    path = Path(path)
    release = f"micro {backends.find('micro')[1].version()}"
    from edgesense.runtime.backends.micro import ARENA_BYTES, MicroInterpreter

    roomy = MicroInterpreter(path, ARENA_BYTES)
    try:
        roomy.allocate_tensors()
    except ValueError as error:
        kind = UnsupportedOperator if "builtin opcode" in str(error) or "custom op" in str(error) else ModelError
        raise kind(f"{release} cannot load {path}: {error}") from error
    said = parse(roomy.allocations())

    def loads(size: int) -> bool:
        try:
            MicroInterpreter(path, size).allocate_tensors()
        except ValueError:
            return False
        return True

    size = said["total"]
    for _ in range(TRIES):
        if not loads(size):
            size += ALIGNMENT
        elif loads(size - ALIGNMENT):
            size -= ALIGNMENT
        else:
            return Arena(size, said["head"], size - said["head"], release)
    raise ModelError(
        f"{release}: no smallest arena was found for {path} near the {said['total']} bytes that it reports"
    )


def parse(lines: Sequence[str]) -> dict[str, int]:
    """Read the interpreter's report of its arena.

    Args:
        lines: As `MicroInterpreter.allocations` gives them.

    Returns:
        Bytes of ``total``, ``head`` and ``tail``.

    Raises:
        ModelError: They say something else than was understood when this was written.
    """
    found = {match[1]: int(match[2]) for line in lines if (match := _SAID.search(line))}
    if found.keys() != {"total", "head", "tail"}:
        raise ModelError(f"TFLite Micro's report of its arena is not understood: {' / '.join(lines)[:300]}")
    return found
