"""Run a pipeline over labelled clips or recordings and say how right it is, class by class."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.cli._arguments import count, open_pipeline
from edgesense.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from edgesense.evaluation import Comparison
    from edgesense.features.cache import FeatureCache
    from edgesense.pipeline import Pipeline
    from edgesense.training.answers import Answers
    from edgesense.training.clip_sets import ClipSet

SCHEMA = 1
CACHE_BYTES = 16 * 2**20
SPLITS = ("train", "validation", "calibration", "test")


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser("evaluate", help="score a pipeline on labelled clips", description=__doc__)
    parser.add_argument("pipeline", type=Path, metavar="PIPELINE", help="a pipeline directory")
    parser.add_argument(
        "--dataset",
        default="synthetic",
        metavar="NAME",
        help="synthetic (the embedded data set, default) or a folder with a MANIFEST.csv",
    )
    parser.add_argument("--split", choices=SPLITS, default="test", help="of the embedded data set (default test)")
    parser.add_argument(
        "--clips", type=count, default=2000, metavar="N", help="of the embedded data set (default 2000)"
    )
    parser.add_argument("--folds", metavar="A,B", help="of a manifest (default: all)")
    parser.add_argument("--reference", type=Path, metavar="PIPELINE", help="a pipeline to compare with, clip by clip")
    parser.add_argument("--runtime", choices=("litert", "tflite"), help="default: the first one installed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Answer for every clip, print tables and write JSON where it is asked for."""
    from rich.console import Console
    from rich.progress import Progress

    from edgesense.perf.files import write_atomically
    from edgesense.training import clip_sets
    from edgesense.training.answers import collect

    console = Console(highlight=False)
    pipelines = {"pipeline": open_pipeline(arguments.pipeline, arguments.runtime)}
    if arguments.reference:
        pipelines["reference"] = open_pipeline(arguments.reference, arguments.runtime)
        _refuse_different(pipelines["pipeline"], pipelines["reference"])
    cache = _shared_cache(pipelines)
    clips = clip_sets.find(
        arguments.dataset,
        pipelines["pipeline"],
        split=arguments.split,
        count=arguments.clips,
        folds=[name.strip() for name in arguments.folds.split(",")] if arguments.folds else None,
    )
    with Progress(console=console, transient=True) as bars:
        task = bars.add_task("clips", total=len(clips))
        answers = collect(pipelines, clips, lambda done: bars.update(task, completed=done))
    scores = {name: answers.scores(name) for name in pipelines}
    change = answers.comparison("reference", "pipeline") if arguments.reference else None
    _print(console, pipelines["pipeline"].name, clips, answers, change)
    if cache:
        console.print(f"features are computed once for both pipelines: {cache.stats}")
    if arguments.json:
        made = {
            "schema": SCHEMA,
            "pipeline": pipelines["pipeline"].name,
            "reference": pipelines["reference"].name if arguments.reference else None,
            "subject": pipelines["pipeline"].subject(),
            "dataset": clips.identity,
            "left_out": clips.left_out,
            "unusable": clips.unusable,
            "scores": scores["pipeline"].to_dict(),
            "reference_scores": scores["reference"].to_dict() if arguments.reference else None,
            "against_reference": _flips(change, clips.used) if change else None,
        }
        write_atomically(arguments.json, json.dumps(made, indent=1) + "\n")
    return 0


def _refuse_different(one: Pipeline, other: Pipeline) -> None:
    if (one.settings.samples, one.settings.sample_rate) != (other.settings.samples, other.settings.sample_rate):
        raise PipelineError(f"{other.path} takes clips of another length or rate than {one.path}")


def _shared_cache(pipelines: dict[str, Pipeline]) -> FeatureCache | None:
    """One cache for all, put into them, where they compute the same features; None where it would only hash."""
    if len({one.settings for one in pipelines.values()}) == len(pipelines):
        return None
    from edgesense.features.cache import FeatureCache

    cache = FeatureCache(CACHE_BYTES)
    for name, one in pipelines.items():
        pipelines[name] = one.cached(cache)
    return cache


def _flips(change: Comparison, used: Sequence[str]) -> dict[str, Any]:
    """A comparison with the names of the clips that flipped."""
    named = {key: [used[index] for index in getattr(change, key)] for key in ("lost", "gained")}
    return {"drop": change.drop, **named, "changed": len(change.changed), "p": change.p}


def _print(console: Console, name: str, clips: ClipSet, answers: Answers, change: Comparison | None) -> None:
    from rich.table import Table

    scores = answers.scores("pipeline")
    table = Table("class", title=f"{name} on {scores.clips} clips ({answers.runtimes['pipeline']})")
    for heading in ("clips", "recall", "95 %", "precision", "F1"):
        table.add_column(heading, justify="right")
    answered = Table("is, called", title="answers")
    for label in answers.classes:
        answered.add_column(label, justify="right")
    for one, row in zip(scores.classes, scores.confusion, strict=True):
        interval = f"{one.recall_low:.3f}-{one.recall_high:.3f}"
        table.add_row(one.label, str(one.clips), f"{one.recall:.3f}", interval, f"{one.precision:.3f}", f"{one.f1:.3f}")
        answered.add_row(one.label, *map(str, row))
    console.print(table)
    console.print(answered)
    console.print(
        f"accuracy {scores.accuracy:.4f} (95 % interval {scores.low:.4f}-{scores.high:.4f}), "
        f"macro F1 {scores.macro_f1:.4f}, balanced accuracy {scores.balanced_accuracy:.4f}"
    )
    if change:
        console.print(
            f"against the reference: drop {change.drop:+.4f}; {len(change.lost)} clips lost, {len(change.gained)} "
            f"gained, {len(change.changed)} answers changed; McNemar's exact p {change.p:.3g}"
        )
    for label, number in clips.left_out.items():
        console.print(f"left out: {number} clips labelled {label}, which is no class of the pipeline")
    for file, reason in clips.unusable.items():
        console.print(f"left out: {file}: {reason}")
