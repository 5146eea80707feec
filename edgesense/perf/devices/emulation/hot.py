"""Where a board's instructions go: by stage and by function, from one emulated turn."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgesense.perf.devices.emulation import symbols
from edgesense.perf.metrics import instructions

PROBE = f"{__name__}:probe"
END_TO_END, STAGE = "3", "5"
NO_SYMBOLS = symbols.Symbols(moves=True, starts=(), ends=(), names=())


@dataclass(frozen=True)
class Place:
    """A part of a stage's instructions.

    Attributes:
        stage: The stage, or "end to end".
        function: Its name, or "?" in code without symbols.
        file: The file's name.
        instructions: Of one call.
    """

    stage: str
    function: str
    file: str
    instructions: int


@dataclass(frozen=True)
class Mapped:
    """A file in the board's memory."""

    start: int
    end: int
    base: int
    path: Path


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Count one turn and tell which file is where in memory.

    Args:
        workload: An open `Workload`.
        options: As for `edgesense.perf.metrics.instructions.probe`.

    Returns:
        Fact ``maps``, the process's memory map, and the counts.
    """
    said = instructions.probe(workload, {**options, "warm_up": 2, "calls": 1})
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    return {**said, "facts": {**said["facts"], "maps": maps, "stages": list(getattr(workload, "stages", None) or {})}}


def readable(name: str) -> str:
    """Return a C++ function's name as people write it, where binutils' c++filt is installed."""
    program = shutil.which("c++filt")
    if not name.startswith("_Z") or program is None:
        return name
    done = subprocess.run([program, "--no-params", name], capture_output=True, text=True, check=False)
    return done.stdout.strip() or name


def mapped(maps: str) -> list[Mapped]:
    """Return the files of a memory map (proc(5)); a file's base is where its first byte is."""
    found: list[Mapped] = []
    bases: dict[str, int] = {}
    for line in maps.splitlines():
        addresses, _, offset, _, _, *path = line.split(maxsplit=5)
        if not path or not path[0].startswith("/"):
            continue
        start, end = (int(part, 16) for part in addresses.split("-"))
        base = bases.setdefault(path[0], start - int(offset, 16))
        found.append(Mapped(start, end, base, Path(path[0])))
    return found


def places(blocks: Iterable[str], stages: Sequence[str], files: Sequence[Mapped]) -> list[Place]:
    """Return where the last turn's instructions went, the most first within each stage.

    Args:
        blocks: Lines of the plugin's file.
        stages: The workload's stages, in order.
        files: What is where.
    """
    table: dict[Path, symbols.Symbols] = {}
    spent: Counter[tuple[str, str, str]] = Counter()
    for stage, address, count in _last_turn(blocks, stages):
        file = next((one for one in files if one.start <= address < one.end), None)
        if file is None:
            spent[stage, "?", "no file"] += count
            continue
        if file.path not in table:
            table[file.path] = symbols.read(file.path) if file.path.is_file() else NO_SYMBOLS
        known = table[file.path]
        name = known.find(address - file.base if known.moves else address)
        spent[stage, name or "?", file.path.name] += count
    order = ["end to end", *stages]
    found = [Place(*place, count) for place, count in spent.items()]
    return sorted(found, key=lambda place: (order.index(place.stage), -place.instructions))


def _last_turn(blocks: Iterable[str], stages: Sequence[str]) -> list[tuple[str, int, int]]:
    turn: list[tuple[str, int, int]] = []
    stage: str | None = None
    seen = 0
    for line in blocks:
        first, second = line.split()
        if first == "mark":
            if second == END_TO_END:
                turn, seen, stage = [], 0, "end to end"
            elif second == STAGE:
                stage, seen = stages[seen], seen + 1
            else:
                stage = None
        elif stage is not None:
            turn.append((stage, int(first, 16), int(second)))
    return turn
