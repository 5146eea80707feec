from __future__ import annotations

import pytest

from edgesense.errors import InvalidInput
from edgesense.perf.imports.records import Taken, Timing


def test_most_calls_lie_between_the_percentiles_where_they_are_told_and_else_between_the_extremes() -> None:
    told = Timing(2.0, fastest=1.0, p5=1.5, p95=3.0, slowest=9.0)
    assert (told.low, told.high) == (1.5, 3.0)
    assert (Timing(2.0, fastest=1.0, slowest=9.0).low, Timing(2.0, fastest=1.0, slowest=9.0).high) == (1.0, 9.0)
    assert (Timing(2.0).low, Timing(2.0).high) == (2.0, 2.0)


def test_what_rounding_hides_widens_where_calls_lie_and_no_time_is_negative() -> None:
    told = Timing(0.1, fastest=0.1, slowest=0.1, rounded=0.05)
    assert (told.low, told.high) == pytest.approx((0.05, 0.15))
    assert Timing(0.0, rounded=0.05).low == 0.0


@pytest.mark.parametrize(
    "numbers",
    [
        {"average": 3.0, "fastest": 1.0, "slowest": 2.0},
        {"average": 0.5, "fastest": 1.0, "slowest": 2.0},
        {"average": 1.5, "fastest": 1.0, "median": 3.0, "slowest": 2.0},
        {"average": 1.5, "p5": 2.0, "p95": 1.0},
        {"average": -1.0, "fastest": -1.0},
    ],
)
def test_times_that_contradict_one_another_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="contradict"):
        Timing(**numbers)


@pytest.mark.parametrize("average", [0.995, 2.005])
def test_a_mean_may_be_beyond_the_extremes_by_what_rounding_hides(average: float) -> None:
    assert Timing(average, fastest=1.0, slowest=2.0, rounded=0.005).average == average
    with pytest.raises(InvalidInput):
        Timing(average, fastest=1.0, slowest=2.0)


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (Taken("gpu", whole=True, kernels=1, nodes=15, of=15), "gpu took 15 of 15 nodes"),
        (Taken("gpu", nodes=63), "gpu took 63 nodes"),
        (Taken("gpu", whole=True, kernels=1), "gpu took the whole graph"),
        (Taken("nnapi", whole=False, kernels=44), "nnapi took a part of the graph in 44 kernels"),
        (Taken("nnapi", reason="no driver"), "nnapi fell back: no driver"),
        (Taken("nnapi"), "nnapi fell back: it took nothing of the graph"),
    ],
)
def test_what_a_delegate_took_is_told_as_far_as_it_is_known(taken: Taken, said: str) -> None:
    assert str(taken) == said
    assert taken.nothing == ("fell back" in said)
