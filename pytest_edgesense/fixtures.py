"""The fixtures: what was measured, on which device, of which pipeline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_edgesense.items import NAME
from pytest_edgesense.settings import SETTINGS

if TYPE_CHECKING:
    from pytest_edgesense.measurement import EdgeMeasurement


@pytest.fixture
def edge_measurement(request: pytest.FixtureRequest) -> EdgeMeasurement:
    """What the test's pipeline measured, by limit: value, low, high and known, in the limit's unit."""
    if request.node.get_closest_marker(NAME) is None:
        pytest.fail(
            f"edge_measurement is for tests with a budget: {request.node.name} has no @edge_budget(...)", pytrace=False
        )
    from pytest_edgesense.measurement import EdgeMeasurement

    return EdgeMeasurement(request.node)


@pytest.fixture
def edge_device(request: pytest.FixtureRequest) -> str:
    """The name of the device that the test's budget is judged on."""
    from pytest_edgesense.session import SESSION

    return str(getattr(request, "param", None) or next(iter(request.config.stash[SESSION].run().devices)))


@pytest.fixture
def edge_pipeline(request: pytest.FixtureRequest) -> str | os.PathLike[str] | None:
    """The pipeline of tests whose marker names none; override or parametrise it (default: ini key edge_pipeline)."""
    return request.config.stash[SETTINGS].pipeline
