"""Identity of parts of this package's own code: what it made is found again only by the code that made it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

FEATURES = ("audio.py", "datasets", "features", "synthetic")
"""What decides the features of a clip."""

TRAINING = (
    *FEATURES,
    "models",
    "optimize",
    *(
        f"training/{name}.py"
        for name in (
            "augment",
            "batches",
            "checkpoint",
            "distill",
            "embedded",
            "examples",
            "experiment",
            "export",
            "fit",
            "folds",
            "objective",
            "sources",
            "teacher",
        )
    ),
)
"""What decides a trained and converted model, and the answers that it is judged by."""


@cache
def digest(parts: tuple[str, ...]) -> str:
    """Digest of the Python files of some parts.

    Args:
        parts: Paths below this package: modules and folders.

    Returns:
        16 hexadecimal digits.

    Raises:
        FileNotFoundError: There is no such part.
    """
    here = Path(__file__).parent
    content = hashlib.sha256()
    for part in parts:
        found = sorted((here / part).rglob("*.py")) if (here / part).is_dir() else [here / part]
        for path in found:
            content.update(f"{path.relative_to(here).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return content.hexdigest()[:16]
