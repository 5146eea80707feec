"""From limits as they were written to a job for one device: pure functions that refuse early."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgesense.errors import BudgetError
from edgesense.perf import metrics
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Bound, Budget, Job

DEFAULT = "default"


@dataclass(frozen=True)
class RunSettings:
    """What holds for every job of a run.

    Attributes:
        root: The directory that relative workload names start from.
        runtime: ``litert``, ``tflite`` or None for the first one installed.
        threads: Threads of the runtime.
        delegate: As `edgesense.delegation.parse` reads it; None for what the runtime does by itself.
        sys_path: Where factories are imported from.
        ship: Packages, modules and folders that travel to a device for a factory.
        timeout_seconds: A worker that is silent for longer is ended.
        project: The directory whose code and artefacts are the project's own: the repository's top, or the root.
    """

    root: Path
    runtime: str | None = None
    threads: int = 1
    sys_path: tuple[str, ...] = ()
    ship: tuple[str, ...] = ()
    timeout_seconds: float = 600.0
    project: Path | None = None
    delegate: str | None = None


def merge(marks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge limits of several marks, farthest first: the nearest wins, None removes one."""
    merged: dict[str, Any] = {}
    for mark in marks:
        merged.update(mark)
    return {name: bound for name, bound in merged.items() if bound is not None}


def check_limits(limits: Mapping[str, Any], device_words: Iterable[str]) -> None:
    """Refuse limits that cannot be meant.

    Raises:
        BudgetError: For an unknown limit or device, and for a value that is no usable number.
    """
    words = {*device_words, DEFAULT}
    for name, bound in limits.items():
        metric = metrics.find(name)
        if isinstance(bound, Mapping):
            for key, value in bound.items():
                if key not in words:
                    near = difflib.get_close_matches(str(key), words, n=1, cutoff=0.5)
                    hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(sorted(words))}"
                    msg = f"{name} has a limit for the unknown device {key!r}: {hint}"
                    raise BudgetError(msg)
                _check_number(f"{name}[{key!r}]", value, metric.maximum)
            if not bound:
                msg = f"{name}={{}} names no device; give a number, or one for each device"
                raise BudgetError(msg)
        else:
            _check_number(name, bound, metric.maximum)


def _check_number(name: str, value: Any, maximum: float | None) -> None:
    largest = sys.float_info.max
    if isinstance(value, bool) or not isinstance(value, int | float) or not -largest <= value <= largest:
        msg = f"{name}={value!r} is not a finite number"
        raise BudgetError(msg)
    if value < 0:
        msg = f"{name}={value!r} is negative; a limit is 0 or more"
        raise BudgetError(msg)
    if maximum is not None and value > maximum:
        hint = f"; did you mean {value / 100:g}?" if value <= 100 * maximum else ""
        msg = f"{name}={value!r} is over {maximum:g}: it is a share from 0 to {maximum:g}{hint}"
        raise BudgetError(msg)


def resolve(limits: Mapping[str, Bound], device: Device) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return the bounds for one device in base units, and the limits that have none for it.

    Raises:
        BudgetError: For a limit that the device can never answer, or two keys that mean the same device.
    """
    answers = device.answers()
    bounds: dict[str, float] = {}
    absent: list[str] = []
    for name, bound in limits.items():
        value = for_device(name, bound, device)
        if value is None:
            absent.append(name)
            continue
        if name not in answers:
            can = ", ".join(sorted(answers))
            msg = f"{name} can never be answered by {device.name}; it can answer {can}"
            raise BudgetError(msg)
        bounds[name] = metrics.find(name).unit.to_base(float(value))
    return bounds, tuple(absent)


def for_device(name: str, bound: Bound, device: Device) -> float | None:
    """Return a limit for one device in its own unit, None where it has none for it.

    Raises:
        BudgetError: For two keys that mean the same device.
    """
    if not isinstance(bound, Mapping):
        return bound
    keys = [key for key in bound if key in device.names]
    if len(keys) > 1:
        msg = f"{name} has {len(keys)} limits for {device.name}: {', '.join(sorted(keys))}"
        raise BudgetError(msg)
    return bound[keys[0]] if keys else bound.get(DEFAULT)


def make_job(budget: Budget, bounds: Mapping[str, float], device: Device, settings: RunSettings) -> Job:
    """Return the job that answers a budget on a device.

    Raises:
        BudgetError: If the budget names no pipeline.
    """
    if budget.pipeline is None:
        msg = "no pipeline: give pipeline= in the marker, an edge_pipeline fixture, or the ini key edge_pipeline"
        raise BudgetError(msg)
    asked: Sequence[str] = sorted(bounds)
    return Job(
        workload=budget.pipeline,
        root=settings.root,
        metrics=tuple(sorted({*asked, *device.implied(asked)})),
        bounds=tuple(sorted(bounds.items())),
        runtime=settings.runtime,
        threads=settings.threads,
        sys_path=settings.sys_path,
        ship=settings.ship,
        timeout_seconds=settings.timeout_seconds,
        project=settings.project,
        delegate=settings.delegate,
    )
