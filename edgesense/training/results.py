"""The table of results: every variant trained, made, tested and counted; each step is kept for a later call.

What an earlier table says of the same trainings and the same files is taken from it, so that a table may grow over
several runs, and over several computers.

Accuracy comes from the embedded test clips and, by subject folds, from recordings; instructions from the emulated
boards; memory from this computer. Nothing in it is written by hand.
"""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense import models, optimize, own_code
from edgesense.datasets.manifest import Manifest
from edgesense.errors import EdgeSenseError
from edgesense.optimize import chains
from edgesense.perf.files import write_atomically
from edgesense.training import counting, embedded, export, folds, result_row, technique_row, variants
from edgesense.training.earlier import EMBEDDED, RECORDINGS, Earlier, digest, identity
from edgesense.training.fit import Schedule
from edgesense.training.plan import Plan
from edgesense.training.recordings import of_classes
from edgesense.training.sources import ManifestSource
from edgesense.training.teacher import FOLD, Teacher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgesense.training.experiment import Reporter
    from edgesense.training.variants import Variant

SCHEMA = 2
BOARDS = ("pi", "pi5")


@dataclass(frozen=True)
class Settings:
    """Where and on what the table is made.

    Attributes:
        output: Folder of the pipelines.
        work: Folder of features, checkpoints and what was found so far.
        recordings: Folder with a manifest of recordings; None leaves that column out.
        classes: Labels of the recordings.
        clips: Training clips of the embedded set.
        test_clips: Test clips of it.
        seed: Decides everything random.
        epochs: Passes over the training clips; None for what each architecture and variant wants.
        boards: Emulated boards to count on.
        command: What makes the same again.
    """

    output: Path
    work: Path
    recordings: Path | None = None
    classes: tuple[str, ...] = ("normal", "wheeze", "crackle")
    clips: int = 6000
    test_clips: int = 2000
    seed: int = 1
    epochs: int | None = None
    boards: tuple[str, ...] = BOARDS
    command: str = ""


def run(
    wanted: Sequence[Variant],
    settings: Settings,
    reporter: Reporter,
    earlier: Earlier | None = None,
    on_variant: Callable[[Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Make the table, or what is still missing of it.

    Args:
        wanted: What is compared, teachers first.
        settings: Where and on what.
        reporter: Who is told.
        earlier: A table to go on from: what holds of it is not made again, and rows of other variants stay.
        on_variant: Called with the table so far after each variant.

    Returns:
        Plain JSON values: "rows" in the table's order and "impossible".

    Raises:
        SettingsError: The earlier table is about other clips, recordings or another seed, or a board counts nothing.
        DeviceUnavailable: A board is not set up. Like what is refused above, this is said before anything is trained.
        DatasetError: The recordings cannot be trained on.
        EdgeSenseError: A training, conversion or measurement failed; what was done before it is kept.
    """
    earlier = earlier or Earlier()
    about = _about(settings, earlier)
    earlier.check(about)
    _refuse(settings)
    rows = {name: list(kept) for name, kept in earlier.rows.items()}
    for number, variant in enumerate(wanted, start=1):
        reporter.say(f"== {variant.name}, {number} of {len(wanted)}: {variant.about}")
        made = _embedded(variant, settings, earlier, reporter)
        heard = _recordings(variant, wanted, settings, earlier, reporter) if settings.recordings else None
        rows[variant.name] = []
        for chain in (chains.parse(text) for text in variant.passes):
            before = earlier.row(variant.name, chain.name)
            row = {"variant": variant.name, "passes": chain.name}
            row |= _heard(variant, chain.name, heard, settings, before)
            row |= result_row.measured(made[chain.name], settings.boards, settings.work, before)
            rows[variant.name].append(row)
            reporter.say(result_row.line(row))
        if on_variant:
            on_variant(_found(rows, about, settings, {"techniques": list(earlier.techniques.values())}))
    refused = [_refusal(name, text) for name, text in variants.IMPOSSIBLE if name in rows]
    return _found(
        rows,
        about,
        settings,
        {
            "techniques": technique_row.table(
                settings.output, settings.boards, settings.work, earlier.techniques, reporter.say
            ),
            "impossible": refused,
        },
    )


def _refuse(settings: Settings) -> None:
    """Refuse while nothing has been done what would stop the table after hours."""
    export.refuse(settings.output)
    for board in settings.boards:
        counting.counter(board)
    if settings.recordings is not None:
        of_classes(Manifest.open(settings.recordings), settings.classes)


def _about(settings: Settings, earlier: Earlier) -> dict[str, Any]:
    """What all rows of a table have in common."""
    return {
        "seed": settings.seed,
        "clips": {"train": settings.clips, "test": settings.test_clips},
        "recordings": settings.recordings.name if settings.recordings else earlier.about.get("recordings"),
    }


def _found(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    about: Mapping[str, Any],
    settings: Settings,
    beside: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "command": settings.command,
        **about,
        "rows": [result_row.timed(row, settings.output) for one in variants.VARIANTS for row in rows.get(one.name, ())],
        "techniques": list(beside.get("techniques", ())),
        "impossible": list(beside.get("impossible", ())),
    }


def _plan(variant: Variant, settings: Settings, *, recordings: bool) -> Plan:
    architecture = models.get(variant.architecture)
    usual = variant.recording_epochs if recordings else architecture.EPOCHS
    schedule = Schedule(
        epochs=settings.epochs or usual, select="macro_f1" if recordings else "accuracy", balance=recordings
    )
    place = settings.output
    if recordings:
        place = _recording_pipelines(settings) / f"fold-{FOLD}"
    teacher = Teacher(place / f"{variant.teacher}-{chains.PLAIN}") if variant.teacher else None
    return Plan(
        variant.architecture,
        schedule,
        variant.passes,
        seed=settings.seed,
        front_end=variant.front_end,
        teacher=teacher,
        name=variant.name,
    )


def _recording_pipelines(settings: Settings) -> Path:
    # Not committed: weights that were trained on recordings stay with who has the recordings.
    return settings.work / "recordings"


def _identity(variant: Variant, settings: Settings, *, recordings: bool) -> str:
    """Of all that decides a variant's training on one part of the data, its teacher's included."""
    plan = replace(_plan(variant, settings, recordings=recordings), teacher=None)
    teacher = variants.find([variant.teacher])[-1] if variant.teacher else None
    clips: dict[str, Any] = {"train": settings.clips, "test": settings.test_clips}
    if recordings:
        clips = {**_source(plan, settings).identity(), "classes": settings.classes}
    return identity(
        architecture=plan.architecture,
        schedule=asdict(plan.schedule),
        passes=plan.passes,
        seed=plan.seed,
        features=plan.features.to_dict(),
        teacher=_identity(teacher, settings, recordings=recordings) if teacher else None,
        clips=clips,
    )


def _source(plan: Plan, settings: Settings) -> ManifestSource:
    assert settings.recordings is not None  # noqa: S101 - asked by the caller
    chosen, _ = of_classes(Manifest.open(settings.recordings), settings.classes)
    return ManifestSource(chosen, plan.features)


def _embedded(variant: Variant, settings: Settings, earlier: Earlier, reporter: Reporter) -> dict[str, Path]:
    """Chain's name -> pipeline directory, tested on the embedded set."""
    plan = _plan(variant, settings, recordings=False)
    training = _identity(variant, settings, recordings=False)
    places = {chain.name: settings.output / f"{plan.slug}-{chain.slug}" for chain in plan.chains}
    if earlier.holds(variant.name, tuple(places), EMBEDDED, training) and earlier.ships(variant.name, settings.output):
        reporter.say(f"{variant.name}: as the earlier table has it")
        return places
    note = settings.work / "results" / f"embedded-{variant.name}.json"
    about = {"training": training, "code": own_code.digest(own_code.TRAINING)}
    digests = {name: digest(path) for name, path in places.items()}
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) == about | {"digests": digests}:
        reporter.say(f"{variant.name}: made before")
        return places
    made = embedded.run(
        plan,
        clips=settings.clips,
        test_clips=settings.test_clips,
        work=settings.work,
        output=settings.output,
        command=settings.command,
        reporter=reporter,
    )
    note.parent.mkdir(parents=True, exist_ok=True)
    digests = {name: digest(path) for name, path in made.items()}
    write_atomically(note, json.dumps(about | {"digests": digests}))
    return made


def _recordings(
    variant: Variant, wanted: Sequence[Variant], settings: Settings, earlier: Earlier, reporter: Reporter
) -> dict[str, Any] | None:
    """What the folds gave; None where the earlier table has it, and nobody is left to be taught by these models."""
    if _heard_before(variant, settings, earlier):
        taught = [one for one in wanted if one.teacher == variant.name and not _heard_before(one, settings, earlier)]
        if not taught:
            reporter.say(f"{variant.name}: recordings as the earlier table has them")
            return None
        reporter.say(f"{variant.name}: trained on the folds again, to teach {', '.join(one.name for one in taught)}")
    assert settings.recordings is not None  # noqa: S101 - asked by the caller
    return folds.run(
        _plan(variant, settings, recordings=True),
        dataset=settings.recordings,
        folds=["all"],
        classes=settings.classes,
        work=settings.work,
        output=_recording_pipelines(settings),
        report=settings.work / "results" / f"recordings-{variant.name}.json",
        command=settings.command,
        reporter=reporter,
    )


def _heard_before(variant: Variant, settings: Settings, earlier: Earlier) -> bool:
    passes = [chains.parse(text).name for text in variant.passes]
    return earlier.holds(variant.name, passes, RECORDINGS, _identity(variant, settings, recordings=True))


def _heard(
    variant: Variant, chain: str, heard: Mapping[str, Any] | None, settings: Settings, before: Mapping[str, Any]
) -> dict[str, Any]:
    """What a row says of recordings, from the folds or else from the earlier table, and which trainings made it."""
    made = {EMBEDDED: _identity(variant, settings, recordings=False)}
    if heard is not None:
        made[RECORDINGS] = _identity(variant, settings, recordings=True)
        return {"made": made, "recordings": result_row.of_folds(heard, chain)}
    if RECORDINGS in before:
        made[RECORDINGS] = before["made"][RECORDINGS]
        return {"made": made, "recordings": before[RECORDINGS]}
    return {"made": made}


def _refusal(name: str, text: str) -> dict[str, str]:
    """Why a pass cannot be made of a variant, in the words of the refusal.

    Raises:
        EdgeSenseError: It can be made.
    """
    variant = variants.find([name])[-1]
    # In a process of its own: where TensorFlow is loaded, tflite-runtime opens no model afterwards.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        why = pool.submit(_why_not, variant.architecture, text).result()
    if not why:
        raise EdgeSenseError(f"{text} was not refused for {name}: it is no longer impossible, so give it a row")
    return {"variant": name, "passes": text, "why": why}


def _why_not(architecture: str, name: str) -> str:
    chosen = models.get(architecture)
    try:
        optimize.get(name).refuse(chosen.build(chosen.features().shape, 2, batch_size=1))
    except EdgeSenseError as error:
        return str(error)
    return ""
