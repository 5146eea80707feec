"""A budget for each row of the table of results: what `docs/results.md` says of a pipeline stays true; `make rows`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from edgesense.perf.records import Known
from pytest_edgesense import EdgeMeasurement, edge_budget

TABLE = Path(__file__).parents[2] / "docs" / "results.json"
KIB, MILLION = 1024, 1e6
REPEATS = 1.005
"""Counts of one file on another computer: far less apart than what a change would have to be."""
RSS_MIB = 100

Row = dict[str, Any]


def _budget(row: Row) -> pytest.MarkDecorator:
    return edge_budget(
        pipeline=f"models/{row['pipeline']}",
        size_kb=_up(row["bytes"]["ships"] / KIB),
        acc=row["embedded"]["low"],
        rss_mb=RSS_MIB,
        instructions_m=_counts({board: found["instructions"] for board, found in row["boards"].items()}),
    )


def _technique_budget(row: Row) -> pytest.MarkDecorator:
    return edge_budget(
        pipeline=f"tests.budgets.ways:{row['technique']}",
        size_kb=_up(SHIPS[row["pipeline"]] / KIB),
        rss_mb=RSS_MIB,
        instructions_m=_counts({board: found["applied"] for board, found in row["boards"].items()}),
    )


def _up(limit: float) -> float:
    return math.ceil(limit * 100) / 100


def _counts(boards: dict[str, dict[str, float]]) -> dict[str, float]:
    return {board: _up(REPEATS * counted["all"] / MILLION) for board, counted in boards.items()}


SAYS: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
ROWS: list[Row] = SAYS["rows"]
SHIPS = {row["pipeline"]: row["bytes"]["ships"] for row in ROWS}


@pytest.mark.row
@pytest.mark.parametrize("row", [pytest.param(row, id=row["pipeline"], marks=_budget(row)) for row in ROWS])
def test_row(row: Row, edge_measurement: EdgeMeasurement) -> None:
    size = edge_measurement["size_kb"]
    assert (size.value * KIB, size.known) == (row["bytes"]["ships"], Known.EXACT)


@pytest.mark.row
@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row["technique"], marks=_technique_budget(row)) for row in SAYS["techniques"]]
)
def test_technique(row: Row, edge_measurement: EdgeMeasurement) -> None:
    size = edge_measurement["size_kb"]
    assert (size.value * KIB, size.known) == (SHIPS[row["pipeline"]], Known.EXACT)
