from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import NotMeasured
from edgesense.perf import metrics
from edgesense.perf.metrics import memory
from edgesense.perf.records import Known, Reading, Report, Series

triples = st.tuples(*[st.integers(0, 10**9)] * 3)


def report(python: int, opened: int, running: int) -> Report:
    values = {"rss": python + opened + running}
    values |= {f"rss.{name}": value for name, value in zip(memory.SHARES, (python, opened, running), strict=True)}
    return Report(series={name: Series("B", (float(value),)) for name, value in values.items()})


def reduce(limit: str, *reports: Report) -> Reading:
    return metrics.find(limit).reduce(reports, Known.MEASURED)


@given(st.lists(triples, min_size=3, max_size=3))
def test_the_shares_add_up_to_the_middle_process(processes: list[tuple[int, int, int]]) -> None:
    reading = reduce("rss_mb", *(report(*process) for process in processes))
    totals = sorted(sum(process) for process in processes)
    assert reading.value == totals[1] == sum(reading.parts.values())
    assert (reading.low, reading.high) == (totals[0], totals[2])


def test_the_memory_of_a_process_holds_its_peak_after_it_was_given_back() -> None:
    code = (
        "from edgesense.perf.metrics.memory import high_water_bytes as peak\n"
        "before = peak(); block = bytearray(60 * 2**20); del block; print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert 58 * 2**20 < int(done.stdout) < 63 * 2**20


def test_a_system_without_a_high_water_mark_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: "Name: x\n")
    with pytest.raises(NotMeasured, match="no VmHWM"):
        memory.high_water_bytes()


class Holder:
    def __init__(self) -> None:
        self.calls = 0

    def example(self) -> int:
        return 1

    def run(self, item: object) -> None:
        self.calls += 1


def test_the_first_result_is_timed_and_a_few_more_calls_reach_the_peak() -> None:
    workload = Holder()
    marks = {"interpreter": 10, "runtime": 30}
    said = memory.probe(workload, {"marks": marks, "started": 0.0})
    series = {name: one["values"][0] for name, one in said["series"].items()}
    assert workload.calls == 5
    assert series["cold_start"] > 0
    assert series["rss.python_numpy"] == 10
    assert series["rss.runtime"] == 20
    assert series["rss"] == 30 + series["rss.pipeline"]


def test_a_cold_start_is_the_median_of_three_processes() -> None:
    reports = [Report(series={"cold_start": Series("s", (value,))}) for value in (0.3, 0.1, 0.2)]
    reading = reduce("cold_start_ms", *reports)
    assert (reading.low, reading.value, reading.high, reading.n) == (0.1, 0.2, 0.3, 3)


def test_a_device_that_cannot_say_when_the_process_started_has_no_cold_start() -> None:
    assert "cold_start" not in memory.probe(Holder(), {})["series"]
    with pytest.raises(NotMeasured, match="gave no 'cold_start'"):
        reduce("cold_start_ms", report(1, 2, 3))
