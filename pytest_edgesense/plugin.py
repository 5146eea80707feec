"""What pytest finds first: options, the mark, the fixtures. The hooks of a run are in `session`."""

from __future__ import annotations

import pytest

from pytest_edgesense import options, settings
from pytest_edgesense.fixtures import edge_device, edge_measurement, edge_pipeline
from pytest_edgesense.session import SESSION, Session

__all__ = ["edge_device", "edge_measurement", "edge_pipeline"]

MARKER = (
    "edge_budget(*, pipeline=None, **limits): measure a pipeline on the run's devices and fail the test where it is "
    "over a limit or worse than its baseline, as in edge_budget(latency_ms=50, size_kb=1024, acc=0.85)"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the ini keys."""
    options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hook with which a project brings its own devices."""
    from pytest_edgesense import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, read the settings and refuse those that cannot be meant.

    Raises:
        pytest.UsageError: For an unknown device or value, and for an update where CI is set.
    """
    config.addinivalue_line("markers", MARKER)
    asked = settings.read(config)
    session = Session(config, asked)
    config.stash[settings.SETTINGS] = asked
    config.stash[SESSION] = session
    config.pluginmanager.register(session, "edgesense-session")
    if config.getoption("xmlpath", None) and not session.worker:
        from pytest_edgesense.junit import Attaching

        config.pluginmanager.register(Attaching(config, asked.root), "edgesense-junit")
    if asked.devices_from:
        # An unknown device is refused now; the default is known and costs no import.
        _ = session.run().devices
