from __future__ import annotations

from collections.abc import Callable

import pytest

from edgesense.perf.imports import benchmark_text, delegates
from edgesense.perf.imports.records import Taken

Text = Callable[[str], str]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("plain.txt", []),
        ("delta.txt", ["xnnpack took 14 nodes"]),
        ("recent.txt", ["xnnpack took 14 of 15 nodes"]),
        ("gpu.txt", ["gpu took 15 of 15 nodes"]),
        ("litert.txt", ["gpu took 15 of 15 nodes"]),
        ("nnapi.txt", ["nnapi took a part of the graph in 44 kernels"]),
        ("nnapi-nothing.txt", ["nnapi fell back: the tool says that it executes nothing of the graph"]),
        ("gpu-failed.txt", ["gpu fell back: the tool could not apply it"]),
    ],
)
def test_what_each_text_says_of_delegates(name: str, said: list[str], text: Text) -> None:
    assert [str(one) for one in delegates.read(benchmark_text.lines_of(text(name)))] == said


def test_a_delegate_takes_nodes_of_each_subgraph() -> None:
    line = (
        "Replacing {} out of {} node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 2 partitions for subgraph"
    )
    (taken,) = delegates.read([line.format(10, 12), line.format(3, 5)])
    assert (taken.nodes, taken.of) == (13, 17)


def test_one_that_was_not_counted_whole_is_not_told_of_how_many() -> None:
    line = "Replacing 3 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 2 partitions."
    assert delegates.read([line]) == (Taken("gpu", nodes=3),)


def test_nodes_that_were_given_back_are_not_taken() -> None:
    said = [
        "Replacing 3 out of 9 node(s) with delegate (TfLiteNnapiDelegate) node, yielding 2 partitions.",
        "Though NNAPI delegate is explicitly applied, the model graph will not be executed by the delegate.",
    ]
    assert delegates.read(said)[0].nothing


def test_a_platform_without_the_delegate_is_told() -> None:
    (taken,) = delegates.read(["GPU acceleration is unsupported on this platform."])
    assert str(taken) == "gpu fell back: the tool says that it is unsupported on this platform"


def test_an_unknown_delegate_keeps_its_name() -> None:
    line = "Explicitly applied EXTERNAL delegate, and the model graph will be completely executed by the delegate."
    assert delegates.read([line]) == (Taken("external", whole=True, kernels=1),)
