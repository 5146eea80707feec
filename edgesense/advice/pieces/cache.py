"""A cache of features: what a hit costs says how often clips must come again for it to pay."""

from __future__ import annotations

from dataclasses import replace

from edgesense.advice import shared
from edgesense.advice.case import Case
from edgesense.advice.records import Advice, Group, Mark, Standing, Tick
from edgesense.errors import EdgeSenseError
from edgesense.perf import units

NAME = "cache"
LOOKS_AT = "what a hit costs beside computing the features"
GROUP = Group.FEATURES
BOX = "the feature cache pays"
SECONDS = 15.0


def consider(case: Case) -> Advice | None:
    """Count a hit; see `edgesense.advice.Piece`."""
    if case.features is None:
        return None
    todo = "where clips come again, and only there: Pipeline.cached(FeatureCache(16 * 2**20)) (docs/streaming.md)"
    advice = Advice(NAME, "Feature cache", ("on a live microphone no clip comes again",), todo)
    if case.trials is None:
        return replace(advice, untried=case.why_untried)
    try:
        gain = case.trials.of_hit()
    except EdgeSenseError as error:
        return replace(advice, untried=str(error).splitlines()[0])
    even = units.share(gain.after / gain.before)
    gain = replace(gain, quantity="features of a clip that hits")
    why = (*advice.why, f"a hit costs {even} of computing: it pays only where more than that share hits")
    return replace(advice, why=why, gains=(gain,), tried=True, standing=Standing.LATER)


def tick(case: Case, said: Advice | None) -> Tick:
    """Tell that it depends on the clips."""
    del case
    return Tick(Mark.UNKNOWN, said.why[-1] if said else shared.BARE)
