"""One metric a file: its unit, how a worker samples it, and how samples become a number.

A module here defines ``METRICS``, a tuple of `edgesense.perf.interfaces.Metric`. Packages add theirs with the
entry-point group ``edgesense.metrics``, naming such a module; `SampledMetric` and `Allowance` are what it is made of.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from edgesense.errors import BudgetError
from edgesense.perf.interfaces import Metric
from edgesense.perf.metrics._base import Allowance, SampledMetric, interleave, joined

__all__ = ["Allowance", "SampledMetric", "every", "find", "interleave", "joined"]


@lru_cache(maxsize=1)
def every() -> Mapping[str, Metric]:
    """Return all metrics by name, this package's and those of entry points."""
    # A worker imports one metric of this package and must not pay for finding the others.
    from importlib.metadata import entry_points

    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    modules += [entry.load() for entry in entry_points(group="edgesense.metrics")]
    return MappingProxyType({metric.name: metric for module in modules for metric in getattr(module, "METRICS", ())})


def find(name: str) -> Metric:
    """Return one metric.

    Raises:
        BudgetError: If there is none of that name; the nearest ones are named.
    """
    import difflib

    metrics = every()
    if name not in metrics:
        near = difflib.get_close_matches(name, metrics, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(sorted(metrics))}"
        msg = f"unknown limit {name!r}: {hint}"
        raise BudgetError(msg)
    return metrics[name]
