from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

from edgesense.errors import BudgetError
from edgesense.perf import metrics
from edgesense.perf.interfaces import Metric
from edgesense.perf.metrics._base import SampledMetric

NAMES = [info.name for info in pkgutil.iter_modules(metrics.__path__) if not info.name.startswith("_")]
PARTS = [
    "name",
    "unit",
    "lower_is_better",
    "probe",
    "processes",
    "judged",
    "tolerance",
    "by_part",
    "maximum",
    "divisible",
    "reduce",
]


@pytest.fixture(params=NAMES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{metrics.__name__}.{request.param}")


def test_each_module_says_what_it_is_about(module: ModuleType) -> None:
    assert (module.__doc__ or "").strip()


def test_each_module_defines_metrics_that_conform(module: ModuleType) -> None:
    assert module.METRICS
    for metric in module.METRICS:
        assert all(hasattr(metric, part) for part in PARTS)
        assert metric.judged in {"value", "interval"}
        assert metric.processes >= 1
        assert metrics.find(metric.name) is metric


def test_each_probe_can_be_imported_by_its_name_and_says_what_it_returns(module: ModuleType) -> None:
    for metric in module.METRICS:
        where, _, function = metric.probe.partition(":")
        assert (getattr(importlib.import_module(where), function).__doc__ or "").strip()


def test_each_module_has_a_test_of_its_own(module: ModuleType) -> None:
    name = module.__name__.rpartition(".")[2]
    assert (Path(__file__).parent / f"test_{name}.py").exists()


def test_the_record_of_a_metric_is_one_in_the_sense_of_the_seam() -> None:
    def needs(metric: Metric) -> str:
        return metric.name

    sampled = metrics.find("size_kb")
    assert isinstance(sampled, SampledMetric)
    assert needs(sampled) == "size_kb"


def test_the_limits_of_the_first_release_are_all_there() -> None:
    assert set(metrics.every()) >= {
        "latency_ms",
        "features_ms",
        "inference_ms",
        "latency_p90_ms",
        "latency_p99_ms",
        "size_kb",
        "acc",
        "acc_drop",
        "rss_mb",
        "instructions_m",
        "cold_start_ms",
        "energy_mj",
        "battery_h",
    }


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("latency_m", "did you mean latency_ms"), ("latency", "did you mean latency_ms"), ("q", "allowed: acc, acc_drop")],
)
def test_an_unknown_limit_is_refused_with_the_nearest_name(wrong: str, hint: str) -> None:
    with pytest.raises(BudgetError, match=f"unknown limit '{wrong}': {hint}"):
        metrics.find(wrong)
