"""Train a model from a fixed seed and write its pipeline directories; interrupted, the same command goes on."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.cli._arguments import count, names
from edgesense.cli._progress import Progress
from edgesense.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesense.features.settings import FeatureSettings
    from edgesense.training.teacher import Teacher

SYNTHETIC = "synthetic"
MAKERS, CACHES = ("numpy", "tf.data"), ("off", "memory", "file")
"""As `edgesense.training.batches` has them, which is imported only when something is trained."""


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser("train", help="train a model and convert it", description=__doc__)
    parser.add_argument(
        "architecture", metavar="ARCH", help="attention, cnn, crnn, ds_cnn: a module of edgesense.models"
    )
    parser.add_argument(
        "--dataset",
        default=SYNTHETIC,
        metavar="NAME",
        help="synthetic (the embedded data set, default) or a folder with a MANIFEST.csv",
    )
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="where the pipelines are written")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="decides everything random (default 1)")
    parser.add_argument("--epochs", type=count, metavar="N", help="default: the architecture's")
    parser.add_argument("--batch-size", type=count, default=64, metavar="N", help="default 64")
    parser.add_argument("--learning-rate", type=float, default=2e-3, metavar="X", help="default 0.002")
    parser.add_argument(
        "--passes",
        default="float32,int8",
        metavar="A,B+C",
        help="what to make of it: passes, with + between those that follow one another (default float32,int8)",
    )
    parser.add_argument("--name", default="", help="the pipelines' name before their passes (default: of ARCH)")
    parser.add_argument(
        "--feature", action="append", default=[], metavar="NAME=VALUE", help="change a feature setting; again for more"
    )
    add_teacher(parser)
    parser.add_argument("--work", type=Path, metavar="DIR", help="features and checkpoints (default: the user's cache)")
    parser.add_argument(
        "--input", choices=MAKERS, default=MAKERS[0], help="what makes batches; they are the same (default numpy)"
    )
    parser.add_argument(
        "--cache", choices=CACHES, default=CACHES[0], help="where normalised clips are kept meanwhile (default off)"
    )
    parser.add_argument(
        "--profile", type=Path, metavar="DIR", help="write a trace of a few steps there, for TensorBoard"
    )
    synthetic = parser.add_argument_group("the embedded data set")
    synthetic.add_argument("--clips", type=count, default=6000, metavar="N", help="training clips (default 6000)")
    synthetic.add_argument(
        "--test-clips",
        type=count,
        default=2000,
        metavar="N",
        help="clips of the one final test (default 2000)",
    )
    folds = parser.add_argument_group("a folder with a manifest")
    folds.add_argument("--folds", default="all", metavar="A,B", help="folds to hold out in turn (default all)")
    folds.add_argument("--classes", metavar="A,B", help="labels to train on (default: all of the manifest)")
    folds.add_argument("--report", type=Path, metavar="FILE", help="write the results of all folds there as JSON")
    parser.set_defaults(run=run)


def add_teacher(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a teacher and how it is listened to."""
    taught = parser.add_argument_group("a teacher")
    taught.add_argument(
        "--teacher", type=Path, metavar="DIR", help="pipeline to learn from, {fold} for the fold that is held out"
    )
    taught.add_argument("--temperature", type=float, metavar="T", help="what logits are divided by (default 4)")
    taught.add_argument("--alpha", type=float, metavar="X", help="share of the teacher in the loss (default 0.7)")


def run(arguments: argparse.Namespace) -> int:
    """Train, convert, test and write."""
    from rich.console import Console

    from edgesense import models
    from edgesense.perf.files import cache_directory
    from edgesense.training.batches import Input
    from edgesense.training.fit import Schedule
    from edgesense.training.plan import Plan
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
    plan = Plan(
        arguments.architecture,
        schedule,
        tuple(names(arguments.passes)),
        seed=arguments.seed,
        front_end=_front_end(architecture.features(), arguments.feature),
        teacher=_teacher(arguments),
        batches=Input(arguments.input, arguments.cache),
        name=arguments.name or (arguments.architecture.replace("_", "") + "-distilled" if arguments.teacher else ""),
    )
    work = arguments.work or cache_directory()
    trace = StepTrace(arguments.profile) if arguments.profile else None
    with trace or contextlib.nullcontext(), Progress(console) as progress:
        if real:
            from edgesense.training import folds

            folds.run(
                plan,
                dataset=Path(arguments.dataset),
                folds=names(arguments.folds),
                classes=names(arguments.classes),
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
                plan,
                clips=arguments.clips,
                test_clips=arguments.test_clips,
                work=work,
                output=arguments.output,
                command=_command(arguments),
                reporter=progress,
                on_step=trace,
            )
    if trace:
        console.print(trace.summary(), soft_wrap=True)
    return 0


def _front_end(usual: FeatureSettings, changes: Sequence[str]) -> FeatureSettings | None:
    """The architecture's features with some settings changed; None where none is."""
    from edgesense.features.settings import FeatureSettings

    values: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise SettingsError(f"--feature {change}: write NAME=VALUE, as in n_fft=2048 or blocks=mfcc,logmel")
        values[name.strip()] = names(text) if name.strip() == "blocks" else _value(text)
    return FeatureSettings.from_dict({**usual.to_dict(), **values}) if values else None


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _teacher(arguments: argparse.Namespace) -> Teacher | None:
    from edgesense.training.teacher import Teacher

    listened = {
        name: getattr(arguments, name) for name in ("temperature", "alpha") if getattr(arguments, name) is not None
    }
    if arguments.teacher is None:
        if listened:
            raise SettingsError(f"--{next(iter(listened))} is how a teacher is listened to: give --teacher DIR with it")
        return None
    return Teacher(arguments.teacher, **listened)


def _command(arguments: argparse.Namespace) -> str:
    """The command that makes the same again: what decides the result, and folders by their last name only."""
    words = ["edgesense", "train", arguments.architecture, "--dataset", Path(arguments.dataset).name]
    words += ["--output", arguments.output.name, "--seed", str(arguments.seed)]
    for name, usual in (("epochs", None), ("batch_size", 64), ("learning_rate", 2e-3), ("clips", 6000)):
        value = getattr(arguments, name)
        if value != usual:
            words += ["--" + name.replace("_", "-"), str(value)]
    if arguments.passes != "float32,int8":
        words += ["--passes", arguments.passes]
    if arguments.name:
        words += ["--name", arguments.name]
    for change in arguments.feature:
        words += ["--feature", change]
    if arguments.teacher:
        teacher = arguments.teacher
        words += ["--teacher", teacher.name if teacher.is_absolute() else str(teacher)]
    for name in ("temperature", "alpha"):
        if getattr(arguments, name) is not None:
            words += [f"--{name}", str(getattr(arguments, name))]
    if arguments.classes:
        words += ["--classes", arguments.classes, "--folds", arguments.folds]
    return shlex.join(words)
