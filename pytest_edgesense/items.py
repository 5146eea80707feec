"""Marked tests as pytest collects them: their fixtures, their names, and where their results are kept.

Imported at every start of pytest, so it imports nothing that pytest has not.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgesense.perf.records import Job
    from edgesense.report.records import Place
    from pytest_edgesense.marker import Plan
    from pytest_edgesense.measurement import Found
    from pytest_edgesense.rows import Row

PARAM = type(pytest.param())
NAME = "edge_budget"
PIPELINE = "edge_pipeline"
DEVICE = "edge_device"

PLAN: pytest.StashKey[Plan] = pytest.StashKey()
MADE_OF: pytest.StashKey[str] = pytest.StashKey()
"""What a job's workload was opened from, as far as it is known: an equal job on other files is other evidence."""

JOB: pytest.StashKey[Job] = pytest.StashKey()
FOUND: pytest.StashKey[Found] = pytest.StashKey()
JUDGED: pytest.StashKey[tuple[Row, BaseException | None]] = pytest.StashKey()


def request_fixtures(collector: pytest.Collector, name: str, obj: object, names: Sequence[str]) -> None:
    """Let a marked test function use fixtures it does not ask for, so that they can be overridden and parametrised."""
    if not isinstance(collector, pytest.Module | pytest.Class) or not collector.istestfunction(obj, name):
        return
    function = getattr(obj, "__func__", obj) if isinstance(obj, staticmethod | classmethod) else obj
    own = getattr(function, "pytestmark", [])
    marks = [*(own if isinstance(own, list) else [own]), *collector.iter_markers()]
    if any(mark.name == NAME for mark in (*marks, *_of_parameters(marks))):
        # anyio asks for its backend in this way too: a fixture's parameters must be known before items are made.
        # A builtin takes no mark; it can take no parameter either.
        with contextlib.suppress(AttributeError):
            pytest.mark.usefixtures(*names)(function)


def _of_parameters(marks: Iterable[pytest.Mark]) -> Iterator[pytest.Mark | pytest.MarkDecorator]:
    """Marks of single `pytest.param`; an iterator of them is pytest's to read, once."""
    for mark in marks:
        values = mark.kwargs.get("argvalues", mark.args[1] if len(mark.args) > 1 else ())
        if mark.name == "parametrize" and isinstance(values, Sequence):
            for value in values:
                if isinstance(value, PARAM):
                    yield from value.marks


def stable_name(item: pytest.Item) -> str:
    """Return a test's name without the device it runs on: the same baseline, however many devices there are."""
    nodeid = _ungrouped(item)
    callspec = getattr(item, "callspec", None)
    if callspec is None or DEVICE not in callspec.params:
        return nodeid
    return without_device(nodeid, callspec.id, str(callspec.params[DEVICE]))


def place(item: pytest.Item) -> Place | None:
    """Return where a test stands, None where pytest does not know its line."""
    from edgesense.report.records import Place

    file, line, _ = item.location
    return None if line is None else Place(Path(file).as_posix(), line + 1)


def without_device(nodeid: str, parameters: str, device: str) -> str:
    """Return a node id whose parameters are `parameters` without the one that is `device`."""
    base = nodeid.removesuffix(f"[{parameters}]")
    if parameters == device:
        return base
    # The plugin parametrises first, so the device leads, unless another plugin was faster.
    if parameters.startswith(f"{device}-"):
        rest = parameters.removeprefix(f"{device}-")
    else:
        rest = re.sub(rf"-{re.escape(device)}(?=-|$)", "", parameters, count=1)
    return f"{base}[{rest}]"


def _ungrouped(item: pytest.Item) -> str:
    # xdist's --dist=loadgroup writes the group behind the node id, in its workers only.
    group = item.get_closest_marker("xdist_group") if hasattr(item.config, "workerinput") else None
    return item.nodeid if group is None else item.nodeid.rpartition("@")[0] or item.nodeid
