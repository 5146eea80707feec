from __future__ import annotations

from typing import Any

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf import metrics
from edgesense.perf.metrics import arena
from edgesense.perf.records import Known, Report

FOOTPRINT = {
    "arena": {"total": 3000, "activations": 2000, "records": 1000},
    "work": {"pointwise": 4e6, "depthwise": 1e6, "elements": 500},
    "scratch": 64,
    "features": {"ram_bytes": 5000, "operations": 1, "logarithms": 1},
}


class Workload:
    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said

    def footprint(self) -> dict[str, Any]:
        return self.said


def report(workload: object) -> Report:
    said = arena.probe(workload, {})
    return Report(series=said["series"], facts=said["facts"])


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("arena_kb", 3000, {"activations": 2000, "records": 1000}),
        ("ram_kb", 8000, {"arena": 3000, "features": 5000}),
        ("macs_m", 5e6, {"pointwise": 4e6, "depthwise": 1e6}),
    ],
)
def test_a_number_is_the_sum_of_its_parts(name: str, value: float, parts: dict[str, float]) -> None:
    found = metrics.find(name).reduce([report(Workload(FOOTPRINT))], Known.STAND_IN)
    assert (found.value, found.low, found.high, dict(found.parts)) == (value, value, value, parts)
    assert found.known is Known.STAND_IN


def test_a_bare_model_has_no_front_end() -> None:
    bare = {name: one for name, one in FOOTPRINT.items() if name != "features"}
    assert metrics.find("ram_kb").reduce([report(Workload(bare))], Known.STAND_IN).value == 3000


def test_a_workload_without_a_footprint_says_what_would_have_one() -> None:
    with pytest.raises(NotMeasured, match=r"only a pipeline directory or a \.tflite file runs on a microcontroller"):
        metrics.find("arena_kb").reduce([report(object())], Known.STAND_IN)


def test_no_report_at_all_is_said() -> None:
    with pytest.raises(NotMeasured, match="no process told"):
        metrics.find("macs_m").reduce([], Known.EXACT)


def test_arenas_are_compared_within_one_release_of_the_interpreter() -> None:
    for name in ("arena_kb", "ram_kb"):
        tolerance = metrics.find(name).tolerance
        assert tolerance is not None
        assert tolerance.depends_on == ("micro",)
