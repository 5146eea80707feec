"""Train a model from a fixed seed and write its pipeline directories; interrupted, the same command goes on."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from edgesense.training.checkpoint import State

SYNTHETIC = "synthetic"


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser("train", help="train a model and convert it", description=__doc__)
    parser.add_argument("architecture", metavar="ARCH", help="crnn, ds_cnn: a module of edgesense.models")
    parser.add_argument(
        "--dataset",
        default=SYNTHETIC,
        metavar="NAME",
        help="synthetic (the embedded data set, default) or a folder with a MANIFEST.csv",
    )
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="where the pipelines are written")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="decides everything random (default 1)")
    parser.add_argument("--epochs", type=_count, metavar="N", help="default: the architecture's")
    parser.add_argument("--batch-size", type=_count, default=64, metavar="N", help="default 64")
    parser.add_argument("--learning-rate", type=float, default=2e-3, metavar="X", help="default 0.002")
    parser.add_argument("--passes", default="float32,int8", metavar="A,B", help="conversions (default float32,int8)")
    parser.add_argument("--work", type=Path, metavar="DIR", help="features and checkpoints (default: the user's cache)")
    parser.add_argument(
        "--profile", type=Path, metavar="DIR", help="write a trace of a few steps there, for TensorBoard"
    )
    synthetic = parser.add_argument_group("the embedded data set")
    synthetic.add_argument("--clips", type=_count, default=6000, metavar="N", help="training clips (default 6000)")
    synthetic.add_argument(
        "--test-clips", type=_count, default=2000, metavar="N", help="clips of the one final test (default 2000)"
    )
    folds = parser.add_argument_group("a folder with a manifest")
    folds.add_argument("--folds", default="all", metavar="A,B", help="folds to hold out in turn (default all)")
    folds.add_argument("--classes", metavar="A,B", help="labels to train on (default: all of the manifest)")
    folds.add_argument("--report", type=Path, metavar="FILE", help="write the results of all folds there as JSON")
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text!r} is no whole number of 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Train, convert, test and write."""
    from rich.console import Console

    from edgesense import models, optimize
    from edgesense.perf.files import cache_directory
    from edgesense.training.fit import Schedule
    from edgesense.training.profile import StepTrace

    console = Console(highlight=False)
    architecture = models.get(arguments.architecture)
    real = arguments.dataset != SYNTHETIC
    schedule = Schedule(
        epochs=arguments.epochs or architecture.EPOCHS,
        batch_size=arguments.batch_size,
        learning_rate=arguments.learning_rate,
        select="macro_f1" if real else "accuracy",
        balance=real,
    )
    passes = _names(arguments.passes)
    if not passes:
        raise SettingsError("--passes names no conversion")
    optimize.check(passes)
    work = arguments.work or cache_directory()
    trace = StepTrace(arguments.profile) if arguments.profile else None
    with trace or contextlib.nullcontext(), _Progress(console) as progress:
        if real:
            from edgesense.training import folds

            folds.run(
                arguments.architecture,
                schedule,
                dataset=Path(arguments.dataset),
                seed=arguments.seed,
                folds=_names(arguments.folds),
                classes=_names(arguments.classes),
                passes=passes,
                work=work,
                output=arguments.output,
                report=arguments.report,
                command=_command(arguments),
                reporter=progress,
                on_step=trace,
            )
        else:
            from edgesense.training import embedded

            embedded.run(
                arguments.architecture,
                schedule,
                seed=arguments.seed,
                clips=arguments.clips,
                test_clips=arguments.test_clips,
                passes=passes,
                work=work,
                output=arguments.output,
                command=_command(arguments),
                reporter=progress,
                on_step=trace,
            )
    if trace:
        console.print(trace.summary(), soft_wrap=True)
    return 0


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _command(arguments: argparse.Namespace) -> str:
    """The command that makes the same again: what decides the result, and folders by their last name only."""
    words = ["edgesense", "train", arguments.architecture, "--dataset", Path(arguments.dataset).name]
    words += ["--output", arguments.output.name, "--seed", str(arguments.seed)]
    for name, usual in (("epochs", None), ("batch_size", 64), ("learning_rate", 2e-3), ("clips", 6000)):
        value = getattr(arguments, name)
        if value != usual:
            words += ["--" + name.replace("_", "-"), str(value)]
    if arguments.classes:
        words += ["--classes", arguments.classes, "--folds", arguments.folds]
    return shlex.join(words)


class _Progress:
    """Bars for features and epochs, and a line for each step that is done."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def features(self, what: str, done: int, total: int) -> None:
        self._bar(f"features of {what}", done, total)

    def epoch(self, state: State, epochs: int) -> None:
        last = state.history[-1]
        self._bars.console.print(
            f"epoch {state.epoch:3d}  loss {last['loss']:.4f}  validation accuracy {last['accuracy']:.4f}  "
            f"macro F1 {last['macro_f1']:.4f}  {state.seconds:.0f} s"
        )
        self._bar("epochs", state.epoch, epochs)

    def say(self, text: str) -> None:
        self._bars.console.print(text)

    def _bar(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name)
        self._bars.update(self._tasks[name], total=total, completed=done, visible=done < total)
