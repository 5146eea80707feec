"""A budget for each row of the table of results: what `docs/results.md` says of a pipeline stays true; `make rows`."""

from __future__ import annotations

import json
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
        size_kb=row["bytes"]["ships"] / KIB,
        acc=row["embedded"]["low"],
        rss_mb=RSS_MIB,
        instructions_m={
            board: REPEATS * found["instructions"]["all"] / MILLION for board, found in row["boards"].items()
        },
    )


ROWS: list[Row] = json.loads(TABLE.read_text(encoding="utf-8"))["rows"]


@pytest.mark.row
@pytest.mark.parametrize("row", [pytest.param(row, id=row["pipeline"], marks=_budget(row)) for row in ROWS])
def test_row(row: Row, edge_measurement: EdgeMeasurement) -> None:
    size = edge_measurement["size_kb"]
    assert (size.value * KIB, size.known) == (row["bytes"]["ships"], Known.EXACT)
