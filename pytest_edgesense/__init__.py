"""Budgets for machine learning on small devices, judged by pytest.

Public names: `edge_budget`, the same as ``pytest.mark.edge_budget``; `EdgeMeasurement`, the type of the fixture
``edge_measurement``; `BudgetExceeded` and `BudgetNotJudged`, with which a test fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_edgesense.measurement import EdgeMeasurement
    from pytest_edgesense.outcomes import BudgetExceeded, BudgetNotJudged

__all__ = ["BudgetExceeded", "BudgetNotJudged", "EdgeMeasurement", "edge_budget"]

edge_budget = pytest.mark.edge_budget


def __getattr__(name: str) -> object:
    # pytest imports this package at every start; what only typed tests need can wait.
    if name in {"BudgetExceeded", "BudgetNotJudged"}:
        from pytest_edgesense import outcomes

        return getattr(outcomes, name)
    if name == "EdgeMeasurement":
        from pytest_edgesense.measurement import EdgeMeasurement

        return EdgeMeasurement
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
