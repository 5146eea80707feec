"""The table of results: every variant trained, made, tested and counted; each step is kept for a later call.

Accuracy comes from the embedded test clips and, by subject folds, from recordings; instructions from the emulated
boards; memory from this computer. Nothing in it is written by hand.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense import models, optimize
from edgesense.errors import EdgeSenseError
from edgesense.optimize import chains, sizes
from edgesense.perf import devices, measure
from edgesense.perf.files import write_atomically
from edgesense.perf.records import Job
from edgesense.training import embedded, folds, variants
from edgesense.training.fit import Schedule
from edgesense.training.plan import Plan
from edgesense.training.teacher import FOLD, Teacher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesense.training.experiment import Reporter
    from edgesense.training.variants import Variant

SCHEMA = 1
BOARDS = ("pi", "pi5")
MEASURED = ("instructions_m", "rss_mb")


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


def run(wanted: Sequence[Variant], settings: Settings, reporter: Reporter) -> dict[str, Any]:
    """Make the table, or what is still missing of it.

    Args:
        wanted: What is compared, teachers first.
        settings: Where and on what.
        reporter: Who is told.

    Returns:
        Plain JSON values: "rows" in the table's order and "impossible".

    Raises:
        EdgeSenseError: A training, conversion or measurement failed; what was done before it is kept.
    """
    rows: list[dict[str, Any]] = []
    for variant in wanted:
        reporter.say(f"== {variant.name}: {variant.about}")
        made = _embedded(variant, settings, reporter)
        heard = _recordings(variant, settings, reporter) if settings.recordings else None
        for chain in (chains.parse(text) for text in variant.passes):
            rows.append(_row(variant, chain, made[chain.name], heard, settings))
            reporter.say(_line(rows[-1]))
    return {
        "schema": SCHEMA,
        "command": settings.command,
        "seed": settings.seed,
        "clips": {"train": settings.clips, "test": settings.test_clips},
        "recordings": settings.recordings.name if settings.recordings else None,
        "rows": rows,
        "impossible": [_refusal(name, text) for name, text in variants.IMPOSSIBLE if name in {v.name for v in wanted}],
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


def _embedded(variant: Variant, settings: Settings, reporter: Reporter) -> dict[str, Path]:
    """Chain's name -> pipeline directory, tested on the embedded set."""
    plan = _plan(variant, settings, recordings=False)
    identity = hashlib.sha256(repr((plan, settings.clips, settings.test_clips)).encode()).hexdigest()[:16]
    places = {chain.name: settings.output / f"{plan.slug}-{chain.slug}" for chain in plan.chains}
    note = settings.work / "results" / f"embedded-{variant.name}.json"
    digests = {name: _digest(path) for name, path in places.items()}
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) == {"identity": identity, "digests": digests}:
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
    digests = {name: _digest(path) for name, path in made.items()}
    write_atomically(note, json.dumps({"identity": identity, "digests": digests}))
    return made


def _digest(directory: Path) -> str:
    """Identity of what ships of a pipeline directory, "" where there is none."""
    names = ("model.tflite", "pipeline.json", "recipe.json")
    if not all((directory / name).is_file() for name in names):
        return ""
    return hashlib.sha256(b"".join((directory / name).read_bytes() for name in names)).hexdigest()


def _recordings(variant: Variant, settings: Settings, reporter: Reporter) -> dict[str, Any]:
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


def _row(
    variant: Variant, chain: chains.Chain, directory: Path, heard: Mapping[str, Any] | None, settings: Settings
) -> dict[str, Any]:
    model = (directory / "model.tflite").read_bytes()
    recipe = json.loads((directory / "recipe.json").read_text(encoding="utf-8"))
    test = {key: recipe["test"][key] for key in ("clips", "accuracy", "low", "high", "macro_f1")}
    row: dict[str, Any] = {
        "pipeline": directory.name,
        "variant": variant.name,
        "passes": chain.name,
        "bytes": {"model": len(model), "compressed": sizes.of(model).compressed, "ships": _ships(directory)},
        "embedded": test | {"against_float32": recipe["against_float32"]},
        "boards": {board: _counted(directory, board, settings) for board in settings.boards},
    }
    if heard is not None:
        row["recordings"] = {
            "pooled": {
                key: heard["pooled"][chain.name][key] for key in ("clips", "accuracy", "low", "high", "macro_f1")
            },
            "folds": [
                {key: fold["scores"][chain.name][key] for key in ("accuracy", "macro_f1")} for fold in heard["folds"]
            ],
            "against_float32": _without_files(heard["against_float32"].get(chain.name)),
        }
    return row


def _ships(directory: Path) -> int:
    return sum((directory / name).stat().st_size for name in ("model.tflite", "pipeline.json"))


def _without_files(comparison: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """How many recordings flipped, without their names."""
    if comparison is None:
        return None
    return {**comparison, "lost": len(comparison["lost"]), "gained": len(comparison["gained"])}


def _counted(directory: Path, board: str, settings: Settings) -> dict[str, Any]:
    """Instructions by stage and memory, as a board's device knows them."""
    device = devices.find(board)
    about = {"digest": _digest(directory), "device": dict(device.fingerprint())}
    note = settings.work / "results" / f"{directory.name}-{board}.json"
    if note.exists():
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept["about"] == about:
            found: dict[str, Any] = kept["found"]
            return found
    job = Job(workload=directory.name, root=directory.parent.absolute(), metrics=MEASURED)
    with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch, measure.alone(device.name):
        measurement = device.run(job, Path(scratch))
    if "instructions_m" not in measurement.readings:
        missing = measurement.missing["instructions_m"]
        raise EdgeSenseError(f"{board} cannot count {directory.name}: {missing.reason} {missing.remedy}".strip())
    counts, rss = measurement.readings["instructions_m"], measurement.readings.get("rss_mb")
    found = {
        "instructions": {"all": counts.value, **counts.parts},
        "rss_bytes": {"all": rss.value, **rss.parts} if rss else None,
    }
    write_atomically(note, json.dumps({"about": about, "found": found}))
    return found


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


def _line(row: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{board} {one['instructions']['all'] / 1e6:.1f} M" for board, one in row["boards"].items())
    heard = f", recordings {row['recordings']['pooled']['accuracy']:.4f}" if "recordings" in row else ""
    return (
        f"{row['pipeline']}: {row['bytes']['ships'] / 1024:.1f} KiB, accuracy {row['embedded']['accuracy']:.4f}{heard}"
        f"{', ' if counts else ''}{counts}"
    )
