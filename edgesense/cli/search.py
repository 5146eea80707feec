"""Search for small networks that are right: Optuna over size, front end and quantisation, accuracy against cost.

Interrupted, the same command goes on; given to several processes or machines, it shares the trials of one study.
"""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.cli._arguments import count, names
from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesense.training.search.cost import Counter
    from edgesense.training.search.data import Data

SYNTHETIC = "synthetic"
VARIABLE = "EDGESENSE_STORAGE"
NOT_TOLD = frozenset({"report", "plot", "export", "test", "test_clips", "run", "storage", "work", "dataset"})
"""Options that decide nothing about the search, and those that a command to be printed tells in its own way."""


def add_parser(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("search", help="search architectures, front ends and quantisations", description=__doc__)
    parser.add_argument("--study", default="search", metavar="NAME", help="its name in the storage (default search)")
    parser.add_argument(
        "--storage",
        metavar="URL",
        help=f"an SQLite file or a database URL, postgresql://...; default: ${VARIABLE}, else a file under --work",
    )
    parser.add_argument("--trials", type=count, default=20, metavar="N", help="trials of the whole study (default 20)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="decides what is drawn (default 1)")
    parser.add_argument("--cost", default="pi", metavar="NAME", help="pi, pi5: counted instructions; macs: an estimate")
    parser.add_argument("--most-instructions", type=float, metavar="X", help="do not train what needs more, as 12e6")
    parser.add_argument("--most-macs", type=float, metavar="X", help="the same for --cost macs")
    parser.add_argument("--passes", default="float32,int8", metavar="A,B", help="conversions (default float32,int8)")
    parser.add_argument(
        "--choose",
        action="append",
        metavar="NAME=A,B",
        help="values of depth, width, kernel, blocks, n_fft ... to search",
    )
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="features, checkpoints, studies (default: the user's cache)"
    )
    training = parser.add_argument_group("training a trial")
    training.add_argument(
        "--dataset", default=SYNTHETIC, metavar="NAME", help="synthetic, or a folder with a MANIFEST.csv"
    )
    training.add_argument("--epochs", type=count, default=12, metavar="N", help="default 12")
    training.add_argument("--batch-size", type=count, default=64, metavar="N", help="default 64")
    training.add_argument("--learning-rate", type=float, default=2e-3, metavar="X", help="default 0.002")
    training.add_argument("--score", choices=("accuracy", "macro_f1"), default="accuracy", help="default accuracy")
    training.add_argument(
        "--clips", type=count, default=2000, metavar="N", help="embedded training clips (default 2000)"
    )
    training.add_argument("--validation-clips", type=count, default=600, metavar="N", help="to judge by (default 600)")
    training.add_argument("--classes", metavar="A,B", help="labels of recordings (default: all)")
    training.add_argument(
        "--folds", metavar="A,B", help="folds to judge by, or all (default: the first; one training each)"
    )
    training.add_argument("--test-fold", metavar="A", help="fold that no trial sees (default: the last)")
    results = parser.add_argument_group("what is made of it")
    results.add_argument("--report", type=Path, metavar="FILE", help="write all trials there as JSON")
    results.add_argument(
        "--plot", action="append", type=Path, metavar="FILE", help="draw the front: .svg or .html; can be repeated"
    )
    results.add_argument("--export", type=Path, metavar="DIR", help="copy the front's pipelines there")
    results.add_argument(
        "--test", action="store_true", help="score the front on the held-out clips, once; ends the study"
    )
    results.add_argument("--test-clips", type=count, metavar="N", help="how many of them (default: all)")
    parser.set_defaults(run=run, usual=_usual(parser))


def _usual(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Option -> default, of the options that decide what is searched."""
    return {
        action.dest: action.default
        for action in parser._actions  # noqa: SLF001 - argparse tells its options in no other way
        if action.dest not in NOT_TOLD and action.default is not argparse.SUPPRESS
    }


def run(arguments: argparse.Namespace) -> int:
    """Search, print the front and write what is asked for."""
    from rich.console import Console

    from edgesense.cli import INTERRUPTED, _search
    from edgesense.perf.files import cache_directory
    from edgesense.training.search import cost, packages, plots, storage
    from edgesense.training.search import study as studies
    from edgesense.training.search.loop import Search
    from edgesense.training.search.plan import Plan
    from edgesense.training.search.presence import Presence
    from edgesense.training.search.space import Space
    from edgesense.training.search.trained import TrainedEvaluator

    packages.need("optuna")
    for path in arguments.plot or ():
        plots.check(path)
    if arguments.report and not arguments.report.absolute().parent.is_dir():
        raise SettingsError(f"--report {arguments.report}: its directory is not there")
    console = Console(highlight=False)
    work = arguments.work or cache_directory()
    space = Space.of(names(arguments.passes), _chosen(arguments.choose or ()))
    counter = cost.find(arguments.cost)
    most = _limit(arguments, counter)
    data = _data(arguments)
    plan = Plan(arguments.epochs, arguments.batch_size, arguments.learning_rate, arguments.seed, arguments.score)
    address = storage.url(arguments.storage or os.environ.get(VARIABLE), work / "search")
    where = storage.shown(address)
    with Presence(work / "search" / "presence") as presence, _search.Progress(console) as progress:
        evaluator = TrainedEvaluator(plan, data, counter, work, progress.detail)
        fixed = {"space": space.to_dict(), **evaluator.identity(), "most_cost": most}
        study = studies.open(storage.open(address, studies.put_back), arguments.study, fixed, arguments.seed)
        progress.say(f"study {study.study_name} in {where}: {space.size} candidates")
        search = Search(study, space, evaluator, presence, progress, most)
        interrupted = _interrupted(search.run, arguments.trials)
    made = _search.Made(study, counter.cost, where, _command(arguments, public=True))
    made.show(console)
    made.write(arguments.report, arguments.plot or (), console)
    if interrupted:
        console.print(f"interrupted; this goes on: {_command(arguments)}", markup=False, soft_wrap=True)
        return INTERRUPTED
    if arguments.export or arguments.test:
        made.pipelines(data, work, console, output=arguments.export, test=arguments.test, clips=arguments.test_clips)
        made.write(arguments.report if arguments.test else None, (), console)
    return 0


def _interrupted(search: Any, trials: int) -> bool:
    try:
        search(trials)
    except KeyboardInterrupt:
        return True
    return False


def _chosen(texts: Sequence[str]) -> dict[str, list[str]]:
    """`--choose` as name -> values."""
    chosen = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not names(values):
            raise SettingsError(f"--choose must look like width=16,32, not {text!r}")
        chosen[name.strip()] = names(values)
    return chosen


def _limit(arguments: argparse.Namespace, counter: Counter) -> float | None:
    """The one limit that belongs to the cost."""
    limits: dict[str, float | None] = {
        "instructions": arguments.most_instructions,
        "multiply-accumulates": arguments.most_macs,
    }
    unit = counter.cost.unit
    for other, said in limits.items():
        if said is not None and other != unit:
            raise SettingsError(f"the cost of this search is {unit}, which a limit on {other} says nothing about")
    limit = limits[unit]
    if limit is not None and not limit > 0:
        raise SettingsError(f"a limit on {unit} must be above 0, not {limit:g}")
    return limit


def _data(arguments: argparse.Namespace) -> Data:
    from edgesense.training.search.data import Embedded, Recordings

    if arguments.dataset != SYNTHETIC:
        return Recordings.open(
            Path(arguments.dataset),
            names(arguments.classes),
            names(arguments.folds),
            arguments.test_fold,
        )
    for name in ("classes", "folds", "test_fold"):
        if getattr(arguments, name):
            raise SettingsError(
                f"--{name.replace('_', '-')} belongs to a folder with a manifest, not to the embedded set"
            )
    return Embedded(arguments.clips, arguments.validation_clips)


def _command(arguments: argparse.Namespace, *, public: bool = False) -> str:
    """The command that goes on with the study.

    Args:
        arguments: This command's.
        public: For a file that others read: folders by their last name only. No URL of a database is ever told.
    """
    words = ["edgesense", "search"]
    if arguments.dataset != SYNTHETIC:
        words += ["--dataset", Path(arguments.dataset).name if public else arguments.dataset]
    for name, usual in arguments.usual.items():
        value = getattr(arguments, name)
        if value != usual:
            values = value if isinstance(value, list) else [value]
            for one in values:
                words += ["--" + name.replace("_", "-"), f"{one:g}" if isinstance(one, float) else str(one)]
    if not public:
        if arguments.work:
            words += ["--work", str(arguments.work)]
        if arguments.storage:
            words += ["--storage", "URL" if "://" in arguments.storage else arguments.storage]
    return shlex.join(words)
