"""Where a pipeline's instructions, products and bytes go: pure functions of what was read and counted."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from edgesense.advice.records import Bar, Whole
from edgesense.advice.subject import Subject
from edgesense.perf import units
from edgesense.perf.records import Known, Measurement

LEAST = 0.01
"""Parts below this share of the whole are one part, `the rest`."""
STAGES = ("features", "inference")

KERNELS = (
    (r"lstm|LstmStep|tensor_utils", "recurrent layers"),
    (r"dwconv", "depthwise convolutions"),
    (r"igemm|im2col", "convolutions"),
    (r"gemm|FullyConnected|fully_connected|ruy", "1x1 convolutions, dense layers"),
    (r"f(16|32)_(qs8|qu8|qd8)|(qs8|qu8)_f(16|32)|[Qq]uantize", "conversions between float and integers"),
    (r"softmax|raddstore", "softmax"),
)
"""Functions of the runtimes -> the operators that they compute, the first that fits."""
ROUTINES = (
    (r"pocketfft", "Fourier transform"),
    (r"logf|log10", "logarithm"),
    (r"gemm|openblas|dot", "matrix products: mel bands, MFCC"),
    (r"square|multiply|add|subtract|maximum|minimum|divide", "window, power and other arithmetic"),
)
OTHER = "the rest: Python, memory, small operators"


class Place(Protocol):
    """A function and its instructions in one stage, as an emulated board tells them."""

    @property
    def stage(self) -> str:
        """The stage."""

    @property
    def function(self) -> str:
        """Its name."""

    @property
    def file(self) -> str:
        """Where it is from."""

    @property
    def instructions(self) -> int:
        """Of one call."""


def of_stages(measured: Measurement, hot: Sequence[Place] = ()) -> tuple[Whole, ...]:
    """Return where a call's work goes, by stage and within each by kind of function.

    Args:
        measured: With `instructions_m`, or with times of a call and its stages.
        hot: Functions, where a device tells them.
    """
    counted = measured.readings.get("instructions_m")
    if counted is not None and counted.known is Known.COUNTED:
        title = f"instructions of a call, counted on {measured.device}"
        return (_stages(title, units.MILLION, counted.value, counted.parts, hot),)
    whole = measured.readings.get("latency_ms")
    parts = {stage: measured.readings[f"{stage}_ms"].value for stage in STAGES if f"{stage}_ms" in measured.readings}
    if whole is None or not parts:
        return ()
    title = f"time of a call, {whole.known.value} on {measured.device}"
    return (_stages(title, units.MILLISECOND, sum(parts.values()), parts, ()),)


def _stages(title: str, unit: units.Unit, total: float, parts: Mapping[str, float], hot: Sequence[Place]) -> Whole:
    bars: list[Bar] = []
    for stage, value in parts.items():
        bars.append(Bar(stage, value))
        spent: Counter[str] = Counter()
        for place in hot:
            if place.stage == stage:
                spent[kind(stage, place)] += place.instructions
        # One turn's functions, scaled to the stage's count: they differ by what tells them apart.
        counted = sum(spent.values())
        scale = value / counted if counted else 0.0
        bars += [Bar(name, amount * scale, inner=True) for name, amount in _joined(spent, total)]
    left = total - sum(parts.values())
    if parts and left > LEAST * total:
        bars.append(Bar("between them", left))
    return Whole(title, unit, total, tuple(bars))


def _joined(spent: Counter[str], total: float) -> list[tuple[str, float]]:
    kept = {name: float(amount) for name, amount in spent.most_common() if name != OTHER and amount >= LEAST * total}
    rest = sum(spent.values()) - sum(kept.values())
    return [*kept.items(), *([(OTHER, rest)] if rest else [])]


def kind(stage: str, place: Place) -> str:
    """Return what a function does, as people call it."""
    known = ROUTINES if stage == "features" else KERNELS
    named = f"{place.function} {place.file}" if stage == "features" else place.function
    return next((name for pattern, name in known if re.search(pattern, named)), OTHER)


def of_model(subject: Subject) -> tuple[Whole, ...]:
    """Return where a model's products and bytes go, by kind of operator, from the file alone."""
    products: Counter[str] = Counter()
    for layer in subject.layers:
        products[layer.operator] += layer.macs
    stored: Counter[str] = Counter()
    for node in subject.nodes:
        stored[node.kind] += node.stored_bytes
    rest = subject.model.size - stored.total()
    bars = [Bar(name, size) for name, size in stored.most_common() if size >= LEAST * subject.model.size]
    bars.append(Bar("the rest: graph, scales, small constants", subject.model.size - math.fsum(b.value for b in bars)))
    wholes = [Whole("bytes of the model, exact", units.KIBIBYTE, subject.model.size, tuple(bars))] if rest >= 0 else []
    if products.total():
        shown = [Bar(name, work) for name, work in products.most_common() if work >= LEAST * products.total()]
        title = "multiply-accumulates of the model, from its shapes"
        wholes.insert(0, Whole(title, units.MILLION_MACS, products.total(), tuple(shown)))
    return tuple(wholes)
