"""What the plugin adds to pytest's start in a project without budgets, and what importing EdgeSense costs.

Runs with and without the plugin alternate, so that what else the computer does falls on both; the bar is on the
median of the differences of neighbours. The processor's time is shown beside it: a busy computer does not add to it. No
other plugin is loaded, because one that imports the same modules would
hide their cost.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
PYTEST_MS, IMPORT_MS, IMPORT_MB = 20.0, 150.0, 45.0
IMPORT = """
import time
started = time.perf_counter()
import edgesense
spent = time.perf_counter() - started
line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(spent, int(line.split()[1]) * 1024)
"""


def main() -> int:
    """Print the figures; the exit status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=51, help="alternating pairs of pytest runs (default 51)")
    parser.add_argument("--json", type=Path, help="also write the bars there")
    chosen = parser.parse_args()
    without, added, processor = pytest_starts(chosen.pairs)
    imports = [import_edgesense() for _ in range(chosen.pairs)]
    rows = [
        row("pytest's start: added by the plugin", 1e3 * statistics.median(added), "ms", PYTEST_MS),
        row("pytest's start: processor time added", 1e3 * statistics.median(processor), "ms", PYTEST_MS),
        row("import edgesense: time", 1e3 * statistics.median(seconds for seconds, _ in imports), "ms", IMPORT_MS),
        row(
            "import edgesense: peak memory of the process",
            statistics.median(peak for _, peak in imports) / 1024**2,
            "MiB",
            IMPORT_MB,
        ),
    ]
    table = Table("figure", "median", "limit", "met", title=f"start-up, {chosen.pairs} alternating pairs")
    table.add_row("pytest's start without the plugin", f"{1e3 * statistics.median(without):.0f} ms", "", "")
    for one in rows:
        met = "yes" if one["met"] else "NO"
        table.add_row(one["name"], f"{one['value']:g} {one['unit']}", f"{one['limit']:g} {one['unit']}", met)
    Console().print(table)
    print("this computer; says nothing about pi")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0 if all(one["met"] for one in rows) else 1


def row(name: str, value: float, unit: str, limit: float) -> dict[str, Any]:
    """Return one bar."""
    return {"name": name, "value": round(value, 2), "unit": unit, "limit": limit, "met": value < limit}


def pytest_starts(pairs: int) -> tuple[list[float], list[float], list[float]]:
    """Return, for each pair of runs, the seconds without the plugin and those it adds: on the clock, of processor."""
    without, added, processor = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch)
        (project / "test_nothing.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
        (project / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        bare = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        loaded = [*bare, "-p", "pytest_edgesense.plugin"]
        # The first runs write bytecode.
        for command in (bare, loaded):
            timed(command, project)
        for number in range(pairs):
            order = (bare, loaded) if number % 2 == 0 else (loaded, bare)
            seconds = {len(command): timed(command, project) for command in order}
            without.append(seconds[len(bare)][0])
            added.append(seconds[len(loaded)][0] - seconds[len(bare)][0])
            processor.append(seconds[len(loaded)][1] - seconds[len(bare)][1])
    return without, added, processor


def timed(command: Sequence[str], directory: Path) -> tuple[float, float]:
    """Return the seconds of one run that passes, on the clock and of processor."""
    environment = clean(directory)
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=directory, env=environment, check=True, stdout=subprocess.DEVNULL)
    spent, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def clean(directory: Path) -> dict[str, str]:
    """Return an environment with bytecode, as every installed package has it, and without other plugins."""
    dropped = {"PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    added = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    return {**kept, **added, "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}


def import_edgesense() -> tuple[float, int]:
    """Return seconds of `import edgesense` in a fresh process, and that process's peak memory in bytes."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", IMPORT], env=environment, check=True, capture_output=True, text=True)
    seconds, peak = done.stdout.split()
    return float(seconds), int(peak)


if __name__ == "__main__":
    raise SystemExit(main())
