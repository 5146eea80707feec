"""Time calls that are to be compared: in turns in one process, each round's ratio by itself, and their median told."""

from __future__ import annotations

import gc
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

# Imported before NumPy: on a busy computer, threads of a small product that wait for one another are what is timed.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
HERE = "this computer; says nothing about pi"


def timed(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each call in each round, on one thread; the order turns, and two rounds warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    gc.collect()
    gc.disable()
    try:
        for number in range(-2, rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                started = time.perf_counter()
                calls[name]()
                spent = time.perf_counter() - started
                if number >= 0:
                    seconds[name].append(spent)
    finally:
        gc.enable()
    return seconds


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(one / other for one, other in zip(over, under, strict=True))


def median_ms(seconds: Sequence[float]) -> float:
    """Return the median in milliseconds."""
    return 1e3 * statistics.median(seconds)


def row(
    name: str, value: float, unit: str, *, below: float | None = None, above: float | None = None
) -> dict[str, Any]:
    """Return one figure; a bar if it has to lie below or above a limit."""
    body: dict[str, Any] = {"name": name, "value": round(value, 4), "unit": unit}
    if below is not None:
        body |= {"limit": below, "met": value < below}
    if above is not None:
        body |= {"limit": above, "met": value > above}
    return body


def finish(rows: Sequence[Mapping[str, Any]], target: Path | None) -> int:
    """Say whose figures these are, write them where it is asked for, and return 1 if a bar is missed."""
    print(HERE)
    if target:
        target.write_text(json.dumps(list(rows), indent=2) + "\n", encoding="utf-8")
    return 0 if all(one.get("met", True) for one in rows) else 1
