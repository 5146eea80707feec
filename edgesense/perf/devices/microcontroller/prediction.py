"""Time on a chip from a pipeline's work: published cycles of each kind of kernel, as an interval.

Few cycles are published, and of single shapes. So a kind's interval reaches from the least published to the most, and a
stated factor beyond either; ends are added up, as if all erred the same way. That is wide, and meant to be.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from edgesense.errors import NotMeasured
from edgesense.perf.devices.microcontroller.chip import Chip
from edgesense.perf.records import Known, Reading

FILE = Path(__file__).with_name("published.toml")

INT8 = "int8"
FLOAT = "float"
REFERENCE = "reference"
WITH_KERNELS = frozenset({"pointwise", "convolution", "depthwise", "dense", "elements"})
"""Kinds of operators that ESP-NN has kernels for; TFLite Micro's reference code runs all others."""
FEATURES, INFERENCE = "features", "inference"


@dataclass(frozen=True)
class Cycles:
    """Cycles for one unit of work, as an interval.

    Attributes:
        low: Lower end.
        typical: The geometric mean of what is published.
        high: Upper end.
        published: How many figures stand behind it.
    """

    low: float
    typical: float
    high: float
    published: int


@lru_cache(maxsize=1)
def _document() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@lru_cache
def cycles(core: str, kind: str) -> Cycles:
    """Return the cycles that a core takes for one multiply-accumulate, number or float operation of a kind."""
    document = _document()
    wanted = kind if kind in WITH_KERNELS | {FLOAT} else REFERENCE
    found = [
        entry["cycles"] / entry["work"]
        for entry in document["kernel"]
        if (entry["core"], entry["kind"]) == (core, wanted)
    ]
    beyond = document["beyond"]["factor"]
    typical = math.exp(math.fsum(map(math.log, found)) / len(found))
    return Cycles(min(found) / beyond, typical, max(found) * beyond, len(found))


def logarithm() -> Cycles:
    """Return the cycles of one logarithm, which are assumed."""
    low, typical, high = _document()["logarithm"]["cycles"]
    return Cycles(low, typical, high, 0)


def inference(work: Mapping[str, float], chip: Chip) -> Reading:
    """Return the time of a model.

    Args:
        work: Kind of operator -> multiply-accumulates, or numbers for ``elements``.
        chip: Where.
    """
    shares = [(amount, cycles(chip.core, kind)) for kind, amount in work.items()]
    slow = sorted(kind for kind in work if kind not in WITH_KERNELS)
    extra = f"; ESP-NN has no kernels for {', '.join(slow)} layers" if slow else ""
    return _reading(shares, chip, f"{_basis('model', [one for _, one in shares])}{extra}")


def features(said: Mapping[str, float], chip: Chip) -> Reading:
    """Return the time of a front end in C.

    Args:
        said: ``operations`` and ``logarithms`` of a clip.
        chip: Where.
    """
    one = cycles(chip.core, FLOAT)
    shares = [(said["operations"], one), (said["logarithms"], logarithm())]
    return _reading(shares, chip, _basis("front end", [one]))


def predict(said: Mapping[str, Any], dtype: str, chip: Chip) -> dict[str, Reading]:
    """Return the time of each stage, and end to end under "".

    Args:
        said: A workload's footprint.
        dtype: Of the model.
        chip: Where.

    Raises:
        NotMeasured: Nothing comparable is published.
    """
    if dtype != INT8:
        msg = f"no times of {dtype} models on {chip.said.device} are published: ESP-NN has int8 kernels alone"
        raise NotMeasured(msg)
    stages = {INFERENCE: inference(said["work"], chip)}
    if "features" in said:
        stages = {FEATURES: features(said["features"], chip), **stages}
    return {"": _together(list(stages.values())), **stages}


def _basis(what: str, rests_on: Sequence[Cycles]) -> str:
    figures = sum(one.published for one in rests_on)
    noun = "figure" if figures == 1 else "figures"
    factor = _document()["beyond"]["factor"]
    return f"{what}: {figures} published {noun}, assumed to be off by a factor of up to {factor:g} either way"


def models() -> Sequence[Mapping[str, Any]]:
    """Return the whole models that predictions are tried on."""
    return tuple(_document()["model"])


def _reading(shares: Sequence[tuple[float, Cycles]], chip: Chip, note: str) -> Reading:
    slow, usual, fast = chip.clock_hz
    low = math.fsum(amount * one.low for amount, one in shares) / fast
    value = math.fsum(amount * one.typical for amount, one in shares) / usual
    high = math.fsum(amount * one.high for amount, one in shares) / slow
    return Reading(value, low, high, Known.PREDICTED, note=note)


def _together(stages: Sequence[Reading]) -> Reading:
    return Reading(
        value=math.fsum(one.value for one in stages),
        low=math.fsum(one.low for one in stages),
        high=math.fsum(one.high for one in stages),
        known=Known.PREDICTED,
        note="; ".join(one.note for one in stages),
    )
