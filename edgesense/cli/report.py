"""Results as files: show, compare and export runs, follow a test, import what another benchmark tool wrote."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.cli import _differences, _output, _report_page, _runs
from edgesense.errors import InvalidInput
from edgesense.perf import imports, metrics, schema, units
from edgesense.perf.imports import operators, summary

if TYPE_CHECKING:
    from rich.table import Table

    from edgesense.perf.imports.records import Run
    from edgesense.perf.records import Measurement

DEVICE = "imported"
TOP = 10


def add_parser(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("report", help="results as files", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _runs.add(actions)
    _differences.add(actions)
    _add_import(actions)
    _report_page.add(actions)


def _add_import(actions: Any) -> None:
    parser = actions.add_parser(
        "import",
        help="read what benchmark_model or litert-benchmark wrote",
        description="Print a result of another benchmark tool, and write it in this project's own form. Known are "
        "benchmark_model's text and its CSV of operators, and the JSON of litert-benchmark --result_json. Several "
        "files are several runs of one model: each is one sample.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a result; of any of the formats")
    parser.add_argument("--device", default=DEVICE, metavar="NAME", help=f"what it ran on (default {DEVICE})")
    parser.add_argument("--json", metavar="FILE", help="write the measurement there too; - for standard output")
    parser.set_defaults(run=run_import)


def run_import(arguments: argparse.Namespace) -> int:
    """Read files, print what they say and write it where it is asked for."""
    from rich.console import Console

    _output.check(arguments.json)
    found = [(path, imports.read(path)) for path in arguments.files]
    runs = [run for _, one in found for run in one.runs]
    _refuse_others(runs)
    measurement = summary.measurement(runs, arguments.device)
    shown = Console(stderr=arguments.json == _output.STANDARD_OUTPUT)
    for path, one in found:
        shown.print(f"{path}: {one.format}, {units.plural(len(one.runs), 'run')}", highlight=False, markup=False)
    for part in (_numbers(measurement, runs), *_nodes(runs), *measurement.notes):
        shown.print(part, highlight=False, markup=False)
    _output.write(schema.dump_measurement(measurement), arguments.json)
    return 0


def _refuse_others(runs: Sequence[Run]) -> None:
    """Refuse runs that cannot be samples of one number.

    Raises:
        InvalidInput: If they differ in the tool, the model or the threads.
    """
    for what, values in {
        "tools": {run.tool for run in runs},
        "models": {Path(run.graph).name for run in runs if run.graph},
        "numbers of threads": {str(run.threads) for run in runs},
    }.items():
        if len(values) > 1:
            msg = f"these are runs of different {what} ({', '.join(sorted(values))}): import them one by one"
            raise InvalidInput(msg)


def _numbers(measurement: Measurement, runs: Sequence[Run]) -> Table:
    from rich.table import Table

    table = Table(measurement.device, "value", "interval", "how it is known")
    for name, reading in measurement.readings.items():
        unit = metrics.find(name).unit
        spread = units.interval(reading.low, reading.high, unit) if reading.low != reading.high else ""
        table.add_row(name, units.text(reading.value, unit), spread, f"{reading.known.value}: {reading.note}")
    for name, one in measurement.missing.items():
        table.add_row(name, "-", "", f"{one.reason}; {one.remedy}")
    for what, values, unit in (
        ("first call", [run.first_seconds for run in runs], units.MILLISECOND),
        ("initialisation", [run.init_seconds for run in runs], units.MILLISECOND),
        ("growth of memory", [run.grown_bytes for run in runs], units.MEBIBYTE),
    ):
        _add_range(table, what, values, unit)
    return table


def _add_range(table: Table, what: str, values: Iterable[float | None], unit: units.Unit) -> None:
    said = [value for value in values if value is not None]
    if said:
        table.add_row(what, units.interval(min(said), max(said), unit), "", "as the tool printed it")


def _nodes(runs: Sequence[Run]) -> list[Table]:
    from rich.table import Table

    kinds = operators.by_kind(runs[0].operators)
    if not kinds:
        return []
    total = sum(seconds for _, seconds in kinds.values())
    table = Table("operators", "nodes", "ms", "share")
    for column in table.columns[1:]:
        column.justify = "right"
    for kind, (count, seconds) in list(kinds.items())[:TOP]:
        share = f"{seconds / total:.1%}" if total else "-"
        table.add_row(kind, str(count), units.number(seconds, units.MILLISECOND), share)
    if len(kinds) > TOP:
        table.add_row(f"and {len(kinds) - TOP} kinds more", "", "", "")
    return [table]
