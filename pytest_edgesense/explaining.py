"""What a run would measure and what that would cost, said without doing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from edgesense.errors import BaselineError
from edgesense.perf import gate, measure, metrics, profilers, units
from edgesense.perf.interfaces import PairingDevice
from edgesense.perf.plan import make_job
from edgesense.perf.records import Job
from edgesense.report import cells
from pytest_edgesense import costs, marker
from pytest_edgesense.benchmark_fixture import FIXTURE, NEVER
from pytest_edgesense.items import PLAN
from pytest_edgesense.marker import Plan
from pytest_edgesense.running import ACCEPTING, Run

OF_A_FIXTURE = "what its fixture edge_pipeline gives"


@dataclass(frozen=True)
class Explained:
    """What one test would measure.

    Attributes:
        title: The test and its device.
        lines: What is measured of what, and how.
        key: The name of what it cost last time.
        job: Equal ones are measured once; None where the pipeline is known only when the test runs.
    """

    title: str
    lines: tuple[str, ...]
    key: str
    job: Job | None


class Explaining:
    """A plugin that explains a run in place of running it."""

    def __init__(self, run: Run) -> None:
        """Explain a run.

        Args:
            run: What would measure.
        """
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Print what each test would measure; run nothing."""
        planned = [item for item in session.items if PLAN in item.stash]
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.section("edge budgets: what would be measured", "=")
            for line in lines([self._explained(item) for item in planned], costs.read(session.config)):
                terminal.write_line(line)
            for line in self._absent(planned):
                terminal.write_line(line, yellow=True)
        return True

    def _explained(self, item: pytest.Item) -> Explained:
        plan = item.stash[PLAN]
        title = f"{plan.budget.test} on {plan.device.name}"
        key = costs.key(plan.budget.test, plan.device.name)
        if plan.function:
            return Explained(title, _of_a_function(plan), key, None)
        name = plan.budget.pipeline or ("" if marker.overridden(item) else self._run.settings.pipeline or "")
        # The pipeline changes nothing of what is measured, only of what.
        budget = replace(plan.budget, pipeline=name or OF_A_FIXTURE)
        job = make_job(budget, plan.bounds, plan.device, self._run.shared)
        said = [f"pipeline   {budget.pipeline}"]
        said += [f"{word:<10} {text}" for word, text in self._said(plan, job)]
        return Explained(title, tuple(said), key, job if name else None)

    def _said(self, plan: Plan, job: Job) -> Iterator[tuple[str, str]]:
        known = plan.device.answers()
        for word in dict.fromkeys(known[name].value for name in job.metrics):
            yield word, ", ".join(_limit(plan, name) for name in job.metrics if known[name].value == word)
        probes: dict[str, int] = {}
        for one in map(metrics.find, job.metrics):
            probes[one.probe] = max(one.processes, probes.get(one.probe, 0))
        yield "processes", f"{sum(probes.values())} fresh ones" if sum(probes.values()) > 1 else "a fresh one"
        yield "compared", self._compared(plan, job)
        if self._run.settings.profile != "never":
            helping = ", ".join(one.name for one in profilers.chosen(frozenset(plan.bounds)))
            when = "always" if self._run.settings.profile == "always" else "if broken"
            yield when, f"explained by later runs: {helping}"

    def _compared(self, plan: Plan, job: Job) -> str:
        test, device = plan.budget.test, plan.device
        if self._run.settings.update in ACCEPTING:
            return "with nothing: what is measured is stored"
        baseline = self._run.accepted.load(test, device.name)
        if isinstance(baseline, BaselineError):
            return f"with nothing: {baseline}"
        if baseline is None:
            return "with nothing: there is no baseline yet"
        gated = measure.gated(device, job) if isinstance(device, PairingDevice) else {}
        stored = [name for name in job.metrics if name in baseline.readings and name not in gated]
        parts = [f"{', '.join(stored)} with what its baseline holds"] if stored else []
        parts += [f"{', '.join(gated)} in up to {gate.Rule().at_most} pairs beside its baseline"] if gated else []
        return "; ".join(parts) or "with nothing: its baseline holds none of these"

    def _absent(self, items: Iterable[pytest.Item]) -> Iterator[str]:
        for device in {item.stash[PLAN].device.name: item.stash[PLAN].device for item in items}.values():
            remedy = device.available()
            if remedy is not None:
                yield f"{device.name} is not all there: {remedy}"


def lines(explained: Sequence[Explained], seconds: Mapping[str, float]) -> Iterator[str]:
    """Yield what is said of tests, and what they cost together.

    Args:
        explained: The tests, in their order.
        seconds: What each cost last time, by its key.
    """
    groups: dict[Job | str, list[Explained]] = {}
    for one in explained:
        groups.setdefault(one.job or one.key, []).append(one)
    spent = {name: _dearest(group, seconds) for name, group in groups.items()}
    for one in explained:
        name = one.job or one.key
        leader, cost = groups[name][0], spent[name]
        yield one.title
        yield from (f"  {line}" for line in one.lines)
        if one is not leader:
            yield f"  cost       none: measured once, with {leader.title}"
        else:
            told = "not known: it was never measured here" if cost is None else f"{costs.told(cost)} last time"
            yield f"  cost       {told}"
        yield ""
    known = [cost for cost in spent.values() if cost is not None]
    parts = [f"{units.plural(len(explained), 'budget')} in {units.plural(len(groups), 'measurement')}"]
    parts += [f"about {costs.told(sum(known))}, as last time"] if known else []
    parts += [f"{len(groups) - len(known)} never measured here"] if len(known) < len(groups) else []
    yield "; ".join(parts)


def _dearest(group: Sequence[Explained], seconds: Mapping[str, float]) -> float | None:
    """Return what a measurement cost, whichever of its tests made it."""
    return max((seconds[one.key] for one in group if one.key in seconds), default=None)


def _of_a_function(plan: Plan) -> tuple[str, ...]:
    known = ", ".join(_limit(plan, name) for name in sorted(plan.bounds)) or "nothing"
    return (
        f"function   what it gives to pytest-benchmark's fixture {FIXTURE}",
        f"measured   {known}",
        "processes  none: it is timed in pytest's own, while the body runs",
        f"compared   with nothing: {NEVER}",
    )


def _limit(plan: Plan, name: str) -> str:
    return f"{name} {cells.bound(name, plan.bounds[name])}" if name in plan.bounds else f"{name} (compared only)"
