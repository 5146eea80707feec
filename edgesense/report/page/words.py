"""What the page's words mean, said once on the page itself."""

from __future__ import annotations

from edgesense.perf.records import Known
from edgesense.perf.verdicts import Outcome

HEADS = ("metric", "value and how it is known", "share of the limit", "limit", "baseline", "verdict")

KNOWN = {
    Known.EXACT: "read off the files or the answers; the same every time",
    Known.MEASURED: "a clock or a meter on that very device",
    Known.COUNTED: "instructions of the device's processor, counted one by one",
    Known.PREDICTED: "an interval made of counts and the board's profile; not measured",
    Known.STAND_IN: "exact or measured on this computer for a board that is not here",
}

OUTCOMES = {
    Outcome.OVER: "over its limit (under it, for the least that is wanted); fails the test",
    Outcome.REGRESSED: "worse than the baseline by more than is allowed; fails the test",
    Outcome.INCONCLUSIVE: "cannot be told; fails in a strict run",
    Outcome.DRIFT: "a change that is not confirmed, or may be chance",
    Outcome.NO_BASELINE: "there is no baseline yet; fails in a strict run",
    Outcome.NOT_COMPARABLE: "the baseline was made elsewhere, is known in another way, or cannot run",
    Outcome.BETTER: "better than the baseline by more than is allowed the other way",
    Outcome.MET: "within its limit",
    Outcome.SAME: "within what is allowed from the baseline",
    Outcome.NOT_COMPARED: "never held against a baseline",
}
"""The worst first."""

TONES = {
    Outcome.OVER: "bad",
    Outcome.REGRESSED: "bad",
    Outcome.INCONCLUSIVE: "open",
    Outcome.DRIFT: "open",
    Outcome.NO_BASELINE: "open",
    Outcome.NOT_COMPARABLE: "open",
    Outcome.BETTER: "good",
    Outcome.MET: "good",
    Outcome.SAME: "good",
    Outcome.NOT_COMPARED: "plain",
}
