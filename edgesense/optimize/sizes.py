"""What a model takes: as a file on the device, and compressed, as an update or a package carries it.

Pruned weights are zeros that a `.tflite` file stores like any others, and clustered ones repeat a few values: only the
compressed size shows what they save.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LEVEL = 9
"""zlib's best; wheels, APKs and most over-the-air updates are deflate as well."""


@dataclass(frozen=True)
class Sizes:
    """Bytes of one model.

    Attributes:
        file: Of the file as it is.
        compressed: Of the same as a zlib stream.
    """

    file: int
    compressed: int


def of(model: bytes | Path) -> Sizes:
    """Measure a model.

    Args:
        model: The file, or its content.

    Returns:
        Both sizes.
    """
    content = model if isinstance(model, bytes) else model.read_bytes()
    return Sizes(len(content), len(zlib.compress(content, LEVEL)))
