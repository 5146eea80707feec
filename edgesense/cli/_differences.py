"""What changed: between two runs, between what two commits accepted, and between the one and the other."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgesense.cli import _runs
from edgesense.errors import InvalidInput
from edgesense.perf import metrics
from edgesense.report import accepted, difference
from edgesense.report.records import Result, RunRecord

HERE = "here"
ABOUT = (
    "Print what changed from A to B, the worst first. A and B are runs that pytest --edge-json=FILE wrote, or commits, "
    "tags or branches, which stand for what was accepted there as baselines. One commit alone is compared with what is "
    "accepted here, and what is accepted here with one run alone. Times of two runs are shown and never judged: a "
    "computer is too unsteady for that. The exit status is 0 whatever changed."
)


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    Attributes:
        name: What it is called.
        run: Its numbers.
        accepted: Whether they are baselines; a run may have numbers that are never stored.
    """

    name: str
    run: RunRecord
    accepted: bool


def add(actions: Any) -> None:
    """Add the action to the verb."""
    diff = actions.add_parser("diff", help="what changed between two runs, or two commits", description=ABOUT)
    diff.add_argument("before", metavar="A", help="RUN.json, or a commit, tag or branch")
    diff.add_argument("after", nargs="?", metavar="B", help="the same; default: what is accepted here")
    diff.add_argument("--device", action="append", metavar="NAME", help="only on this device; repeatable")
    diff.add_argument("--all", action="store_true", help="what stayed the same, too")
    diff.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the project; default: here")
    diff.add_argument("--baselines", type=Path, default=Path("baselines"), metavar="DIR", help="from the root")
    diff.set_defaults(run=run_diff)


def run_diff(arguments: argparse.Namespace) -> int:
    """Print what changed from one side to the other."""
    first, second = _sides(arguments)
    if first.accepted or second.accepted:
        first, second = _stored(first), _stored(second)
    _refuse_nothing(first, second, arguments)
    if first.accepted != second.accepted:
        # A run on one device says nothing of what others have accepted.
        of_the_run = {one.device for one in (second if first.accepted else first).run.results}
        first, second = _only(first, of_the_run), _only(second, of_the_run)
    if arguments.device:
        first, second = _only(first, arguments.device), _only(second, arguments.device)
    _print(first, second, everything=arguments.all)
    return 0


def _sides(arguments: argparse.Namespace) -> tuple[Side, Side]:
    root = arguments.root.absolute()
    baselines = root / arguments.baselines
    before = _side(arguments.before, root, baselines)
    if arguments.after is not None:
        return before, _side(arguments.after, root, baselines)
    here = Side(HERE, accepted.here(root, baselines), accepted=True)
    return (before, here) if before.accepted else (here, before)


def _side(name: str, root: Path, baselines: Path) -> Side:
    path = Path(name)
    if path.is_file() or path.suffix == ".json":
        return Side(name, _runs.read(path), accepted=False)
    return Side(name, accepted.at(root, baselines, name), accepted=True)


def _stored(side: Side) -> Side:
    """Return a side without the numbers that no baseline keeps."""
    return replace(side, run=replace(side.run, results=tuple(map(_without_times, side.run.results))))


def _without_times(result: Result) -> Result:
    if result.verdict is None:
        return result
    known = metrics.every()
    kept = [one for one in result.verdict.findings if one.limit not in known or known[one.limit].tolerance is not None]
    return replace(result, verdict=replace(result.verdict, findings=tuple(kept)))


def _only(side: Side, devices: Collection[str]) -> Side:
    kept = tuple(one for one in side.run.results if one.device in devices)
    said = accepted.said(kept) if side.accepted else side.run.said
    return replace(side, run=replace(side.run, results=kept, said=said))


def _refuse_nothing(first: Side, second: Side, arguments: argparse.Namespace) -> None:
    """Refuse to compare what holds nothing.

    Raises:
        InvalidInput: If neither side has a number, or a device is named that neither has.
    """
    there = sorted({one.device for side in (first, second) for one in side.run.results})
    if not there:
        msg = f"neither {first.name} nor {second.name} has a baseline in {arguments.baselines}: nothing to compare"
        if not (first.accepted or second.accepted):
            msg = f"neither {first.name} nor {second.name} has a budget: nothing to compare"
        raise InvalidInput(msg)
    unknown = [name for name in arguments.device or () if name not in there]
    if unknown:
        msg = f"--device {unknown[0]}: there are {', '.join(there)}"
        raise InvalidInput(msg)


def _print(first: Side, second: Side, *, everything: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = difference.between(first.run, second.run)
    shown = [one for one in found if everything or difference.is_open(one)]
    console = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
    for side in (first, second):
        console.print(difference.said(side.run, side.name))
    # Texts that rich takes as they are, brackets and all.
    grid = Table("test and limit", "before", "after", "change", "")
    last = ("", "")
    for one in shown:
        if (one.test, one.device) != last:
            grid.add_row(Text(f"{one.test} on {one.device}", "bold"))
            last = (one.test, one.device)
        grid.add_row(Text(f"  {one.limit}"), one.before, one.after, one.change, difference.WORDS[one.rank])
    if shown:
        console.print(grid)
    for why in dict.fromkeys(one.why for one in shown if one.why):
        names = ", ".join(dict.fromkeys(one.limit for one in shown if one.why == why))
        console.print(f"{names}: {why}")
    console.print(f"{len(found) - sum(map(difference.is_open, found))} of {len(found)} stayed the same")
