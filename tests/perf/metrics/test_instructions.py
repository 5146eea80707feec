from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf import metrics
from edgesense.perf.metrics import instructions
from edgesense.perf.records import Known, Reading, Report, Series


class Staged:
    stages = {"features": lambda item: item, "inference": lambda item: item}  # noqa: RUF012 - as a workload has it

    def example(self) -> int:
        return 1

    def run(self, item: object) -> object:
        return item


def counted(path: Path, *spans: int, marking: int = 100) -> Path:
    """Write what a counter would: before the warm-up some noise, then each span with the cost of marking."""
    now, lines = 5_000, ["0 17", "1 4000"]
    for _ in range(instructions.CALLS):
        for index, span in enumerate((0, *spans)):
            lines.append(f"{2 * index} {now}")
            now += span + marking
            lines.append(f"{2 * index + 1} {now}")
            now += 7
    path.write_text("\n".join([*lines, "total 99999"]), encoding="ascii")
    return path


def test_a_call_and_its_stages_are_counted_without_the_cost_of_marking(tmp_path: Path) -> None:
    said = instructions.probe(Staged(), {"counter": str(counted(tmp_path / "count", 3_000, 1_000, 2_000))})
    values = {name: set(one["values"]) for name, one in said["series"].items()}
    assert values == {"instructions": {3_000}, "instructions.features": {1_000}, "instructions.inference": {2_000}}
    assert said["facts"] == {"marking": 100}


def test_the_count_is_the_median_and_its_parts_are_the_stages() -> None:
    values = {"instructions": (10.0, 30.0, 20.0), "instructions.features": (4.0, 6.0, 5.0)}
    reading = reduce(Report(series={name: Series("instructions", series) for name, series in values.items()}))
    assert (reading.low, reading.value, reading.high, reading.n) == (10, 20, 30, 3)
    assert reading.parts == {"features": 5.0}


def reduce(report: Report) -> Reading:
    return metrics.find("instructions_m").reduce([report], Known.COUNTED)


def test_a_device_without_a_counter_says_so() -> None:
    with pytest.raises(NotMeasured, match="no instruction counter"):
        reduce(Report(facts=instructions.probe(Staged(), {})["facts"]))


@pytest.mark.parametrize("content", [None, "total 12\n"], ids=["no file", "no marks"])
def test_a_counter_that_wrote_nothing_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "count"
    if content is not None:
        path.write_text(content, encoding="ascii")
    with pytest.raises(NotMeasured, match="wrote nothing to"):
        instructions.read(path)
