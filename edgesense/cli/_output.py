"""What a verb writes: to a file, or to standard output for ``-``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from edgesense.errors import InvalidInput
from edgesense.perf.files import write_atomically
from edgesense.perf.records import Json

STANDARD_OUTPUT = "-"


def check(target: str | None) -> None:
    """Refuse a file that cannot be written, before anything long is begun.

    Raises:
        InvalidInput: If its directory is not there.
    """
    if target not in {None, STANDARD_OUTPUT} and not Path(str(target)).absolute().parent.is_dir():
        msg = f"--json {target}: its directory is not there"
        raise InvalidInput(msg)


def write(body: Mapping[str, Json], target: str | None) -> None:
    """Write JSON where it is asked for.

    Raises:
        InvalidInput: If the file cannot be written.
    """
    if target is not None:
        put(json.dumps(body, indent=2, ensure_ascii=False) + "\n", target, "--json")


def put(text: str, target: str, option: str) -> None:
    """Write a text to a file, or to standard output for ``-``.

    Args:
        text: All of it.
        target: Where.
        option: That named it, for messages.

    Raises:
        InvalidInput: If the file cannot be written.
    """
    if target == STANDARD_OUTPUT:
        print(text, end="")
        return
    try:
        write_atomically(Path(target), text)
    except OSError as error:
        msg = f"{option} {target}: {error.strerror or error}"
        raise InvalidInput(msg) from error
