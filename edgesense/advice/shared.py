"""What pieces of advice have in common: conversions, front ends that need a retrained model, and what takes hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgesense.advice import table
from edgesense.advice.case import Case
from edgesense.advice.records import Accuracy, Advice, Gain, Mark, Standing, Tick
from edgesense.advice.subject import Subject
from edgesense.errors import EdgeSenseError, SettingsError
from edgesense.features.settings import FeatureSettings
from edgesense.perf import units

ARCHITECTURE = "ARCH"
"""Stands in a command for the architecture, and stays where no recipe names it."""
PRINTED = 0.0005
"""A smaller share would be printed as none."""
BARE = "a bare model has no front end to look at"


def command(subject: Subject, text: str) -> str:
    """Return a command with the architecture that a pipeline's recipe names."""
    return text.replace(ARCHITECTURE, subject.architecture or ARCHITECTURE)


def standing(gains: tuple[Gain, ...], accuracy: Accuracy | None) -> Standing:
    """Return what a change that was tried came to."""
    if not any(one.sure for one in gains):
        return Standing.NOTHING
    wrong = accuracy is not None and accuracy.falls
    # Fewer bytes bought with more work, or the other way, is no plain gain.
    dearer = any(one.worse for one in gains)
    return Standing.COSTS if wrong or dearer else Standing.DO


def converted(case: Case, name: str, title: str) -> Advice | None:
    """Advice on one conversion, really made where that is possible; None where the pipeline is one already."""
    own = case.subject.model.dtype.replace("-", "_")
    if own == name:
        return None
    source = case.subject.float_source() or case.subject
    advice = Advice(name, title, (), command(source, f"edgesense optimize ARCH --pass {name} --output DIR"))
    if case.trials is None or case.converter is None:
        return replace(advice, untried=case.why_untried)
    try:
        made = case.converter.make(name)
        directory = case.trials.candidate(case.converter.source, model=made)
        work = case.trials.of_pipeline(directory) if case.trials.work else ()
        right = case.trials.accuracy(directory)
    except EdgeSenseError as error:
        return replace(advice, untried=str(error).splitlines()[0])
    gains = (*work, case.trials.size(directory))
    # What was gained stands first, so that it is what is sorted by.
    gains = tuple(sorted(gains, key=lambda one: not one.sure))
    why: tuple[str, ...] = (f"converted from {case.converter.source.name} and run on {case.device.name}",)
    if right is None:
        why = (*why, f"right answers were not judged: {case.trials.clips.why}")
    done = replace(advice, why=why, gains=gains, accuracy=right, tried=True)
    return replace(done, standing=standing(gains, right))


def conversion_tick(case: Case, said: Advice | None) -> Tick:
    """Tell whether a conversion is what the pipeline is, or was measured to be no better."""
    if said is None:
        return Tick(Mark.MET, f"the model is {case.subject.model.dtype}")
    return tried_tick(said)


def settings_tick(case: Case, look: Callable[[FeatureSettings], tuple[bool, str]]) -> Tick:
    """Tell from a front end's settings: whether they are what the box asks, and what they are."""
    if case.features is None:
        return Tick(Mark.UNKNOWN, BARE)
    met, text = look(case.features)
    return Tick(Mark.MET if met else Mark.NOT_MET, f"{text}, exact")


def tried_tick(said: Advice) -> Tick:
    """Tell from a try: no gain is a box that is ticked, a gain is one that is open."""
    if not said.tried:
        return Tick(Mark.UNKNOWN, f"not tried: {said.untried}")
    if said.standing is Standing.DO:
        return Tick(Mark.NOT_MET, f"a gain is left: {told(said.gains[0])}")
    if said.standing is Standing.COSTS:
        cost = next((told(one) for one in said.gains if one.worse), "right answers are lost")
        return Tick(Mark.MET, f"tried, it costs something else: {cost}")
    return Tick(Mark.MET, f"tried, {said.standing.value}: {told(said.gains[0])}" if said.gains else said.why[0])


def told(gain: Gain) -> str:
    """Return a gain in words: before, after, the share that is saved, how it is known."""
    after = units.text(gain.after, gain.unit)
    spread = units.interval(gain.low, gain.high, gain.unit)
    if spread != after:
        after += f" ({spread})"
    change = units.percent(-gain.share) if abs(gain.share) >= PRINTED else "the same"
    whole = " of a call" if gain.end_to_end else ""
    return f"{gain.quantity} {units.text(gain.before, gain.unit)} → {after}, {change}{whole}, {gain.known.value}"


def retrained(case: Case, name: str, title: str, settings: dict[str, object], why: str) -> Advice | None:
    """Advice on another front end that the model cannot take: what its work alone would save, counted there."""
    features = case.features
    if features is None:
        return None
    changed = {**features.to_dict(), "column_mean": [], "column_std": [], **settings}
    try:
        other = FeatureSettings.from_dict(changed)
    except SettingsError:
        return None
    flags = " ".join(f"--feature {key}={value}" for key, value in settings.items())
    todo = command(case.subject, f"edgesense train ARCH --output DIR {flags}")
    shape = f"the model takes {features.shape} and this front end makes {other.shape}: it needs a retrained model"
    advice = Advice(name, title, (why, shape), todo, untried="needs a retrained model")
    if case.trials is None:
        return replace(advice, untried=f"needs a retrained model; {case.why_untried}")
    try:
        gain = case.trials.of_front_end(other)
    except EdgeSenseError as error:
        return replace(advice, untried=f"needs a retrained model; {str(error).splitlines()[0]}")
    return replace(advice, gains=(gain,), untried="the front end alone was; the model must be trained for it")


def long(case: Case, name: str, title: str, why: str, todo: str, *, variant: str = "", passes: str = "") -> Advice:
    """Advice on what takes hours, with what a table of results measured for it where that has such rows."""
    advice = Advice(name, title, (why,), command(case.subject, todo), untried="it takes hours of training")
    before = case.results.row(case.subject.name)
    after = case.results.other(before, variant=variant, passes=passes) if before is not None else None
    if before is None or after is None:
        none = f"{case.results.name} has no row for it" if case.results.rows else "no table of results is here"
        return replace(advice, why=(why, f"gain not known: {none}"))
    gains = case.results.gains(before, after, case.device.name)
    gains = tuple(sorted(gains, key=lambda one: not one.sure))
    return replace(advice, why=(why, f"{case.results.name}: {table.accuracy(before, after)}"), gains=gains)
