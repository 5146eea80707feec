"""Gates as they were measured, packed small enough to be committed and replayed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense.perf import pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIRECTORY = Path(__file__).parent / "samples"
PIPELINE = "models/crnn-dynamic-range"
METHOD = (
    f"{pairs.BLOCKS} blocks of {pairs.CALLS} calls or {pairs.SHORT_BLOCK_SECONDS * 1e3:g} ms, "
    "the pipeline opened anew before each"
)
PAIRS = 15
FIRST = 5
"""Pairs whose other statistics are kept too: what tools that measure once would have seen."""
STATISTICS = ("min", "median", "mean", "sd")


@dataclass(frozen=True)
class Gate:
    """One gate: its pairs, (q10, min, median, mean, sd) in seconds of the baseline's and the candidate's calls.

    Attributes:
        pairs: (pairs, 2, 5) seconds.
        discarded: Pairs thrown away.
        seconds: What the gate took.
        busy: Cores that other work kept busy, on average.
        at: When it began, seconds since 1970.
        host: On which computer: its place in the samples' ``about["hosts"]``.
    """

    pairs: NDArray[np.float64]
    discarded: int
    seconds: float
    busy: float
    at: float
    host: int = 0


@dataclass
class Samples:
    """All gates of one condition.

    Attributes:
        name: The condition, as in the file's name.
        about: Where and what: computers, versions, pipeline, injected work.
        gates: In the order they were measured.
        directory: Where they are kept.
    """

    name: str
    about: dict[str, Any] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    directory: Path = DIRECTORY

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self.directory / f"{self.name}.npz"

    def save(self) -> None:
        """Write atomically; 10th percentiles as 32-bit numbers, the other statistics in 16 bits.

        The latter keep their distance from the 10th percentile, as a share of it, to 0.05 % of that distance.
        """
        count = len(self.gates)
        tenths = np.full((count, PAIRS, 2), np.nan, dtype=np.float32)
        others = np.full((count, FIRST, 2, len(STATISTICS)), np.nan, dtype=np.float16)
        for index, gate in enumerate(self.gates):
            kept = gate.pairs[:PAIRS]
            tenths[index, : len(kept)] = kept[:, :, 0]
            relative = kept[:FIRST, :, 1:] / kept[:FIRST, :, :1]
            relative[:, :, :-1] -= 1
            others[index, : len(relative)] = relative
        facts: dict[str, NDArray[Any]] = {
            "tenths": tenths,
            "others": others,
            "about": np.array(json.dumps(self.about)),
            "discarded": np.array([gate.discarded for gate in self.gates], dtype=np.int8),
            "seconds": np.array([gate.seconds for gate in self.gates], dtype=np.float32),
            "busy": np.array([gate.busy for gate in self.gates], dtype=np.float16),
            "at": np.array([gate.at for gate in self.gates], dtype=np.int32),
            "host": np.array([gate.host for gate in self.gates], dtype=np.int8),
        }
        self.directory.mkdir(exist_ok=True)
        partial = self.path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez_compressed(file, **facts)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)


def load(name: str, directory: Path = DIRECTORY) -> Samples:
    """Return what was measured so far under a condition; nothing if there is no file."""
    samples = Samples(name, directory=directory)
    if not samples.path.exists():
        return samples
    with np.load(samples.path, allow_pickle=False) as kept:
        tenths, others = kept["tenths"].astype(np.float64), kept["others"].astype(np.float64)
        facts = [kept[name] for name in ("discarded", "seconds", "busy", "at")]
        # Before gates of several computers were kept together, a file was about one.
        hosts = kept["host"].tolist() if "host" in kept else [0] * len(tenths)
        samples.about = json.loads(str(kept["about"]))
    for index, (discarded, seconds, busy, at, host) in enumerate(zip(*facts, hosts, strict=True)):
        there = ~np.isnan(tenths[index, :, 0])
        pairs = np.full((int(there.sum()), 2, 1 + len(STATISTICS)), np.nan)
        pairs[:, :, 0] = tenths[index, there]
        known = others[index, : min(FIRST, len(pairs))]
        shares = known + np.array([1, 1, 1, 0])
        pairs[: len(known), :, 1:] = shares * pairs[: len(known), :, :1]
        samples.gates.append(Gate(pairs, int(discarded), float(seconds), float(busy), float(at), host))
    return samples


def row(calls: Sequence[float], tenth: float) -> list[float]:
    """Return (q10, min, median, mean, sd) of one process's calls, in seconds."""
    values = np.asarray(calls)
    return [tenth, *(float(one) for one in (values.min(), np.median(values), values.mean(), values.std(ddof=1)))]
