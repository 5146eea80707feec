"""The table of results is about the models that are there, and its page is made of its numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesense.training import earlier, result_row, results_page

ROOT = Path(__file__).resolve().parents[2]
TABLE = json.loads((ROOT / "docs" / "results.json").read_text(encoding="utf-8"))
ROWS = {row["pipeline"]: row for row in TABLE["rows"]}


def test_the_page_says_what_the_numbers_say() -> None:
    assert (ROOT / "docs" / "results.md").read_text(encoding="utf-8") == results_page.markdown(TABLE)


def test_every_committed_model_has_a_row() -> None:
    assert {path.parent.name for path in (ROOT / "models").glob("*/pipeline.json")} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_about_the_files_that_are_there(name: str) -> None:
    assert earlier.digest(ROOT / "models" / name) == ROWS[name]["digest"]


@pytest.mark.parametrize("name", ROWS)
def test_predicted_times_are_those_of_the_counts(name: str) -> None:
    assert result_row.timed(ROWS[name], ROOT / "models") == ROWS[name]
