"""Train on a memory-mapped store four times as large as the memory a training may add, and train many times in a row.

Each figure is a fresh process's. After a first training on a part (TensorFlow's own memory is not in question) the
process may grow by the allowed amount, in two ways that the kernel checks: its high-water mark of resident memory, in
which pages of the mapped store count, and RLIMIT_DATA, under which a copy of the store in private memory would fail.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from edgesense import models
from edgesense.datasets import store
from edgesense.training import fit, memory
from edgesense.training.examples import Examples, column_statistics

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024**2
TIMES = 4
BATCH = 64
FIRST = 30
"""Batches of the first training: enough for the allocator to have what steps need."""
CLASSES = ("a", "b", "c", "d", "e")
REPEATED_SHARE = 0.10
"""Most that a second training may add to the high-water mark, as a share of what the first one added."""


def main() -> int:
    """Print the figures; the exit status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--allowed", type=int, default=128, help="MiB that a training may add (default 128)")
    parser.add_argument("--directory", type=Path, help="where the store is written (default: for temporary files)")
    parser.add_argument("--json", type=Path, help="also write the bars there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        task = json.loads(chosen.child)
        print(json.dumps(globals()[task.pop("run")](**task)))
        return 0
    with tempfile.TemporaryDirectory(dir=chosen.directory) as scratch:
        path = Path(scratch) / "features.npy"
        size = write(path, TIMES * chosen.allowed * MIB)
        large = {"run": "once", "path": str(path), "allowed_bytes": chosen.allowed * MIB}
        released, kept = child({**large, "keep": False}), child({**large, "keep": True})
    ours, theirs = child({"run": "repeated", "keep": False}), child({"run": "repeated", "keep": True})
    table = Table(
        "training",
        "high-water mark",
        "resident",
        "anonymous",
        "of files",
        title=f"memory in MiB, store of {size / MIB:.0f}",
    )
    for name, found in (("pages given back", released), ("pages kept", kept)):
        show(table, f"{name}: a part", found["before"])
        show(table, f"{name}: all of it", found["after"])
    for name, found in (("released", ours), ("not released", theirs)):
        for index, one in enumerate(found["each"]):
            show(table, f"{name}: {'before any' if not index else f'after {index}'}", one)
    Console(width=110).print(table)
    rows = [
        bar(f"high-water mark added by a store of {size / MIB:.0f} MiB", added(released), "MiB", chosen.allowed),
        bar("the same, pages kept", added(kept), "MiB"),
        bar("RLIMIT_DATA added: the training ended under it", (released["limit"] or 0) / MIB, "MiB", chosen.allowed),
        bar("models alive after four trainings", ours["models"], "", 0),
        bar("the same, not released", theirs["models"], ""),
        bar("high-water mark: second training's share of the first's", share(ours), "x", REPEATED_SHARE),
        bar("the same, not released", share(theirs), "x"),
        bar("resident memory added by four trainings", grown(ours), "MiB"),
        bar("the same, not released", grown(theirs), "MiB"),
    ]
    for row in rows:
        limit = f"   limit {row['limit']}, {'met' if row['met'] else 'MISSED'}" if "limit" in row else ""
        print(f"{row['name']:56} {row['value']:8} {row['unit']}{limit}")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.get("met", True) for row in rows) else 1


def bar(name: str, value: float, unit: str, limit: float | None = None) -> dict[str, Any]:
    """Return one figure, with a limit if it has one."""
    found = {"name": name, "value": round(value, 3 if unit == "x" else 1), "unit": unit}
    return found if limit is None else {**found, "limit": limit, "met": value <= limit}


def show(table: Table, name: str, one: Mapping[str, int]) -> None:
    """Add a row of MiB."""
    keys = ("high_water_bytes", "resident_bytes", "anonymous_bytes", "file_bytes")
    table.add_row(name, *(f"{one[key] / MIB:.0f}" for key in keys))


def added(found: Mapping[str, Any]) -> float:
    """Return MiB that the large store added to the high-water mark."""
    return float(found["after"]["high_water_bytes"] - found["before"]["high_water_bytes"]) / MIB


def share(found: Mapping[str, Any]) -> float:
    """Return what the second training added to the high-water mark, divided by what the first one did."""
    marks = [one["high_water_bytes"] for one in found["each"]]
    return float((marks[2] - marks[1]) / (marks[1] - marks[0]))


def grown(found: Mapping[str, Any]) -> float:
    """Return MiB that all trainings added to the resident memory."""
    return float(found["each"][-1]["resident_bytes"] - found["each"][0]["resident_bytes"]) / MIB


def write(path: Path, size: int) -> int:
    """Write a store of noise for the DS-CNN, at least `size` bytes of it; return its bytes."""
    shape = models.get("ds_cnn").features().shape
    clips = -(-size // (4 * shape[0] * shape[1] * BATCH)) * BATCH
    features = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(clips, *shape))
    random = np.random.default_rng(1)
    for start in range(0, clips, BATCH):
        features[start : start + BATCH] = random.standard_normal((BATCH, *shape), np.float32)
    features.flush()
    return int(features.nbytes)


def child(task: Mapping[str, Any]) -> dict[str, Any]:
    """Do a task in a fresh process; return what it prints last."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, "--child", json.dumps(task)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def train(architecture: str, features: np.ndarray[Any, Any], seed: int) -> None:
    """Learn the columns' means and train for one epoch; the first batch chooses it."""
    rows = np.arange(len(features))
    mean, std = column_statistics(features, rows)
    every = Examples(features, rows % len(CLASSES), rows, mean, std)
    few = Examples(features, every.targets[:BATCH], rows[:BATCH], mean, std)
    schedule = fit.Schedule(epochs=1, batch_size=BATCH)
    with tempfile.TemporaryDirectory() as folder:
        fit.fit(models.get(architecture), every, few, CLASSES, schedule, seed=seed, directory=Path(folder))


def once(path: str, allowed_bytes: int, *, keep: bool) -> dict[str, Any]:
    """Train on a part of a store, then on all of it, and tell the memory after each."""
    if keep:
        store.release = lambda _: None
    features = np.load(path, mmap_mode="r")
    train("ds_cnn", features[: FIRST * BATCH], 1)
    before, limit = memory.usage(), None
    if not keep:
        limit = allowed_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (before.data_bytes + limit, resource.RLIM_INFINITY))
    train("ds_cnn", features, 2)
    return {"before": vars(before), "after": vars(memory.usage()), "limit": limit}


def repeated(*, keep: bool) -> dict[str, Any]:
    """Train the CRNN four times in a row on a few clips, and tell the memory after each."""
    import gc

    _, keras = fit.tensorflow()
    if keep:
        memory.release = lambda: None
    shape = models.get("crnn").features().shape
    features = np.random.default_rng(1).standard_normal((3 * BATCH, *shape), np.float32)
    each = [memory.usage()]
    for seed in range(4):
        train("crnn", features, seed)
        each.append(memory.usage())
    models_alive = sum(isinstance(one, keras.Model) for one in gc.get_objects())
    return {"each": [vars(one) for one in each], "models": models_alive}


if __name__ == "__main__":
    raise SystemExit(main())
