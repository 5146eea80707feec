"""The profile of a graph's nodes, as benchmark_model prints it (tabs) or writes it (commas).

One table has the nodes in the order they run in, one the slowest, one sums them up by kind; the first is read. Releases
differ in their columns, so a column is found by its head. Formats: tensorflow/core/util/stats_calculator.cc
(HeaderString, ColumnString), tensorflow/lite/profiling/profile_summary_formatter.cc.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from edgesense.perf.imports.records import Operator

MILLISECOND = 1e-3
TITLE = re.compile(r"=+ (?P<title>.+?) =+")
RUN_ORDER = "Run Order"
INITIALISING = "Profiling Info for Benchmark Initialization"
REGULAR = "Operator-wise Profiling Info for Regular Benchmark Runs"
INNER = "Delegate internal:"
KIND, TIME, NAME = "node type", "avg ms", "name"


def read(lines: Iterable[str]) -> tuple[Operator, ...]:
    """Return the nodes of the timed runs, those of the model's loading left out."""
    found: list[Operator] = []
    regular, inner, in_order = True, False, False
    heads: list[str] = []
    for line in lines:
        text = line.strip()
        title = TITLE.fullmatch(text)
        if text.startswith((INITIALISING, REGULAR)):
            regular, inner = text.startswith(REGULAR), False
        elif text.startswith(INNER):
            inner = True
        elif title is not None:
            in_order, heads = title["title"] == RUN_ORDER, []
        elif not text:
            in_order = in_order and not heads
        elif in_order and regular and not heads:
            heads = [_head(cell) for cell in _cells(text)]
        elif in_order and regular:
            found += _operator(heads, text, inner=inner)
    return tuple(found)


def _head(cell: str) -> str:
    return cell.strip("[]").lower().replace("_", " ")


def _cells(text: str, most: int = -1) -> list[str]:
    separator = "\t" if "\t" in text else ","
    return [cell.strip() for cell in text.split(separator, most)]


def _operator(heads: list[str], text: str, *, inner: bool) -> list[Operator]:
    # A node's name is the last column and may hold commas of its own.
    row = dict(zip(heads, _cells(text, len(heads) - 1), strict=False))
    try:
        seconds = float(row[TIME]) * MILLISECOND
    except (KeyError, ValueError):
        return []
    return [Operator(row[KIND], row.get(NAME, "").strip("[]"), seconds, inner)]


def by_kind(operators: Iterable[Operator]) -> dict[str, tuple[int, float]]:
    """Return kind -> (how many nodes, their seconds in all), the slowest kind first; inner ones are left out."""
    found: dict[str, tuple[int, float]] = {}
    for one in operators:
        if not one.inner:
            count, seconds = found.get(one.kind, (0, 0.0))
            found[one.kind] = (count + 1, seconds + one.seconds)
    return dict(sorted(found.items(), key=lambda entry: -entry[1][1]))
