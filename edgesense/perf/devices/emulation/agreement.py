"""Whether the emulated board and this computer give the same answers; then accuracy here stands in for it.

This computer writes the first labelled items as an array file and answers them; the board answers the same
items from that file. So the board needs no audio library, and only the pipeline is compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from edgesense.errors import NotMeasured
from edgesense.perf.files import cache_directory, write_atomically

SAMPLE = f"{__name__}:sample"
REPLAY = f"{__name__}:replay"
CLIPS = 100
LIMIT = 0.99


def sample(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the first labelled items on this computer and write them for the board.

    Args:
        workload: An open `Workload`.
        options: ``clips``: how many; ``items``: the file to write.

    Returns:
        Facts ``answers``, one text an item.
    """
    import numpy as np

    pairs = list(islice(workload.labelled(), options["clips"]))
    arrays = [np.asarray(item) for item, _ in pairs]
    if any(array.dtype == object for array in arrays):
        msg = "the labelled items are no arrays, so the emulated board cannot be given the same ones"
        raise NotMeasured(msg)
    np.savez(options["items"], *arrays)
    return {"series": {}, "facts": {"answers": [str(workload.run(item)) for item, _ in pairs]}}


def replay(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the items of a file that `sample` wrote.

    Args:
        workload: An open `Workload`.
        options: ``items``: the file; ``share`` and ``shares``: which part of several is answered here.

    Returns:
        Facts ``answers``, one text an item.
    """
    import numpy as np

    with np.load(options["items"]) as file:
        items = [file[name] for name in file.files[options["share"] :: options["shares"]]]
    return {"series": {}, "facts": {"answers": [str(workload.run(item)) for item in items]}}


@dataclass(frozen=True)
class Agreement:
    """How many items got the same answer on both.

    Attributes:
        same: So many.
        of: So many were asked.
    """

    same: int
    of: int

    @property
    def holds(self) -> bool:
        """Whether accuracy on this computer may stand in for the board's."""
        return self.of > 0 and self.same >= LIMIT * self.of

    def __str__(self) -> str:
        return f"{self.same} of {self.of} clips got the same answer on the emulated board and on this computer"


def compare(here: list[str], there: list[str]) -> Agreement:
    """Return the agreement of two lists of answers."""
    if len(here) != len(there):
        msg = f"the emulated board answered {len(there)} of {len(here)} clips"
        raise NotMeasured(msg)
    return Agreement(sum(map(str.__eq__, here, there)), len(here))


def cached(key: Mapping[str, Any]) -> Agreement | None:
    """Return what an earlier run found for the same key (model, settings, audio, sysroot, runtimes, board)."""
    try:
        stored = json.loads(_path(key).read_text(encoding="utf-8"))
        return Agreement(int(stored["same"]), int(stored["of"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def remember(key: Mapping[str, Any], found: Agreement) -> None:
    """Keep a result for the next run."""
    write_atomically(_path(key), json.dumps({"same": found.same, "of": found.of, "key": key}, indent=1) + "\n")


def _path(key: Mapping[str, Any]) -> Path:
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return cache_directory() / "agreement" / f"{digest[:16]}.json"
