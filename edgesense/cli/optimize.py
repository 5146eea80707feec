"""Make a pipeline smaller and faster with one pass or a chain of them, or compare all of them in one table.

`--pass prune --pass int8` trains an architecture (or takes the training that is kept), trains it on while it is pruned,
and converts it to 8-bit integers; with `--teacher` it learns from another pipeline meanwhile. `--all` does so for every
row of the table. Interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgesense.cli import train
from edgesense.cli._arguments import count, names
from edgesense.cli._progress import Progress
from edgesense.errors import SettingsError


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser("optimize", help="make a pipeline smaller and faster", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("architecture", nargs="?", metavar="ARCH", help="a module of edgesense.models")
    what.add_argument("--all", action="store_true", help="every row of the table of results")
    what.add_argument("--list", action="store_true", help="the passes, and what each does")
    parser.add_argument(
        "--pass", action="append", default=[], dest="chain", metavar="NAME", help="again for the next one"
    )
    train.add_teacher(parser)
    parser.add_argument("--output", type=Path, metavar="DIR", help="where the pipelines are written")
    parser.add_argument("--dataset", metavar="DIR", help="recordings with a manifest (default: the embedded data set)")
    parser.add_argument("--classes", default="normal,wheeze,crackle", metavar="A,B", help="labels of the recordings")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="decides everything random (default 1)")
    parser.add_argument("--epochs", type=count, metavar="N", help="default: the architecture's")
    parser.add_argument("--clips", type=count, default=6000, metavar="N", help="training clips (default 6000)")
    parser.add_argument("--test-clips", type=count, default=2000, metavar="N", help="test clips (default 2000)")
    parser.add_argument("--work", type=Path, metavar="DIR", help="features and checkpoints (default: the user's cache)")
    table = parser.add_argument_group("the table of results")
    table.add_argument("--report", type=Path, metavar="FILE.md", help="write it there, and a .json beside it")
    table.add_argument("--only", metavar="A,B", help="some of its trainings; the report's other rows stay")
    table.add_argument("--anew", action="store_true", help="take nothing of these from the report")
    table.add_argument("--boards", default="pi,pi5", metavar="A,B", help="count on these (default pi,pi5)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, make, and for the table measure."""
    from edgesense import optimize

    if arguments.list:
        for name in optimize.names():
            print(f"{name:15s} {(optimize.get(name).__doc__ or '').splitlines()[0]}")
        return 0
    if arguments.output is None:
        raise SettingsError("--output DIR is where the pipelines are written")
    if arguments.all:
        if arguments.teacher is not None:
            raise SettingsError("--teacher is for one architecture; the table's students have their own teachers")
        return _table(arguments)
    if not arguments.chain:
        raise SettingsError(f"name a pass with --pass: {', '.join(optimize.names())}")
    return _one(arguments)


def _one(arguments: argparse.Namespace) -> int:
    """One architecture, one chain: what `edgesense train` does with these passes."""
    from edgesense.optimize import chains

    chain = chains.parse(chains.SEPARATOR.join(arguments.chain)).name
    words = ["train", arguments.architecture, "--output", str(arguments.output), "--passes", f"float32,{chain}"]
    if chain == chains.PLAIN:
        words[-1] = chain
    words += ["--seed", str(arguments.seed), "--clips", str(arguments.clips), "--test-clips", str(arguments.test_clips)]
    for name in ("epochs", "work", "teacher", "temperature", "alpha"):
        if getattr(arguments, name) is not None:
            words += [f"--{name}", str(getattr(arguments, name))]
    if arguments.dataset:
        words += ["--dataset", arguments.dataset, "--classes", arguments.classes]
    parser = argparse.ArgumentParser()
    train.add_parser(parser.add_subparsers())
    return train.run(parser.parse_args(words))


def _table(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from edgesense.perf.files import cache_directory, write_atomically
    from edgesense.training import results, results_page, variants
    from edgesense.training.earlier import Earlier

    if arguments.report is not None and arguments.report.suffix != ".md":
        raise SettingsError(f"--report {arguments.report}: the page is Markdown, so give it a name that ends in .md")
    wanted = variants.find(names(arguments.only) if arguments.only else None)
    settings = results.Settings(
        output=arguments.output,
        work=arguments.work or cache_directory(),
        recordings=Path(arguments.dataset) if arguments.dataset else None,
        classes=tuple(names(arguments.classes)),
        clips=arguments.clips,
        test_clips=arguments.test_clips,
        seed=arguments.seed,
        epochs=arguments.epochs,
        boards=tuple(names(arguments.boards)),
        command=_command(arguments),
    )
    earlier, page = Earlier(), arguments.report
    if page is not None:
        earlier = Earlier.read(page.with_suffix(".json"), results.SCHEMA)
    if arguments.anew:
        earlier = earlier.without([one.name for one in wanted])

    def keep(found: Mapping[str, Any]) -> None:
        if page is not None:
            write_atomically(page.with_suffix(".json"), json.dumps(found, indent=1, ensure_ascii=False) + "\n")
            write_atomically(page, results_page.markdown(found))

    with Progress(Console(highlight=False)) as progress:
        found = results.run(wanted, settings, progress, earlier, keep)
    keep(found)
    print(results_page.markdown(found) if page is None else f"wrote {page} and {page.with_suffix('.json').name}")
    return 0


def _command(arguments: argparse.Namespace) -> str:
    """The command that makes the same again; folders of recordings by their last name only."""
    words: list[str] = ["edgesense", "optimize", "--all", "--output", arguments.output.name]
    if arguments.dataset:
        words += ["--dataset", Path(arguments.dataset).name, "--classes", arguments.classes]
    if arguments.only and arguments.report is None:
        words += ["--only", arguments.only]
    for name, usual in (("seed", 1), ("epochs", None), ("clips", 6000), ("test_clips", 2000)):
        if getattr(arguments, name) != usual:
            words += ["--" + name.replace("_", "-"), str(getattr(arguments, name))]
    if arguments.report:
        words += ["--report", str(arguments.report)]
    return shlex.join(words)
