"""Batches a second by the plain loop and by `tf.data`: made for nobody, and consumed by a training.

Epochs of the two alternate; a ratio is the median of neighbours, the loop's being 1. The processor's time an example is
compared as well: what else a computer does adds less to it. "Cold" empties the page cache of the store before each
epoch, so that every clip comes from the disk, as it does from a store that is larger than the memory. What the process
read from the disk is shown beside it. Where a host keeps a cache of its own below this system's, reads are cheaper than
on a board.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
from rich.console import Console
from rich.table import Table

from edgesense import models
from edgesense.datasets import store
from edgesense.training import augment, batches, fit
from edgesense.training.examples import Examples, column_statistics

CLASSES = 5
SIZE = 64
ARMS = {
    "tf.data": batches.Input("tf.data"),
    "tf.data, cache in memory": batches.Input("tf.data", "memory"),
    "tf.data, cache in a file": batches.Input("tf.data", "file"),
}

COLD = "cold"
CASES = (*(("in page cache", arm) for arm in ARMS), (COLD, "tf.data"))
"""Where the store is, and who makes the batches: a cache would not read a cold store a second time."""


def main() -> int:
    """Print the figures; they have no limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architectures", nargs="*", default=["ds_cnn"], help="default ds_cnn")
    parser.add_argument("--batches", type=int, default=8, help="batches of an epoch (default 8)")
    parser.add_argument("--pairs", type=int, default=5, help="alternating pairs of epochs (default 5)")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    chosen = parser.parse_args()
    table = Table(
        "store and consumer", "batches by", "loop, examples/s", "examples/s", "ratio", "processor", "from disk"
    )
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in chosen.architectures:
            examples = noise(folder / f"{name}.npy", name, chosen.batches)
            for consumer, consume in (("nobody", drain), ("training", training(name, examples))):
                for place, arm in CASES:
                    found = compare(examples, ARMS[arm], consume, chosen.pairs, folder, cold=place == COLD)
                    what = f"{name}, {place}, for {consumer}"
                    rates = [f"{found[key]:.0f}" for key in ("loop", "ours")]
                    ratios = [f"{found[key]:.2f}" for key in ("ratio", "processor", "disk")]
                    table.add_row(what, arm, *rates, *ratios)
                    rows += [
                        {"name": f"{arm}: {what}", "value": round(found["ours"]), "unit": "examples/s"},
                        {"name": f"loop beside it: {what}", "value": round(found["loop"]), "unit": "examples/s"},
                        {"name": f"{arm} / loop: {what}", "value": round(found["ratio"], 3), "unit": "x"},
                        {
                            "name": f"processor, {arm} / loop: {what}",
                            "value": round(found["processor"], 3),
                            "unit": "x",
                        },
                    ]
    Console(width=150).print(table)
    print("this computer, two epochs beside one another; says nothing about others")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


def noise(path: Path, architecture: str, count: int) -> Examples:
    """Write a store of noise and return its examples, memory-mapped."""
    shape = models.get(architecture).features().shape
    np.save(path, np.random.default_rng(1).standard_normal((SIZE * count, *shape), np.float32))
    features = np.load(path, mmap_mode="r")
    with path.open("rb") as file:
        os.fsync(file.fileno())
    rows = np.arange(len(features))
    return Examples(features, rows % CLASSES, rows, *column_statistics(features, rows))


def drain(made: Any) -> int:
    """Take every batch and do nothing with it."""
    return sum(np.asarray(features).shape[0] for features, _ in made)


def training(architecture: str, examples: Examples) -> Callable[[Any], int]:
    """Return what takes every batch and makes a training step of it."""
    tf, keras = fit.tensorflow()
    model = models.get(architecture).build(examples.features.shape[1:], CLASSES)
    optimizer = keras.optimizers.AdamW(1e-3)
    optimizer.build(model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def step(features: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(tf.reduce_sum(targets * tf.math.log(model(features, training=True) + 1e-7), axis=1))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    def consume(made: Any) -> int:
        count = 0
        for features, targets in made:
            float(step(features, targets))
            count += len(targets)
        return count

    return consume


def compare(
    examples: Examples, how: batches.Input, consume: Callable[[Any], int], pairs: int, scratch: Path, *, cold: bool
) -> dict[str, float]:
    """Return medians: examples a second and their ratio, that of processor time, and the share read from the disk."""
    targets = np.eye(CLASSES, dtype=np.float32)[examples.targets]
    arms = [
        batches.batches(examples, targets, SIZE, augment.Augmentation(), seed=1, chosen=one, directory=scratch)
        for one in (batches.Input(), how)
    ]
    rates: list[list[float]] = [[], []]
    spent: list[list[float]] = [[], []]
    shares = []
    for pair in range(pairs + 1):
        for arm in (0, 1) if pair % 2 else (1, 0):
            if cold:
                forget(examples.features)
            before, began, processor = disk_bytes(), time.perf_counter(), time.process_time()
            count = consume(arms[arm](pair))
            rates[arm].append(count / (time.perf_counter() - began))
            spent[arm].append((time.process_time() - processor) / count)
            shares.append((disk_bytes() - before) / examples.features.nbytes)
    # The first pair builds graphs.
    loop, ours = rates[0][1:], rates[1][1:]
    ratio = statistics.median(b / a for a, b in zip(loop, ours, strict=True))
    processor_ratio = statistics.median(b / a for a, b in zip(spent[0][1:], spent[1][1:], strict=True))
    return {
        "loop": statistics.median(loop),
        "ours": statistics.median(ours),
        "ratio": ratio,
        "processor": processor_ratio,
        "disk": statistics.median(shares[2:]),
    }


def forget(features: np.ndarray[Any, Any]) -> None:
    """Take a mapped file out of the page cache."""
    store.release(features)
    file = os.open(str(getattr(features, "filename", "")), os.O_RDONLY)
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


def disk_bytes() -> int:
    """Return the bytes that this process had read from the disk."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["read_bytes"])


if __name__ == "__main__":
    raise SystemExit(main())
