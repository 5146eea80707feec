"""This project's own budgets: ``pytest --edge-device=pi tests/budgets``."""

from __future__ import annotations

from edgesense.perf.records import Known
from pytest_edgesense import EdgeMeasurement, edge_budget


@edge_budget(latency_ms=50, size_kb=1024, acc=0.85, rss_mb=100)
def test_default_pipeline(edge_measurement: EdgeMeasurement) -> None:
    assert edge_measurement["latency_ms"].high < 50
    assert edge_measurement["size_kb"].known is Known.EXACT


@edge_budget(latency_ms=50, features_ms=50, inference_ms=50, size_kb=250, acc_drop=0.014, pipeline="models/dscnn-int8")
def test_dscnn_int8() -> None: ...


@edge_budget(inference_ms=50, size_kb=600, acc=0.85, acc_drop=0.014, rss_mb=100, pipeline="models/crnn-int8")
def test_crnn_int8() -> None: ...


# The "before": its time on a Pi 4 is over 50 ms, so what is held is what is counted.
@edge_budget(size_kb=2300, acc=0.85, rss_mb=100, instructions_m={"pi": 115}, pipeline="models/crnn-float32")
def test_crnn_float32() -> None: ...


# The best "after" so far: an eighth of the CRNN's instructions, and no less accurate.
@edge_budget(
    latency_ms=50,
    size_kb=250,
    acc=0.89,
    acc_drop=0.005,
    rss_mb=72,
    instructions_m={"pi": 13.75},
    pipeline="models/attention-int8",
)
def test_attention_int8() -> None: ...


@edge_budget(size_kb=300, acc=0.89, rss_mb=100, instructions_m={"pi": 13.75}, pipeline="models/attention-float32")
def test_attention_float32() -> None: ...
