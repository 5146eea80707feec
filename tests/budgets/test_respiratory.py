"""This project's own budgets: ``pytest --edge-device=pi tests/budgets``."""

from pytest_edgesense import edge_budget


@edge_budget(latency_ms=50, size_kb=1024, acc=0.85, rss_mb=100)
def test_default_pipeline(edge_measurement):
    assert edge_measurement["latency_ms"].high < 50


