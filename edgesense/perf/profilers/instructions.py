"""Where a board's instructions go: by stage, kernel and function, counted on the emulated board itself."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.perf import growth
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.growth import Part
from edgesense.perf.profilers import _case
from edgesense.perf.records import Job
from edgesense.perf.units import MILLION

if TYPE_CHECKING:
    from edgesense.perf.interfaces import Device

    Find = Callable[[str], Device | None]

TOTAL = "end to end"
LONG = 70
KERNEL = re.compile(
    r"^xnn_(?!compute_)(?P<types>.+?)_(?P<what>gemm|igemm|dwconv|vadd|vmul|vsub|vcvt|rsum|rdsum|raddstoreexpminusmax|maxpool|avgpool|"
    r"packw|spmm|vclamp|vsigmoid|vtanh)\w*"
)
OPERATORS = {
    "gemm": "matrix product (1x1 convolution, dense)",
    "igemm": "convolution",
    "dwconv": "depthwise convolution",
}


def _find(name: str) -> Device | None:
    from edgesense.perf import devices

    # A project's own device is not among these, and counts in its own way if it does.
    return next((device for device in devices.every() if name in device.names), None)


def operator(function: str) -> str:
    """Return the operator that a kernel of XNNPACK computes, with its types; "" for another function."""
    found = KERNEL.match(function)
    return f"{OPERATORS.get(found['what'], found['what'])} {found['types']}" if found else ""


@dataclass(frozen=True)
class Instructions:
    """Counts one more run on the board whose budget broke, and one of the baseline; nothing where a device cannot tell.

    Attributes:
        top: How many functions of each stage are listed.
        find: Device by name.
    """

    name: str = "instructions"
    always: bool = False
    cost: float = 15.0
    top: int = 20
    find: Find = _find

    @property
    def explains(self) -> frozenset[str]:
        """What follows from a count."""
        return _case.ENERGY | {"instructions_m", "latency_ms", "features_ms", "inference_ms"}

    def profile(self, case: Case, directory: Path) -> Sequence[Attachment]:
        """Write ``instructions.txt``; see `edgesense.perf.interfaces.Profiler`."""
        hot = getattr(self.find(case.device), "hot", None)
        if hot is None:
            return []

        def places(job: Job) -> Sequence[Any]:
            with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
                return list(hot(job, Path(scratch)))

        now = places(case.job)
        before, case = _case.of_baseline(case, places)
        lines = [f"instructions by stage, operator and function, counted on {case.device}, {_case.beside(case)}"]
        lines += [f"without a difference: {case.alone}"] if before is None and case.alone else []
        summary: list[str] = []
        stages = list(dict.fromkeys(place.stage for place in now))
        for stage in stages:
            functions = _readable(_compared(now, before, stage, _function), self.top)
            operators = _compared(now, before, stage, lambda place: operator(place.function))
            total = sum(part.now for part in functions)
            lines += ["", f"{stage}: {MILLION.from_base(total):.2f} M instructions on {case.device}", ""]
            lines += [*growth.table(operators, MILLION), ""] if operators else []
            lines += growth.table(functions, MILLION, top=self.top)
            if stage != TOTAL or len(stages) == 1:
                told = growth.telling(operators, MILLION, top=2) + growth.telling(functions, MILLION, top=2)
                summary += [f"{stage}: {line}" for line in told]
        path = _case.write(directory, "instructions.txt", lines)
        title = f"instructions by stage and function, counted on {case.device}"
        return [Attachment(title, path, summary=tuple(summary), kind=self.name)]


def _function(place: Any) -> str:
    return f"{place.function} ({place.file})"


def _readable(parts: Sequence[Part], top: int) -> list[Part]:
    """Return parts, the first of them named as people write C++."""
    from edgesense.perf.devices.emulation import hot

    named = []
    for part in parts[:top]:
        function, _, file = part.name.rpartition(" (")
        shown = hot.readable(function)
        named.append(replace(part, name=f"{shown if len(shown) <= LONG else f'{shown[:LONG]}…'} ({file}"))
    return [*named, *parts[top:]]


def _compared(now: Sequence[Any], before: Sequence[Any] | None, stage: str, name: Callable[[Any], str]) -> list[Part]:
    """Return a stage's instructions by a name of their places; places without one are left out."""
    both = []
    for places in (now, before):
        spent: dict[str, float] = {}
        for place in places or ():
            if place.stage == stage and (of := name(place)):
                spent[of] = spent.get(of, 0.0) + place.instructions
        both.append(spent)
    return growth.compare(both[0], None if before is None else both[1])


PROFILERS = (Instructions(),)
