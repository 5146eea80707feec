from __future__ import annotations

from collections.abc import Callable

import pytest

from edgesense.perf.imports import operators
from edgesense.perf.imports.records import Operator

Text = Callable[[str], str]


@pytest.mark.parametrize("name", ["profiled.txt", "operators.csv"])
def test_nodes_are_read_in_the_order_they_run_in_once_each_and_loading_is_left_out(name: str, text: Text) -> None:
    found = [one for one in operators.read(text(name).splitlines()) if not one.inner]
    assert [one.name.partition("]")[0] for one in found][0::2] == ["stem/Relu, stem/bias", "head"]
    assert [one.seconds for one in found][0::2] == pytest.approx([1.0e-3, 0.4e-3])
    assert found[-1].kind == "SOFTMAX"
    assert len(found) == 4


def test_a_delegates_own_kernels_are_told_apart_since_its_node_has_their_time(text: Text) -> None:
    found = operators.read(text("profiled.txt").splitlines())
    assert [one.kind for one in found if one.inner] == ["Convolution (NHWC, QC8) IGEMM"]
    assert sum(seconds for _, seconds in operators.by_kind(found).values()) == pytest.approx(4.0e-3)


def test_kinds_are_summed_up_the_slowest_first() -> None:
    nodes = [
        Operator("A", "a", 1.0),
        Operator("B", "b", 3.0),
        Operator("A", "c", 1.0),
        Operator("C", "d", 9.0, inner=True),
    ]
    assert list(operators.by_kind(nodes).items()) == [("B", (1, 3.0)), ("A", (2, 2.0))]


def test_a_table_without_a_title_of_its_own_is_of_timed_runs(text: Text) -> None:
    alone = text("operators.csv").partition(operators.REGULAR + ":")[2]
    assert len(operators.read(alone.splitlines())) == 4


@pytest.mark.parametrize("line", ["CONV_2D, 1.1, none, 50%", "garbage"])
def test_a_row_that_is_none_is_passed_over(line: str) -> None:
    head = ["====== Run Order ======", "node type, first, avg_ms, %, name"]
    assert [one.name for one in operators.read([*head, line, "SOFTMAX, 0.1, 0.1, 5%, a, b"])] == ["a, b"]
