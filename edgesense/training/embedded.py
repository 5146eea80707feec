"""Train on the embedded data set, and test once on its test split when everything else is done."""

from __future__ import annotations

import importlib.metadata
import platform
from functools import partial
from typing import TYPE_CHECKING

from edgesense import synthetic
from edgesense.datasets import store
from edgesense.errors import ConversionError
from edgesense.pipeline_file import SyntheticSet
from edgesense.runtime import backends
from edgesense.training import card, experiment, export
from edgesense.training.answers import Candidate, collect_apart
from edgesense.training.recipe import Recipe
from edgesense.training.sources import SyntheticSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from edgesense.optimize.loading import Loading
    from edgesense.training.experiment import Reporter
    from edgesense.training.plan import Plan

VALIDATION_CLIPS = 1000
CALIBRATION_CLIPS = 300
AGREEMENT_CLIPS = 100
"""Clips of the calibration split on which the runtimes' answers are compared; fewer with few training clips."""
LEAST_AGREEMENT = 0.95
"""Share of them on which every runtime must give the same label; rounding alone keeps well above it."""


def run(
    plan: Plan,
    *,
    clips: int,
    test_clips: int,
    work: Path,
    output: Path,
    command: str,
    reporter: Reporter,
    on_step: Callable[[int], None] | None = None,
) -> dict[str, Path]:
    """Train, convert, test and write pipeline directories.

    Args:
        plan: What to train, and what to make of it.
        clips: How many training clips.
        test_clips: How many clips of the final test.
        work: Folder of features and checkpoints.
        output: Folder of the pipeline directories.
        command: What makes the same again, for the card.
        reporter: Who is told.
        on_step: Called before each step of the training; see `fit.fit`.

    Returns:
        Chain of passes -> pipeline directory.

    Raises:
        SettingsError: A pass cannot be made of the architecture, or nothing can be written to `output`.
        PipelineError: The teacher has other classes.
        ConversionError: A conversion failed, or the runtimes do not agree on what it made.
    """
    export.refuse(output)
    settings = plan.features
    distillation = plan.teacher.distillation(synthetic.CLASSES) if plan.teacher else None
    sources = {
        "train": SyntheticSource("train", clips, settings),
        "validation": SyntheticSource("validation", min(VALIDATION_CLIPS, -(-clips // 6)), settings),
        "calibration": SyntheticSource("calibration", min(CALIBRATION_CLIPS, -(-clips // 20)), settings),
    }
    identities = {name: dict(source.identity()) for name, source in sources.items()}
    recipe = Recipe(plan.architecture, plan.seed, synthetic.CLASSES, settings, plan.schedule, identities, distillation)
    parts = {
        name: experiment.Part.all(_features(name, source, recipe, work, reporter)) for name, source in sources.items()
    }
    answers = None
    if plan.teacher:
        answers = plan.teacher.answers(
            sources["train"], recipe.classes, work, partial(reporter.features, "the teacher")
        )
    trained = experiment.train(
        recipe,
        parts["train"],
        parts["validation"],
        parts["calibration"],
        chains=plan.chains,
        work=recipe.place(work),
        reporter=reporter,
        answers=answers,
        on_step=on_step,
        chosen=plan.batches,
    )
    with export.draft(output) as folder:
        made = export.pipelines(folder, plan.slug, trained, recipe.classes, SyntheticSet("test", test_clips))
        reporter.say(f"testing on {test_clips} clips")
        test = SyntheticSource("test", test_clips, settings)
        candidates = {name: Candidate(path, trained.runtime(name)) for name, path in made.items()}
        tested = collect_apart(candidates, test, range(test_clips))
        for name, directory in made.items():
            compared = name != "float32" and "float32" in made
            facts = card.Facts(
                directory=directory,
                command=command,
                trained=trained,
                digests={part: (len(one.rows), one.store.digest) for part, one in parts.items()},
                software=_software(),
                scores=tested.scores(name),
                comparison=tested.comparison("float32", name) if compared else None,
                agreement=_agreement(directory, sources["calibration"], trained.conversions[name].runtimes),
                conversion=trained.conversions[name],
                passes=name,
            )
            card.write(recipe, facts)
            reporter.say(
                f"{directory.name}: accuracy {facts.scores.accuracy:.4f} ({facts.scores.low:.4f}-"
                f"{facts.scores.high:.4f}) on {facts.scores.clips} test clips"
            )
    return {name: output / path.name for name, path in made.items()}


def _features(name: str, source: SyntheticSource, recipe: Recipe, work: Path, reporter: Reporter) -> store.FeatureStore:
    def progress(done: int, total: int) -> None:
        reporter.features(f"{name} clips", done, total)

    return store.build(work / "features", source, recipe.features, progress)


def _agreement(
    directory: Path, calibration: SyntheticSource, runtimes: Sequence[Loading]
) -> list[tuple[str, int, int]]:
    """(runtime and release, clips with the first runtime's answer, clips) for each installed one that loads it."""
    refusing = {one.runtime for one in runtimes if not one.loads}
    names = [name for name in backends.installed() if name not in refusing]
    clips = min(AGREEMENT_CLIPS, calibration.count)
    answers = collect_apart({name: Candidate(directory, name) for name in names}, calibration, range(clips))
    found = [(answers.runtimes[name], answers.agreeing(names[0], name), clips) for name in names]
    for runtime, same, _ in found:
        if same < LEAST_AGREEMENT * clips:
            raise ConversionError(
                f"{directory.name}: {runtime} gives another label than {found[0][0]} on {clips - same} of {clips} "
                "clips, so it computes this model wrongly; it is not written"
            )
    return found


def _software() -> dict[str, str]:
    packages = ("tensorflow", "tf_keras", "numpy", "scipy")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}
