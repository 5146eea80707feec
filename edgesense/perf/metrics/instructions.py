"""Instructions of one inference, end to end and by stage, counted where a device has a counter."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgesense.errors import NotMeasured
from edgesense.perf import statistics
from edgesense.perf.metrics._base import Allowance, SampledMetric, joined, rhythm
from edgesense.perf.records import Known, Reading, Report
from edgesense.perf.units import MILLION

PROBE = f"{__name__}:probe"
MARK = 0xED6E
TOTAL = "instructions"

SETTLED_AFTER = 10
"""CPython 3.11 specialises a function's code after 8 calls; NumPy and malloc settle sooner. Seen on a pipeline of
12.8 M instructions: 0.26 % above the settled count at first, within 0.01 % from the sixth call on."""
CALLS = 5
LARGE = 100_000_000
"""Instructions of one turn from which what has not settled is lost in the count, and time is what matters."""
LARGE_SETTLED_AFTER = 3
LARGE_CALLS = 3


def probe(workload: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Count calls of a workload between marks that the device's counter writes down.

    The number of calls follows from a count and not from a clock, so that it is the same in every run.

    Args:
        workload: An open `Workload`.
        options: ``counter``: the file in which the counter answers each mark with a line "mark count";
            ``warm_up`` and ``calls``: other numbers of calls than usual, for large models.

    Returns:
        Series ``instructions``, and ``instructions.STAGE`` for each stage; each value one call, without
        the cost of marking; the facts say how often the workload runs.
    """
    if "counter" not in options:
        return {"series": {}, "facts": {"uncounted": "this device has no instruction counter"}}
    item = workload.example()
    stages: Mapping[str, Callable[[Any], Any]] = getattr(workload, "stages", None) or {}
    prctl = ctypes.CDLL(None).prctl
    # Empty pairs show what marking costs; calls end to end are as they ship, stages have calls of their own.
    order = ("", TOTAL, *(f"{TOTAL}.{name}" for name in stages))
    counter = Path(options["counter"])
    _turn(prctl, workload, item, stages)
    first = read(counter)
    large = first[-1] - first[-2 * len(order)] > LARGE
    calls = options.get("calls", LARGE_CALLS if large else CALLS)
    for _ in range(options.get("warm_up", LARGE_SETTLED_AFTER if large else SETTLED_AFTER) - 1):
        _turn(prctl, workload, item, stages)
    gc.collect()
    gc.disable()
    for _ in range(calls):
        _turn(prctl, workload, item, stages)
    gc.enable()
    counts = read(counter)[-2 * len(order) * calls :]
    spans = [after - before for before, after in zip(counts[::2], counts[1::2], strict=True)]
    marking = statistics.median(spans[:: len(order)])
    series = {}
    for index, name in enumerate(order[1:], start=1):
        values = [span - marking for span in spans[index :: len(order)]]
        series[name] = {"unit": "instructions", "values": values}
    return {"series": series, "facts": {"marking": marking, **rhythm(workload)}}


def _turn(prctl: Any, workload: Any, item: Any, stages: Mapping[str, Callable[[Any], Any]]) -> None:
    prctl(MARK, 0, 0, 0, 0)
    prctl(MARK, 1, 0, 0, 0)
    prctl(MARK, 2, 0, 0, 0)
    workload.run(item)
    prctl(MARK, 3, 0, 0, 0)
    value = item
    for stage in stages.values():
        prctl(MARK, 4, 0, 0, 0)
        value = stage(value)
        prctl(MARK, 5, 0, 0, 0)


def read(path: Path) -> list[int]:
    """Return the counts of all marks so far, in their order.

    Raises:
        NotMeasured: If the counter wrote none.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    counts = [int(line.split()[1]) for line in lines if not line.startswith("total")]
    if not counts:
        msg = f"the instruction counter wrote nothing to {path}"
        raise NotMeasured(msg)
    return counts


def _median(reports: Sequence[Report], known: Known) -> Reading:
    for report in reports:
        if "uncounted" in report.facts:
            raise NotMeasured(report.facts["uncounted"])
    values = joined(reports, TOTAL)
    names = [name for report in reports for name in report.series if name.startswith(f"{TOTAL}.")]
    parts = {name.removeprefix(f"{TOTAL}."): statistics.median(joined(reports, name)) for name in names}
    return Reading(statistics.median(values), min(values), max(values), known, n=len(values), parts=parts)


METRICS = (
    SampledMetric(
        "instructions_m",
        MILLION,
        PROBE,
        _median,
        tolerance=Allowance(relative=0.005, depends_on=("board", "board_cpu", "sysroot", "board_runtime")),
        by_part=True,
    ),
)
