from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from edgesense.errors import InvalidInput
from edgesense.perf.imports import litert_json
from edgesense.perf.imports.records import Run

Text = Callable[[str], str]


@pytest.fixture
def body(text: Text) -> dict[str, Any]:
    """Return what litert-benchmark really wrote."""
    return dict(json.loads(text("litert-benchmark.json")))


def read(body: dict[str, Any]) -> Run:
    (run,) = litert_json.read(json.dumps(body))
    return run


def test_what_it_really_wrote_is_read(body: dict[str, Any]) -> None:
    run = read(body)
    assert (run.graph, run.threads, run.inference.count) == ("model.tflite", 1, 50)
    assert run.inference.median == pytest.approx(0.12e-3)
    assert (run.inference.low, run.inference.high) == pytest.approx((0.115e-3, 0.145e-3))
    assert (run.first_seconds, run.init_seconds) == pytest.approx((0.18e-3, 3.48e-3))
    assert (run.taken, run.notes, run.peak_bytes) == ((), (), None)


def test_accelerators_are_told_and_took_the_whole_graph_only_where_it_says_so(body: dict[str, Any]) -> None:
    body |= {"accelerators": ["GPU", "CPU"]}
    assert (read(body).taken, read(body).notes) == ((), ("accelerators gpu, cpu; not wholly accelerated",))
    body |= {"fully_accelerated": True}
    assert [str(one) for one in read(body).taken] == ["gpu took the whole graph"]


@pytest.mark.parametrize("value", [None, "0.12", True, -1, float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_by_name(value: object, body: dict[str, Any]) -> None:
    body["latency"]["median_ms"] = value
    with pytest.raises(InvalidInput, match="median_ms = "):
        read(body)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"latency": 3}', '{"latency": {}}', '{"latency"', "[" * 100_000])
def test_other_json_is_not_taken_for_one(text: str) -> None:
    assert not litert_json.recognises(text)
