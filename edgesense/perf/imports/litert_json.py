"""The result that ``litert-benchmark --result_json FILE`` writes (ai_edge_litert/tools/benchmark_litert_model.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgesense.errors import InvalidInput
from edgesense.perf.imports.records import Run, Taken, Timing

NAME = "litert-benchmark JSON"
LOOKED_FOR = "the JSON of litert-benchmark --result_json (an object with 'latency' and its 'avg_ms')"
MILLISECOND = 1e-3
PRINTED = 0.005 * MILLISECOND
"""It writes milliseconds with two decimals."""


def recognises(text: str) -> bool:
    """Whether it is such a file."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and isinstance(body.get("latency"), dict) and "avg_ms" in body["latency"]


def read(text: str) -> tuple[Run, ...]:
    """Return the one run of a file.

    Raises:
        InvalidInput: If a number is missing or is none.
    """
    body = json.loads(text)
    latency = body["latency"]
    timing = Timing(
        _seconds(latency, "avg_ms"),
        count=int(_number(latency, "num_runs")),
        fastest=_seconds(latency, "min_ms"),
        slowest=_seconds(latency, "max_ms"),
        median=_seconds(latency, "median_ms"),
        p5=_seconds(latency, "p5_ms"),
        p95=_seconds(latency, "p95_ms"),
        rounded=PRINTED,
    )
    asked = [str(one).lower() for one in body.get("accelerators", ())]
    whole = body.get("fully_accelerated") is True
    beyond = [one for one in asked if one != "cpu"]
    # It says of the graph as a whole whether the processor is left out, and of no accelerator what it took.
    taken = tuple(Taken(name, whole=True) for name in beyond if whole)
    share = "wholly" if whole else "not wholly"
    return (
        Run(
            "litert-benchmark",
            timing,
            first_seconds=_seconds(latency, "warmup_first_ms"),
            init_seconds=_seconds(latency, "init_ms"),
            graph=str(body.get("model", "")),
            threads=int(_number(body, "num_threads")),
            taken=taken,
            notes=(f"accelerators {', '.join(asked)}; {share} accelerated",) if beyond else (),
        ),
    )


def _seconds(body: Mapping[str, Any], key: str) -> float:
    return _number(body, key) * MILLISECOND


def _number(body: Mapping[str, Any], key: str) -> float:
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        msg = f"litert-benchmark's JSON says {key} = {value!r}: a number of 0 or more is wanted"
        raise InvalidInput(msg)
    return float(value)
