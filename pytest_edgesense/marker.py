"""From the marks on a test to a plan: its budget, its device and its limits there, refused early."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from edgesense.errors import BudgetError
from edgesense.perf import metrics, plan, regressions
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Budget
from pytest_edgesense import benchmark_fixture
from pytest_edgesense.items import DEVICE, NAME, PIPELINE, stable_name

PIPELINE_OF = "pipeline"
MAX_REGRESSION = "max_regression"
GATE = "gate"
ARGUMENTS = frozenset({PIPELINE_OF, MAX_REGRESSION, GATE})
"""What the mark takes beside limits."""
FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


@dataclass(frozen=True)
class Plan:
    """What is to be done for one test on one device.

    Attributes:
        budget: Its limits as written; `pipeline` is the marker's, None if the marker names none.
        device: Where it is judged.
        bounds: Limit -> bound in base units, for this device.
        absent: Limits that name other devices only.
        allowed: Limit -> change from its baseline that is let pass, where that is not the usual one.
        gates: Whether the budget may fail the test; else it is measured, judged and shown.
        function: Whether the test's own function is judged, as pytest-benchmark times it, and no pipeline.
    """

    budget: Budget
    device: Device
    bounds: Mapping[str, float]
    absent: tuple[str, ...] = ()
    allowed: Mapping[str, float] = field(default_factory=dict)
    gates: bool = True
    function: bool = False


def budget_of(item: pytest.Item) -> Budget | None:
    """Return a test's budget: class, module and own marks merged, the nearest first; None if nothing is left of it.

    Raises:
        BudgetError: For marks that are not a budget.
    """
    marks = _farthest_first(item)
    for mark in marks:
        if mark.args:
            given = ", ".join(map(repr, mark.args))
            msg = f"{NAME}({given}): limits are given by name, as in {NAME}(latency_ms=50)"
            raise BudgetError(msg)
    if not any(set(mark.kwargs) - ARGUMENTS for mark in marks):
        msg = f"{NAME}() gives no limit: allowed: {', '.join(sorted(metrics.every()))}"
        raise BudgetError(msg)
    merged = plan.merge(mark.kwargs for mark in marks)
    pipeline = merged.pop(PIPELINE_OF, None)
    merged = {name: bound for name, bound in merged.items() if name not in ARGUMENTS}
    if not merged:
        return None
    return Budget(stable_name(item), merged, None if pipeline is None else _text(pipeline))


def allowed_of(item: pytest.Item, usual: Mapping[str, float]) -> dict[str, float]:
    """Return how far a test's numbers may be from their baselines, by limit: its marks over the ini key's.

    Raises:
        BudgetError: For what cannot be meant.
    """
    said = [mark.kwargs[MAX_REGRESSION] for mark in _farthest_first(item) if MAX_REGRESSION in mark.kwargs]
    try:
        return regressions.merge(said, usual)
    except BudgetError as error:
        msg = f"{MAX_REGRESSION}: {error}"
        raise BudgetError(msg) from error


def gates(item: pytest.Item) -> bool:
    """Return whether a test's budget may fail it.

    Raises:
        BudgetError: If `gate` is neither True nor False.
    """
    gate = plan.merge(mark.kwargs for mark in _farthest_first(item)).get(GATE, True)
    if not isinstance(gate, bool):
        msg = f"{GATE}={gate!r}: allowed: True, or False to measure and judge without failing the test"
        raise BudgetError(msg)
    return gate


def _farthest_first(item: pytest.Item) -> list[pytest.Mark]:
    return list(item.iter_markers(NAME))[::-1]


def _text(pipeline: Any) -> str:
    if not isinstance(pipeline, str | os.PathLike) or not os.fspath(pipeline):
        msg = f"pipeline={pipeline!r}: allowed: a path, or package.module:factory as text"
        raise BudgetError(msg)
    return os.fsdecode(pipeline)


def make_plan(
    item: pytest.Item,
    words: Iterable[str],
    device: Device,
    *,
    several: bool,
    usual: Mapping[str, float] = MappingProxyType({}),
) -> Plan | None:
    """Return the plan of a marked test, None if all its limits were removed.

    Args:
        item: A test with a mark.
        words: Every word that means a device, allowed as key of a limit.
        device: Where it is judged.
        several: Whether the run has more than one device.
        usual: How far numbers may be from their baselines in this project, by limit.

    Raises:
        BudgetError: For what can be seen to be wrong before anything runs.
    """
    budget = budget_of(item)
    if budget is None:
        return None
    if several and DEVICE not in getattr(getattr(item, "callspec", None), "params", {}):
        msg = "only test functions can be judged on several devices in one run: give one --edge-device"
        raise BudgetError(msg)
    plan.check_limits(budget.limits, words)
    function = budget.pipeline is None and benchmark_fixture.asks(item)
    if function:
        there = [name for name, bound in budget.limits.items() if plan.for_device(name, bound, device) is not None]
        benchmark_fixture.check(there, device)
    bounds, absent = plan.resolve(budget.limits, device)
    return Plan(budget, device, bounds, absent, allowed_of(item, usual), gates(item), function)


def check_pipeline(item: pytest.Item, budget: Budget, ini: str | None, root: Path) -> None:
    """Refuse a pipeline of the marker or the ini file that is not there; a fixture's is known only when it runs.

    Raises:
        BudgetError: If it is not there, or if no pipeline is named at all.
    """
    if budget.pipeline is not None:
        check_path(budget.pipeline, root, f"pipeline={budget.pipeline!r}")
    elif not overridden(item):
        if ini is None:
            msg = "no pipeline: give pipeline= in the marker, an edge_pipeline fixture, or the ini key edge_pipeline"
            raise BudgetError(msg)
        check_path(ini, root, f"ini key edge_pipeline = {ini!r}")


def check_path(name: str, root: Path, said: str) -> None:
    """Refuse a pipeline that is neither there nor named like a factory.

    Raises:
        BudgetError: If so.
    """
    if not (root / name).exists() and not FACTORY.fullmatch(name):
        msg = f"{said} does not exist in {root}; allowed: a pipeline directory, a .tflite file, package.module:factory"
        raise BudgetError(msg)


def overridden(item: pytest.Item) -> bool:
    """Return whether a test has an `edge_pipeline` other than this plugin's, as far as can be told."""
    if PIPELINE in getattr(getattr(item, "callspec", None), "params", {}):
        return True
    # A TestCase does not say before it runs.
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}).get(PIPELINE)
    return known is None or len(known) > 1
