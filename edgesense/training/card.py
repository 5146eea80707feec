"""Model cards (Mitchell et al., 2019): what a committed pipeline is for, how it was made, what it does and does not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgesense.runtime import inspect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from edgesense.evaluation import Comparison, Scores
    from edgesense.optimize.convert import Conversion
    from edgesense.training.experiment import Trained, Tuned
    from edgesense.training.recipe import Recipe


@dataclass(frozen=True)
class Facts:
    """What a card reports beside the recipe.

    Attributes:
        directory: The pipeline directory, complete but for the card.
        command: The command that makes it again.
        trained: The training's outcome.
        digests: Part of the data -> (clips, SHA-256 of their samples).
        software: Package -> version.
        scores: On the test clips.
        comparison: With the float32 pipeline on the same clips; None for that itself.
        agreement: (runtime and release, clips with the first runtime's answer, clips), for those that load it.
        conversion: Which runtimes load it, and how it was made; None when nothing is known of that.
        passes: The chain of passes that made it.
    """

    directory: Path
    command: str
    trained: Trained
    digests: Mapping[str, tuple[int, str]]
    software: Mapping[str, str]
    scores: Scores
    comparison: Comparison | None = None
    agreement: Sequence[tuple[str, int, int]] = field(default_factory=tuple)
    conversion: Conversion | None = None
    passes: str = ""

    @property
    def tunings(self) -> Sequence[Tuned]:
        """The fine-tunings among its passes."""
        return self.trained.tunings.get(self.passes, ())


def text(recipe: Recipe, facts: Facts) -> str:
    """The card, in Markdown."""
    parts = [
        _head(recipe, facts),
        _making(recipe, facts),
        _tuning(recipe, facts),
        _conversion(facts),
        _files(facts),
        _accuracy(facts),
        _limits(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(recipe: Recipe, facts: Facts) -> str:
    features = facts.trained.features
    return f"""# {facts.directory.name}

Labels a clip of {features.seconds:g} s of stethoscope sound as one of: {", ".join(recipe.classes)}.
The architecture is `{recipe.architecture}` (`edgesense/models/{recipe.architecture}.py`).

## Intended use

Measuring and comparing audio pipelines on small devices, and the examples and budgets of this project.
**Not for clinical use**: it was trained on synthetic sounds only, and no claim about patients follows from it.

## Input and output

{features.samples} mono samples at {features.sample_rate} Hz, in [-1, 1]; any level (each clip is brought to \
{features.level_dbfs:g} dBFS).
The front end makes {features.frames} frames of {features.width} columns ({", ".join(features.blocks)}: \
{features.n_fft}-point windows, hop {features.hop_length}, {features.n_mels} mel bands, {features.n_mfcc} MFCC), less \
the mean of each column and divided by its deviation.
The model gives a score for each class; the label is the one with the highest."""


def _making(recipe: Recipe, facts: Facts) -> str:
    state = facts.trained.state
    chosen = state.history[state.best_epoch - 1]
    data = "\n".join(f"| {name} | {clips} | `{digest}` |" for name, (clips, digest) in facts.digests.items())
    software = ", ".join(f"{name} {version}" for name, version in facts.software.items())
    return f"""## How it was made

    {facts.command}

makes one like it: seed {recipe.seed} decides the initial weights, the order and the augmentation, but TensorFlow's
threads add up in no fixed order, so a second run ends near these weights and not at them. Epoch {state.best_epoch} of \
{state.epoch} was chosen by its accuracy on the validation clips ({chosen["accuracy"]:.4f}); training took \
{state.seconds / 60:.1f} minutes on two shared cores, features apart.
All settings are in `recipe.json`. Software: {software}.

| part of the embedded data set | clips | SHA-256 of the samples |
|---|---|---|
{data}

The parts are disjoint by seed. The generator's difficulty was fixed before training (`docs/synthetic.md`)."""


def _tuning(recipe: Recipe, facts: Facts) -> str:
    """What came between the first training and the conversion, and who taught."""
    lines = []
    if (taught := recipe.distillation) is not None:
        lines.append(
            f"- It learned from a teacher as well as from the labels: temperature {taught.temperature:g}, alpha "
            f"{taught.alpha:g}, the teacher's identity `{taught.teacher}`."
        )
    for one in facts.tunings:
        settings = ", ".join(f"{name} {value}" for name, value in vars(one.technique).items() if name != "after")
        lines.append(
            f"- `{one.name}`{f' ({settings})' if settings else ''}: trained on for {one.epochs} epochs; epoch "
            f"{one.best_epoch} was chosen ({recipe.schedule.select} {one.score:.4f} on the validation clips)."
        )
    return "\n".join(lines)


def _conversion(facts: Facts) -> str:
    """What the pass says of its choices: its sentences, and a table for each of its lists of records."""
    notes = facts.conversion.notes if facts.conversion else {}
    if not notes:
        return ""
    blocks = ["## How it was converted", *([" ".join(notes["why"])] if notes.get("why") else [])]
    for rows in notes.values():
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
            heads = list(rows[0])
            lines = [
                [head.replace("_", " ") for head in heads],
                *([_cell(row[head]) for head in heads] for row in rows),
            ]
            table = [f"| {' | '.join(cells)} |" for cells in lines]
            blocks.append("\n".join([table[0], "|" + "---|" * len(heads), *table[1:]]))
    return "\n\n".join(blocks)


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _files(facts: Facts) -> str:
    model = inspect.read(facts.directory / "model.tflite")
    record = (facts.directory / "pipeline.json").stat().st_size
    operators = ", ".join(f"{one.name} x{one.count}" for one in model.operators)
    runs = "\n".join(
        f"- {runtime}: loads; {same} of {clips} clips of the calibration split get the same label"
        for runtime, same, clips in facts.agreement
    )
    for one in facts.conversion.runtimes if facts.conversion else ():
        if not one.loads:
            how = "" if one.tried else " (by its operators; not tried)"
            runs += f"\n- {one.release}: does not load it{how}: {one.reason}"
        elif not one.tried:
            runs += f"\n- {one.release}: has every operator that it needs; not installed, so not tried"
    return f"""## What ships

`model.tflite` {model.size / 1024:.1f} KiB ({model.dtype}) and `pipeline.json` {record / 1024:.1f} KiB.
Operators: {operators}.

{runs}"""


def _accuracy(facts: Facts) -> str:
    scores = facts.scores
    rows = "\n".join(
        f"| {one.label} | {one.clips} | {one.recall:.4f} | {one.recall_low:.4f}-{one.recall_high:.4f} "
        f"| {one.precision:.4f} | {one.f1:.4f} |"
        for one in scores.classes
    )
    compared = ""
    if facts.comparison is not None:
        change = facts.comparison
        compared = (
            f"\n\nAgainst the float32 pipeline on the same clips: accuracy drop {change.drop:+.4f}, "
            f"{len(change.lost)} clips lost, {len(change.gained)} gained, {len(change.changed)} labels changed "
            f"(McNemar's exact p {change.p:.3g})."
        )
    return f"""## Accuracy

On {scores.clips} test clips, which chose nothing and came last: **{scores.accuracy:.4f}** \
(95 % Wilson interval {scores.low:.4f}-{scores.high:.4f}), macro F1 {scores.macro_f1:.4f}.

| class | clips | recall | 95 % | precision | F1 |
|---|---|---|---|---|---|
{rows}{compared}"""


def _limits() -> str:
    return """## Limits

- The sounds are synthetic. On real recordings the same architecture, trained on them, does much worse: see
  `docs/models.md`. This model itself has never heard a real recording.
- One label a clip: overlapping sounds, other lengths and other sample rates are not handled.
- Scores are not calibrated probabilities."""


def write(recipe: Recipe, facts: Facts) -> None:
    """Put the card and the machine-readable recipe into the pipeline directory."""
    (facts.directory / "CARD.md").write_text(text(recipe, facts), encoding="utf-8")
    content = json.dumps(record(recipe, facts), indent=1) + "\n"
    (facts.directory / "recipe.json").write_text(content, encoding="utf-8")


def record(recipe: Recipe, facts: Facts) -> dict[str, Any]:
    """The machine-readable recipe that lies beside the card."""
    state = facts.trained.state
    return {
        "schema": 1,
        "command": facts.command,
        "recipe": recipe.to_dict(),
        "digests": {name: {"clips": clips, "sha256": digest} for name, (clips, digest) in facts.digests.items()},
        "software": dict(facts.software),
        "training": {
            "epochs": state.epoch,
            "best_epoch": state.best_epoch,
            "seconds": round(state.seconds, 1),
            "history": [{name: round(value, 6) for name, value in entry.items()} for entry in state.history],
        },
        "passes": facts.passes,
        "tunings": [
            {"name": one.name, "settings": vars(one.technique), "epochs": one.epochs, "best_epoch": one.best_epoch}
            for one in facts.tunings
        ],
        "model_sha256": hashlib.sha256((facts.directory / "model.tflite").read_bytes()).hexdigest(),
        "test": facts.scores.to_dict(),
        "conversion": dict(facts.conversion.notes) if facts.conversion else {},
        "against_float32": facts.comparison.to_dict() if facts.comparison else None,
    }
