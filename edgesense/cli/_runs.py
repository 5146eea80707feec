"""Runs of budgets that were written as files: show one, write one in another form, follow a test."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgesense.cli import _output
from edgesense.errors import InvalidInput
from edgesense.perf import history, units
from edgesense.perf.baselines.directory import DirectoryStore
from edgesense.report import cells, difference, formats, schema, sparkline, table, trend
from edgesense.report.records import RunRecord, Step

UNPIPED = (100, 24)
MARKS = {"red": "red", "yellow": "yellow", "green": "green", "bold": "bold"}


def add(actions: Any) -> None:
    """Add the actions to the verb."""
    show = actions.add_parser("show", help="print a run's table again", description="Print the table of a run.")
    show.add_argument("run_file", type=Path, metavar="RUN.json", help="what pytest --edge-export=json:FILE wrote")
    show.add_argument("--failed", action="store_true", help="only tests that fail for their budgets")
    show.add_argument("--test", default="", metavar="TEXT", help="only tests whose name holds this")
    show.set_defaults(run=run_show)
    export = actions.add_parser("export", help="write a run in a form that another program reads")
    export.add_argument("run_file", type=Path, metavar="RUN.json")
    export.add_argument("--format", required=True, metavar="NAME", help="as edgesense report formats lists them")
    export.add_argument("--output", default=_output.STANDARD_OUTPUT, metavar="FILE", help="default: standard output")
    export.set_defaults(run=run_export)
    listing = actions.add_parser("formats", help="list the forms a run can be written in, and what reads them")
    listing.set_defaults(run=run_formats)
    past = actions.add_parser(
        "history",
        help="a test's accepted numbers over the commits",
        description="Print the numbers that were accepted for a test, commit by commit, from the history of the "
        "project's baselines.",
    )
    past.add_argument("test", metavar="TEST", help="a test's name, or a part that only one has")
    past.add_argument("--device", metavar="NAME", help="default: every device that has a baseline")
    past.add_argument("--limit", metavar="NAME", help="default: every limit")
    past.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the project; default: here")
    past.add_argument("--baselines", type=Path, default=Path("baselines"), metavar="DIR", help="from the root")
    past.add_argument("--plot", metavar="FILE.svg", help="draw one curve; needs one device and one limit")
    past.set_defaults(run=run_history)


def read(path: Path) -> RunRecord:
    """Return the run of a file.

    Raises:
        InvalidInput: If there is none that can be read.
    """
    try:
        return schema.load(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise InvalidInput(msg) from error


def _columns() -> int:
    return shutil.get_terminal_size(UNPIPED).columns


def run_show(arguments: argparse.Namespace) -> int:
    """Print a run's table, as pytest did; the exit status is 0 also where budgets failed."""
    from rich.console import Console
    from rich.text import Text

    run = read(arguments.run_file)
    shown = [one for one in run.results if arguments.test in one.nodeid and (not arguments.failed or one.fails)]
    console = Console(width=max(_columns(), table.WIDEST), soft_wrap=True)
    for line in table.render(shown, _columns()) if shown else ():
        console.print(Text.assemble(*((piece.text, MARKS.get(piece.mark, "")) for piece in line)))
    for reason in table.uncompared(shown):
        console.print(Text(reason))
    for problem in run.problems:
        console.print(Text(problem, "red"))
    if len(shown) < len(run.results):
        console.print(Text(f"{len(shown)} of {len(run.results)} shown"))
    console.print(Text(difference.said(run, str(arguments.run_file)), "bold"))
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    """Write a run in another form."""
    text = formats.find(arguments.format).render(read(arguments.run_file), root=Path.cwd())
    _output.put(text, arguments.output, "--output")
    return 0


def run_formats(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every action is called in the same way
    """List the formats."""
    known = formats.every()
    widest = max(map(len, known))
    for name in sorted(known):
        print(f"{name:<{widest}}  {known[name].ABOUT}")
    return 0


def run_history(arguments: argparse.Namespace) -> int:
    """Print what was accepted for a test, commit by commit."""
    root = arguments.root.absolute()
    store = DirectoryStore(root / arguments.baselines)
    test, devices = _find(store, arguments.test, arguments.device)
    if history.top(root) is None:
        msg = f"{root} lies in no git repository: there is no history to read"
        raise InvalidInput(msg)
    curves = []
    for device in devices:
        found = trend.of(root, arguments.baselines, test, device)
        curves += [(device, name, found[name]) for name in sorted(found) if arguments.limit in {None, name}]
    if not curves:
        msg = f"no commit stored {arguments.limit or 'a number'} of {test}: commit its baseline, or fetch more history"
        raise InvalidInput(msg)
    print(test)
    for device, name, steps in curves:
        _print(device, name, steps)
    if arguments.plot:
        _plot(arguments.plot, test, curves)
    return 0


def _find(store: DirectoryStore, part: str, device: str | None) -> tuple[str, list[str]]:
    """Return the one test that is meant, and the devices it has a baseline on."""
    devices = [device] if device is not None else list(store.devices())
    found: dict[str, list[str]] = {}
    for one in devices:
        for test in store.tests(one):
            if part in test:
                found.setdefault(test, []).append(one)
    if part in found:
        return part, found[part]
    if len(found) != 1:
        there = f"{len(found)} have: {', '.join(sorted(found))}" if found else f"none in {store.root} has"
        msg = f"one test whose name holds {part!r} is wanted, {there}"
        raise InvalidInput(msg)
    return next(iter(found.items()))


def _print(device: str, name: str, steps: Sequence[Step]) -> None:
    values = [step.value for step in steps]
    unit = cells.unit_of(name)
    older = f"the newest {trend.MOST}" if len(steps) == trend.MOST else units.plural(len(steps), "commit")
    print(f"\n{name} on {device}  {sparkline.line(values)}  {older}")
    texts = _texts(values, unit)
    widest = max(map(len, texts))
    for before, step, text in zip((None, *steps), steps, texts, strict=False):
        change = ""
        if before is not None:
            change = units.change(step.value, before.value, absolute=unit is units.RATIO)
            change = change if before.known is step.known else "known in another way"
        front = f"  {history.short(step.commit)}  {step.when[:10]}  {text:>{widest}}"
        print(f"{front}  {step.known.value:<9}  {change}".rstrip())


def _texts(values: list[float], unit: units.Unit) -> list[str]:
    """Return numbers as text, in as many digits as it takes that unequal ones print differently."""
    for digits in range(3, units.REPEATABLE):
        found = [units.text(value, unit, digits=digits) for value in values]
        if len(set(found)) == len(set(values)):
            return found
    return [units.text(value, unit, digits=units.REPEATABLE) for value in values]


def _plot(file: str, test: str, curves: list[tuple[str, str, Sequence[Step]]]) -> None:
    if len(curves) != 1:
        msg = f"--plot draws one curve, there are {len(curves)}: name one with --device and --limit"
        raise InvalidInput(msg)
    ((device, name, steps),) = curves
    values = [step.value for step in steps]
    known = " and ".join(dict.fromkeys(step.known.value for step in steps))
    text = sparkline.picture(
        f"{test}: {name} on {device} ({known})",
        values,
        _texts(values, cells.unit_of(name)),
        [history.short(step.commit) for step in steps],
    )
    _output.put(text, file, "--plot")
    print(f"\ndrawn to {file}")
