"""Hooks that a project's conftest may implement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgesense.perf.interfaces import Device


def pytest_edge_devices(config: pytest.Config) -> Sequence[Device]:  # type: ignore[empty-body]
    """Return devices of the project's own, to be named by ``--edge-device``.

    Called once a run, before collection, and only in runs that have a budget or name a device; implement it in the
    conftest.py of the root directory or of a directory given on the command line.
    """
