"""How well counted instructions predict published times: ``python benchmarks/prediction.py [--json FILE] [--recount]``.

Each published one-thread time is predicted from all others of its core and kind, once leaving out only itself
and once its whole family of models. ``--recount`` also builds, converts and counts every architecture again
(an hour on two cores; needs TensorFlow and the emulated boards).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edgesense.perf import devices
from edgesense.perf.devices.emulation import prediction, profiles
from edgesense.perf.devices.emulation.prediction import Cycles, Published
from edgesense.perf.records import Job

RATIO = 2.0
COVERAGE = 0.9
FEWEST = 2
AGREES = 0.01


def main() -> int:
    """Print the fits and write the bars; the exit status is 1 only if a recount disagrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the bars there")
    parser.add_argument("--recount", action="store_true", help="count every architecture again")
    chosen = parser.parse_args()
    console = Console()
    rows: list[dict[str, Any]] = []
    points = prediction.published()
    for core, dtype in sorted({(point.core, point.dtype) for point in points}):
        group = [point for point in points if (point.core, point.dtype) == (core, dtype)]
        console.print(table(core, dtype, group))
        rows += bars(core, dtype, group)
    for core in sorted({profile.core for profile in profiles.emulated()}):
        numpy = prediction.cycles(core, prediction.NUMPY)
        rows.append(row(f"{core} numpy front end: high/low, assumed", numpy.ratio, "", RATIO, numpy.ratio <= RATIO))
    if chosen.recount:
        rows += [recounted(point, console) for point in points]
    summary = Table("bar", "value", "limit", "met", title="prediction")
    for one in rows:
        limit = "" if one["limit"] is None else f"{one['limit']:g}"
        summary.add_row(one["name"], f"{one['value']:.3g} {one['unit']}", limit, {True: "yes", False: "NO"}[one["met"]])
    console.print(summary)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


def row(name: str, value: float, unit: str, limit: float, met: bool) -> dict[str, Any]:  # noqa: FBT001
    """Return one bar."""
    return {"name": name, "value": value, "unit": unit, "limit": limit, "met": met}


def table(core: str, dtype: str, group: Sequence[Published]) -> Table:
    """Return each point of a group with what the others predict for it."""
    shown = Table(
        "model", "published ms", "M instructions", "cycles each", "from the others, ms", "from other families, ms"
    )
    shown.title = f"{core} {dtype}: one thread"
    for point in group:
        told = [interval(point, others) for others in (without(group, point), without_family(group, point))]
        numbers = (point.seconds * 1e3, point.instructions / 1e6, point.cycles_per_instruction)
        shown.add_row(point.model, *(f"{number:.4g}" for number in numbers), *told)
    return shown


def without(group: Iterable[Published], point: Published) -> list[Published]:
    """Return the others."""
    return [other for other in group if other is not point]


def without_family(group: Iterable[Published], point: Published) -> list[Published]:
    """Return the others of other families."""
    return [other for other in group if other.family != point.family]


def interval(point: Published, others: Sequence[Published]) -> str:
    """Return the time predicted for a point, marked where the published one lies outside."""
    if len(others) < FEWEST:
        return "too few"
    fitted = prediction.fit(others)
    low, high = (ends * point.instructions / point.clock_hz * 1e3 for ends in (fitted.low, fitted.high))
    return f"{low:.3g}-{high:.3g}" + ("" if inside(point, fitted) else " MISSED")


def inside(point: Published, fitted: Cycles) -> bool:
    """Return whether a fit would have been right about a point."""
    return fitted.low <= point.cycles_per_instruction <= fitted.high


def bars(core: str, dtype: str, group: Sequence[Published]) -> list[dict[str, Any]]:
    """Return a group's width and coverages."""
    name = f"{core} {dtype} ({len(group)} times, {len({point.family for point in group})} families)"
    ratio = prediction.fit(group).ratio
    found = [row(f"{name}: high/low at one clock", ratio, "", RATIO, ratio <= RATIO)]
    for what, others_of in (("model", without), ("family", without_family)):
        tried = [(point, others_of(group, point)) for point in group]
        fair = [inside(point, prediction.fit(others)) for point, others in tried if len(others) >= FEWEST]
        if fair:
            share = sum(fair) / len(fair)
            title = f"{name}: coverage leaving one {what} out, of {len(fair)}"
            found.append(row(title, share, "", COVERAGE, share >= COVERAGE))
    return found


def recounted(point: Published, console: Console) -> dict[str, Any]:
    """Return how far a new count of an architecture is from the stored one."""
    device = devices.find(next(one.name for one in profiles.emulated() if one.core == point.core))
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        model = here / "model.tflite"
        builder = Path(__file__).with_name("_architectures.py")
        subprocess.run([sys.executable, str(builder), point.model, point.dtype, str(model)], check=True)
        job = Job(workload=model.name, root=here, metrics=("instructions_m",), runtime="litert", timeout_seconds=3600)
        counted = device.run(job, here).readings["instructions_m"].value
    change = abs(counted / point.instructions - 1)
    console.print(
        f"{point.core} {point.dtype} {point.model}: {counted:.0f}, stored {point.instructions} ({change:.3%})"
    )
    return row(f"recount of {point.core} {point.dtype} {point.model}", change, "", AGREES, change <= AGREES)


if __name__ == "__main__":
    raise SystemExit(main())
