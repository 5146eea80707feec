"""Look at a pipeline, piece by piece, and put the report together; an interrupt keeps what was found."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from edgesense.advice import Piece, clips, places, verdict
from edgesense.advice.case import QUICK, Case
from edgesense.advice.converting import Converter
from edgesense.advice.records import Advice, Box, Group, Mark, Report, Standing, Tick
from edgesense.advice.subject import Subject
from edgesense.advice.table import Results
from edgesense.advice.trials import Trials
from edgesense.errors import EdgeSenseError
from edgesense.perf import measure
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Job, Measurement, Missing

STEPS = (
    ("its work", ("instructions_m", "latency_ms", "features_ms", "inference_ms", "battery_h"), 15.0),
    ("its memory", ("rss_mb",), 10.0),
    ("its right answers", ("acc",), 40.0),
)
"""What is measured of the pipeline as it is: in words, which limits, about how many seconds."""
PLACES_SECONDS = 15.0


class Progress(Protocol):
    """Who is told how far it is."""

    def begin(self, seconds: float) -> None:
        """About so much work there is."""

    def doing(self, what: str) -> None:
        """What is done now."""

    def done(self, seconds: float) -> None:
        """So much of it is over."""


def run(
    subject: Subject,
    device: Device,
    job: Job,
    pieces: Sequence[Piece],
    progress: Progress,
    *,
    quick: bool = False,
    recordings: Path | None = None,
    validation: int = clips.VALIDATION,
    results: Results | None = None,
) -> Report:
    """Return what there is to say about a pipeline.

    Args:
        subject: Its files.
        device: Where it is to run.
        job: How it runs there.
        pieces: What is looked at.
        progress: Who is told.
        quick: Read only; nothing is run.
        recordings: A folder with a manifest, to calibrate with and judge on.
        validation: Changes are judged on at most so many clips.
        results: A table of what takes hours.
    """
    case = Case(subject, device, job, results=results or Results(), wholes=places.of_model(subject))
    said: dict[str, Advice | None] = {}
    interrupted = False
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="edgesense-") as folder:
        try:
            if quick:
                case.why_untried = QUICK
                case.why_unmeasured = {name: "nothing is run with --quick" for _, names, _ in STEPS for name in names}
            else:
                steps = sum(seconds for _, _, seconds in STEPS) + PLACES_SECONDS
                progress.begin(steps + sum(piece.SECONDS for piece in pieces))
                _measure(case, progress, notes)
                _prepare(case, Path(folder), recordings, validation)
            for piece in pieces:
                progress.doing(f"{piece.NAME}: {piece.LOOKS_AT}")
                said[piece.NAME] = piece.consider(case)
                progress.done(piece.SECONDS)
        except KeyboardInterrupt:
            interrupted = True
        if interrupted:
            case.trials = case.converter = None
        boxes = [_box(piece, case, said) for piece in pieces]
    found = verdict.targets(case.measured, subject.shipped_bytes, case.why_unmeasured)
    boxes += [Box(one.limit, Group.TARGETS, one.text, verdict.ticked(one)) for one in found]
    order = list(Group)
    return Report(
        pipeline=job.workload,
        device=device.name,
        about=about(subject),
        targets=found,
        wholes=case.wholes,
        advice=ranked([one for one in said.values() if one is not None], verdict.missed(found)),
        boxes=tuple(sorted(boxes, key=lambda one: order.index(one.group))),
        measured=case.measured,
        notes=tuple(dict.fromkeys(notes)),
        interrupted=interrupted,
    )


def about(subject: Subject) -> str:
    """Return what a pipeline is, in a line."""
    said = [f"{subject.model.dtype} model of {len(subject.nodes)} operators"]
    if subject.file is None:
        return f"{said[0]}, a bare file: nothing is known of what makes its input"
    features = subject.file.features
    said.append(f"{features.seconds:g} s in {features.frames} frames of {features.width} columns")
    return ", ".join([*said, *([subject.architecture] if subject.architecture else [])])


def ranked(found: Sequence[Advice], missed: frozenset[str]) -> tuple[Advice, ...]:
    """Sort advice: what can be done first, within that what helps a missed target, within that the largest gain."""
    order = list(Standing)

    def key(one: Advice) -> tuple[int, bool, float]:
        gain = one.gains[0] if one.gains else None
        helps = gain is not None and gain.limit in missed
        return order.index(one.standing), not helps, -gain.share if gain is not None else 1.0

    return tuple(sorted(found, key=key))


def _box(piece: Piece, case: Case, said: dict[str, Advice | None]) -> Box:
    if piece.NAME in said:
        return Box(piece.NAME, piece.GROUP, piece.BOX, piece.tick(case, said[piece.NAME]))
    return Box(piece.NAME, piece.GROUP, piece.BOX, Tick(Mark.UNKNOWN, "interrupted before it was looked at"))


def _measure(case: Case, progress: Progress, notes: list[str]) -> None:
    """Ask the device of the pipeline as it is; what it told before an interrupt stays."""
    answers = case.device.answers()
    labelled = case.subject.file is not None and case.subject.file.labelled is not None
    why: dict[str, str] = {}
    case.why_unmeasured = why
    for what, names, seconds in STEPS:
        for name in names:
            if name not in answers:
                why[name] = f"{case.device.name} never answers it"
        if not labelled:
            why["acc"] = "it names no labelled clips, so there is no accuracy"
        asked = tuple(sorted(name for name in names if name in answers and name not in why))
        progress.doing(f"{case.named} on {case.device.name}: {what}")
        if asked:
            now = _asked(case, asked)
            notes += now.notes
            case.measured = now if case.measured is None else _joined(case.measured, now)
            case.wholes = (*places.of_stages(case.measured), *places.of_model(case.subject))
        progress.done(seconds)
    hot = getattr(case.device, "hot", None)
    progress.doing(f"{case.named} on {case.device.name}: functions")
    if hot is not None and case.reading("instructions_m") is not None and case.measured is not None:
        try:
            with measure.alone(case.device.name), tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
                found = hot(case.job, Path(scratch))
            case.wholes = (*places.of_stages(case.measured, found), *places.of_model(case.subject))
        except EdgeSenseError as error:
            notes.append(f"functions could not be told apart: {error}")
    progress.done(PLACES_SECONDS)


def _asked(case: Case, names: tuple[str, ...]) -> Measurement:
    try:
        return measure.measure(case.device, replace(case.job, metrics=names))
    except EdgeSenseError as error:
        reason = Missing(str(error).splitlines()[0])
        return Measurement(case.device.name, {}, {}, {}, dict.fromkeys(names, reason))


def _joined(first: Measurement, second: Measurement) -> Measurement:
    return replace(
        first,
        subject=first.subject or second.subject,
        readings={**first.readings, **second.readings},
        missing={**first.missing, **second.missing},
    )


def _prepare(case: Case, scratch: Path, recordings: Path | None, validation: int) -> None:
    """Make what tries changes, where the device told enough of the pipeline as it is."""
    if case.measured is None or not case.measured.readings:
        missing = case.measured.missing if case.measured is not None else {}
        reasons = dict.fromkeys(f"{one.reason} {one.remedy}".strip() for one in missing.values())
        case.why_untried = "; ".join(reasons) or f"{case.device.name} told nothing of the pipeline"
        return
    file = case.subject.file
    heard = clips.Clips(why="a bare model has no labels")
    if file is not None:
        heard = clips.find(file, scratch, recordings=recordings, validation=validation)
    case.trials = Trials(case.subject, case.device, case.job, case.measured, heard, scratch)
    case.converter = Converter(case.subject, heard, scratch)
