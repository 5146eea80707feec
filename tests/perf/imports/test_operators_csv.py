from __future__ import annotations

from collections.abc import Callable

import pytest

from edgesense.errors import InvalidInput
from edgesense.perf.imports import operators_csv

Text = Callable[[str], str]


def test_the_time_is_the_sum_of_the_nodes_of_timed_runs_and_says_so(text: Text) -> None:
    (run,) = operators_csv.read(text("operators.csv"))
    assert (run.inference.count, run.inference.average) == (480, pytest.approx(2.0e-3))
    assert run.notes == (operators_csv.NOTE,)
    assert len(run.operators) == 4


def test_a_file_that_was_cut_off_is_refused(text: Text) -> None:
    cut = text("operators.csv").rpartition("Timings (microseconds)")[0]
    with pytest.raises(InvalidInput, match="it was cut off"):
        operators_csv.read(cut)


def test_only_a_file_with_its_head_is_taken_for_one(text: Text) -> None:
    assert operators_csv.recognises(text("operators.csv"))
    assert not operators_csv.recognises("name, type\n1, 2\n")
