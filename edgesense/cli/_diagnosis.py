"""A diagnosis as people read it: tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesense.perf import calibration, diagnosis, noise, units
from edgesense.perf.units import MILLISECOND
from edgesense.perf.verdicts import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from edgesense.perf.computer import Computer
    from edgesense.perf.diagnosis import Diagnosis
    from edgesense.perf.noise import Noise
    from edgesense.perf.trials import Tally

BUILT_IN = "built-in workload"
OUTCOMES = (Outcome.REGRESSED, Outcome.DRIFT, Outcome.INCONCLUSIVE, Outcome.SAME, Outcome.BETTER)


def parts(found: Diagnosis) -> Iterator[Table | str]:
    """Yield what is printed, from what was seen to what to do."""
    yield _where(found)
    if found.noise is None:
        yield f"{len(found.paired.baseline)} pairs measured: too few to tell the noise"
    else:
        yield _pairs(found, found.noise)
        yield _headline(found.noise)
        yield f"What gates would come to here, in % of {noise.GATES} gates drawn from these pairs:"
        yield _expected(found.noise)
        yield from _limits(found, found.noise)
    yield from (f"Note: {note}" for note in found.paired.notes)
    if found.unchanged.gates:
        yield _alarms(found.unchanged)
    yield from (_power(share, one) for share, one in found.slowed.items())
    yield from _help(found)


def shown(pipeline: str) -> str:
    """Return a workload's name as people know it."""
    return BUILT_IN if pipeline == calibration.FACTORY else pipeline


def percent(share: float) -> str:
    """Return a measured share such as 0.0123 as ``1.2 %``."""
    return f"{share * 100:.1f} %"


def round_percent(share: float) -> str:
    """Return a share that somebody chose, such as 0.03, as ``3 %``."""
    return f"{share * 100:.4g} %"


def _signed(change: Sequence[float]) -> str:
    value, low, high = (f"{one * 100:+.2f}" for one in change)
    return f"{value} % ({low} to {high} %)"


def _where(found: Diagnosis) -> Table:
    name = "this computer" if found.computer else found.subject.device
    table = _table(name, found.subject.fingerprint.get("cpu", ""))
    if found.computer:
        table.add_row("cores", _cores(found.computer))
        table.add_row("governor", ", ".join(found.computer.governors) or "not readable")
        table.add_row("kind", _kind(found.computer))
    if found.company:
        busy = "not readable" if found.company.busy is None else f"{found.company.busy:.2f} cores busy meanwhile"
        table.add_row("other work", busy)
        table.add_row("stolen by a hypervisor", f"{found.company.stolen:.2f} cores")
    return table


def _cores(computer: Computer) -> str:
    few = computer.usable < computer.cores
    return f"{computer.cores}, of which {computer.usable:g} may be used" if few else str(computer.cores)


def _kind(computer: Computer) -> str:
    base = {True: "virtual machine", False: "no virtual machine", None: "not known"}[computer.virtual]
    said = [base, *(["container"] if computer.container else []), *(["on battery"] if computer.on_battery else [])]
    return ", ".join(said)


def _pairs(found: Diagnosis, told: Noise) -> Table:
    table = _table("one pair of a pipeline and itself", shown(found.subject.pipeline))
    table.add_row("robust spread", f"{percent(told.spread)} ({percent(told.low)} to {percent(told.high)})")
    table.add_row("furthest off", percent(told.largest))
    table.add_row("the two arms differ by", _signed(told.offset))
    table.add_row("pairs", f"{told.pairs}, {found.paired.discarded} discarded")
    table.add_row("a call, 10th percentile", units.text(found.seconds_per_call, MILLISECOND))
    return table


def _headline(told: Noise) -> str:
    ends = ", ".join(f"{one} is up to {percent(most)}" for one, (most, _) in noise.SCALE.items())
    return f"{told.level}: one pair spreads by {percent(told.spread)} ({ends})."


def _expected(told: Noise) -> Table:
    seen = [outcome for outcome in OUTCOMES if any(outcome in shares for shares in told.expected.values())]
    table = _table("true slowdown", *(outcome.value for outcome in seen))
    for share, shares in told.expected.items():
        cells = [f"{100 * shares.get(outcome, 0.0):.1f}" for outcome in seen]
        table.add_row(round_percent(share) if share else "none", *cells)
    return table


def _limits(found: Diagnosis, told: Noise) -> Iterator[str]:
    caught = round_percent(noise.CAUGHT)
    if told.smallest is None:
        yield (
            f"No slowdown, however large, is caught in {caught} of gates here: "
            "too often the pairs spread too far, and the gate is INCONCLUSIVE."
        )
    else:
        yield f"Smallest slowdown that {caught} of gates catch here: {percent(told.smallest)}."
    limit = round_percent(found.subject.rule.limit)
    yield f"The usual limit is {limit}: a true slowdown of exactly {limit} is caught half the time at best, anywhere."


def _counts(one: Tally) -> str:
    return ", ".join(f"{one.outcomes[outcome]} {outcome.value}" for outcome in OUTCOMES if outcome in one.outcomes)


def _alarms(one: Tally) -> str:
    return (
        f"{one.gates} gates of the pipeline against itself: {one.regressed} false alarms, "
        f"so at most {percent(one.at_most)} of gates (95 % confidence).\n"
        f"    {_counts(one)}; {one.second} in the second stage; {one.seconds:.1f} s a gate (median); "
        f"the arms differ by {_signed(one.change)}."
    )


def _power(share: float, one: Tally) -> str:
    return (
        f"{one.gates} gates of a real slowdown of {round_percent(share)}: {one.regressed} caught, "
        f"so at least {percent(one.at_least)} of gates (95 % confidence).\n"
        f"    {_counts(one)}; {one.seconds:.1f} s a gate (median); "
        f"the slowdown as it was measured: {_signed(one.change)}."
    )


def _help(found: Diagnosis) -> Iterator[str]:
    helps = diagnosis.remedies(found)
    if helps:
        yield "What would help:"
        yield from (f"  - {one}" for one in helps)
    elif found.noise is not None and found.noise.smallest is not None:
        yield "Nothing needs to be done."


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(*columns)
    for column in table.columns[1:] if len(columns) > 2 else ():
        column.justify = "right"
    return table
