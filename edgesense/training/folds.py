"""Train and test on recordings by subject folds: no person is in two parts at once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import evaluation
from edgesense.datasets import store
from edgesense.datasets.manifest import Manifest
from edgesense.errors import DatasetError
from edgesense.perf.files import write_atomically
from edgesense.pipeline_file import ManifestSet
from edgesense.training import experiment, export, recordings
from edgesense.training.answers import Candidate, collect_apart
from edgesense.training.recipe import Recipe
from edgesense.training.sources import ManifestSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesense.training.experiment import Reporter
    from edgesense.training.plan import Plan
    from edgesense.training.teacher import Teacher

VALIDATION_SHARE = 0.15
CALIBRATION_CLIPS = 300


@dataclass(frozen=True)
class Split:
    """The rows of one fold's parts.

    Attributes:
        train: To learn from.
        validation: To choose the epoch by: other subjects than `train` has.
        test: The held-out fold.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split(folds: Sequence[str], subjects: Sequence[str], held_out: str, seed: int) -> Split:
    """Parts of one fold.

    Args:
        folds: Fold of each clip.
        subjects: Subject of each clip.
        held_out: The fold to test on.
        seed: Decides which subjects choose the epoch: about 15 % of the other folds' clips.

    Returns:
        Rows of the parts, each row in one of them.

    Raises:
        DatasetError: A part would be empty, or a subject would be in two.
    """
    rows = np.arange(len(folds))
    tested = np.array([fold == held_out for fold in folds], bool)
    test_subjects = {subject for subject, is_test in zip(subjects, tested, strict=True) if is_test}
    others = sorted({subject for subject, is_test in zip(subjects, tested, strict=True) if not is_test})
    if both := test_subjects & set(others):
        raise DatasetError(f"subjects {', '.join(sorted(both)[:5])} are in fold {held_out} and in another one")
    counts = Counter(subject for subject, is_test in zip(subjects, tested, strict=True) if not is_test)
    wanted = VALIDATION_SHARE * sum(counts.values())
    chosen: set[str] = set()
    for index in np.random.default_rng((seed, 15)).permutation(len(others)):
        if sum(counts[subject] for subject in chosen) >= wanted:
            break
        chosen.add(others[index])
    choosing = np.array([subject in chosen for subject in subjects], bool)
    parts = Split(rows[~tested & ~choosing], rows[choosing & ~tested], rows[tested])
    if not (len(parts.train) and len(parts.validation) and len(parts.test)):
        raise DatasetError(f"fold {held_out} leaves a part empty: it needs at least three subjects, one of them in it")
    return parts


def run(
    plan: Plan,
    *,
    dataset: Path,
    folds: Sequence[str],
    classes: Sequence[str],
    work: Path,
    output: Path,
    report: Path | None,
    command: str,
    reporter: Reporter,
    on_step: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Train once a fold, test on it, and sum up.

    Args:
        plan: What to train, and what to make of it.
        dataset: Folder with a MANIFEST.csv that names folds and subjects.
        folds: Folds to hold out; "all" for every one.
        classes: Labels to train on; none for all of the manifest.
        work: Folder of features and checkpoints.
        output: Folder of the pipeline directories, one folder a fold.
        report: File for the results as JSON.
        command: What makes the same again, for the report.
        reporter: Who is told.
        on_step: Called before each step of each fold's training; see `fit.fit`.

    Returns:
        The report, as plain JSON values.

    Raises:
        DatasetError: Before anything is trained: a class, fold or part lacks recordings, or there is only one class.
        PipelineError: The teacher has other classes, or has learned from a fold that it is to teach about.
        SettingsError: A pass cannot be made of the architecture, or nothing can be written to `output`.
    """
    export.refuse(output)
    manifest = Manifest.open(dataset)
    chosen, classes = recordings.of_classes(manifest, classes)
    settings = plan.features
    source = ManifestSource(chosen, settings)
    every, subjects = [row.fold for row in chosen.rows], [row.subject for row in chosen.rows]
    parts = {}
    for fold in recordings.of_folds(dataset, chosen.folds, folds):
        parts[fold] = split(every, subjects, fold, plan.seed)
        recordings.refuse_unlearnable([source.labels[row] for row in parts[fold].train], classes, fold)
        if plan.teacher:
            plan.teacher.of_fold(fold).refuse_hearer(dataset.name, fold)
    features = store.build(
        work / "features", source, settings, lambda done, total: reporter.features("recordings", done, total)
    )
    results = []
    for fold, part in parts.items():
        identity = {**source.identity(), "held_out": fold}
        teacher = plan.teacher.of_fold(fold) if plan.teacher else None
        distillation = teacher.distillation(classes) if teacher else None
        recipe = Recipe(plan.architecture, plan.seed, classes, settings, plan.schedule, identity, distillation)
        reporter.say(f"fold {fold}: {len(part.train)} clips to learn from, {len(part.validation)} to choose by")
        results.append(
            _fold(
                plan,
                recipe,
                features,
                source,
                part,
                teacher=teacher,
                work=work,
                output=output,
                reporter=reporter,
                on_step=on_step,
            )
        )
    made = {
        "schema": 1,
        "command": command,
        "dataset": {
            "name": dataset.name,
            "samples_sha256": features.digest,
            "clips": len(chosen.rows),
            "left_out": dict(Counter(row.label for row in manifest.rows if row.label not in classes)),
        },
        "recipe": {**recipe.to_dict(), "data": dict(source.identity())},
        **summarize(results, classes),
    }
    if report:
        write_atomically(report, json.dumps(made, indent=1) + "\n")
    return made


def _fold(
    plan: Plan,
    recipe: Recipe,
    features: store.FeatureStore,
    source: ManifestSource,
    parts: Split,
    *,
    teacher: Teacher | None,
    work: Path,
    output: Path,
    reporter: Reporter,
    on_step: Callable[[int], None] | None,
) -> dict[str, Any]:
    """Train, convert and test one fold, or read what an earlier call found."""
    fold = str(recipe.data["held_out"])
    folder = recipe.place(work)
    wanted = hashlib.sha256(repr(plan.chains).encode()).hexdigest()[:8]
    kept = folder / f"result-{wanted}.json"
    if kept.exists() and all((output / f"fold-{fold}" / f"{plan.slug}-{one.slug}").is_dir() for one in plan.chains):
        reporter.say(f"fold {fold}: done before")
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    calibration = np.random.default_rng((recipe.seed, 8)).permutation(parts.train)[:CALIBRATION_CLIPS]
    answers = None
    if teacher:
        answers = teacher.answers(source, recipe.classes, work, partial(reporter.features, "the teacher"))
    trained = experiment.train(
        recipe,
        experiment.Part(features, parts.train),
        experiment.Part(features, parts.validation),
        experiment.Part(features, calibration),
        chains=plan.chains,
        work=folder,
        reporter=reporter,
        answers=answers,
        on_step=on_step,
        chosen=plan.batches,
    )
    with export.draft(output / f"fold-{fold}") as draft:
        labelled = ManifestSet(source.manifest.directory.name, (fold,))
        made = export.pipelines(draft, plan.slug, trained, recipe.classes, labelled)
        candidates = {name: Candidate(path, trained.runtime(name)) for name, path in made.items()}
        tested = collect_apart(candidates, source, [int(row) for row in parts.test])
    result = {
        "fold": fold,
        "clips": {"train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)},
        "best_epoch": trained.state.best_epoch,
        "epochs": trained.state.epoch,
        "seconds": round(trained.state.seconds, 1),
        "conversions": {name: dict(one.notes) for name, one in trained.conversions.items() if one.notes},
        "files": [source.manifest.rows[row].file for row in parts.test],
        "expected": tested.expected,
        "predicted": tested.predicted,
    }
    write_atomically(kept, json.dumps(result))
    for name in made:
        scores = tested.scores(name)
        reporter.say(f"fold {fold}, {name}: accuracy {scores.accuracy:.4f}, macro F1 {scores.macro_f1:.4f}")
    return result


def summarize(results: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> dict[str, Any]:
    """Scores over all folds.

    Args:
        results: One a fold: "fold", "files", "expected", "predicted" (pass -> answers), all in the same order.
        classes: The classes, in order.

    Returns:
        Plain JSON values: "pooled" (pass -> scores over all test clips), "mean" (pass -> means of the folds' accuracy
        and macro F1), "against_float32" (pass -> what changed, with the files of the clips that flipped) and "folds".
    """
    names = list(results[0]["predicted"])
    expected = [label for result in results for label in result["expected"]]
    files = [file for result in results for file in result["files"]]
    pooled = {name: [label for result in results for label in result["predicted"][name]] for name in names}
    each = [
        {
            **{key: value for key, value in result.items() if key not in {"files", "expected", "predicted"}},
            "scores": {
                name: evaluation.score(result["expected"], result["predicted"][name], classes).to_dict()
                for name in names
            },
        }
        for result in results
    ]
    against = {}
    for name in names if "float32" in names else ():
        if name != "float32":
            change = evaluation.compare(expected, pooled["float32"], pooled[name])
            flips = {key: [files[index] for index in getattr(change, key)] for key in ("lost", "gained")}
            against[name] = {"drop": change.drop, **flips, "changed": len(change.changed), "p": change.p}
    return {
        "classes": list(classes),
        "pooled": {name: evaluation.score(expected, answers, classes).to_dict() for name, answers in pooled.items()},
        "mean": {
            name: {
                key: sum(one["scores"][name][key] for one in each) / len(each)
                for key in ("accuracy", "macro_f1", "balanced_accuracy")
            }
            for name in names
        },
        "against_float32": against,
        "folds": each,
    }
