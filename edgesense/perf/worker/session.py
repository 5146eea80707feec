"""A conversation about one open workload: it is warmed up and timed block by block, as it is told.

One JSON object a line. The request's ``options``: ``series``, the names of what is timed (``calls``, ``calls.STAGE``);
``item``: a file that all arms read their input from, written by the first to come; ``slowed_by``: operations of extra
work after each call, of which ``{"do": "work", "operations": n}`` gives the ``seconds``; ``own_files``: paths from the
root of copies that nobody else reads, so that they may be written anew. Said first: ``open``, the ``item``'s digest,
the workload's ``stages``, and whether it ``moves``. Then ``{"do": "warm"}`` gives ``seconds_per_call`` and
``warm_up_calls``, ``{"do": "block", "calls": n}`` gives ``series``, ``{"do": "move"}`` opens the workload again from
files written anew, so that it lies elsewhere in memory, and gives the ``seconds`` that took; ``{"do": "end"}`` or the
end of the input ends it; the last line says what was measured, and where.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from edgesense.errors import PipelineError
from edgesense.perf import statistics
from edgesense.perf.metrics import latency
from edgesense.perf.worker import loop, slowdown

SETTLE_SECONDS = 0.1
"""Enough for a 10th percentile of calls that take turns with the other arm's: 24 pairs of one pipeline against itself
spread by 0.8 to 1.0 % after 0.1 s as after 0.5 s."""

MOVED_CALLS = 2
"""Not timed after a move: the first of them finds everything cold."""
DOES = frozenset({"warm", "move", "block", "work"})


def converse(request: Mapping[str, Any], lines: TextIO, answers: TextIO) -> dict[str, Any]:
    """Hold a session; return its last line's body.

    Raises:
        PipelineError: If the workload lacks a stage that is to be timed, or is told what is not known.
    """
    subject = _Subject(request)
    _say(answers, subject.opened())
    for line in iter(lines.readline, ""):
        told = json.loads(line)
        if told["do"] == "end":
            break
        if told["do"] not in DOES:
            msg = f"a session knows no {told['do']!r}"
            raise PipelineError(msg)
        _say(answers, getattr(subject, told.pop("do"))(**told))
    return loop.describe(subject.workload, request)


class _Subject:
    """What a session is about: the open workload, its input and its clocks."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._request = request
        self._options = request.get("options", {})
        workload = loop.prepare(request)[0]
        self._item, self._digest = _shared(workload.example(), self._options.get("item"))
        self._keep(workload)
        root = Path(request["root"])
        own = {_normal(root / name) for name in self._options.get("own_files", ())}
        # A factory may hold on to what it has made, and need not expect to be called twice.
        self._files = [] if loop.is_factory(request["workload"], root) else _among(own, self.workload.artifacts())

    def _keep(self, workload: Any) -> None:
        self.workload = slowdown.slowed(workload, self._options)
        self._timers = _timers(self.workload, self._item, self._options["series"])

    def opened(self) -> dict[str, Any]:
        """Return what is said first."""
        stages = list(getattr(self.workload, "stages", None) or {})
        return {"open": True, "item": self._digest, "stages": stages, "moves": bool(self._files)}

    def warm(self) -> dict[str, Any]:
        """Call until times are steady."""
        calls = latency.warm_up(partial(self.workload.run, self._item), time.perf_counter, SETTLE_SECONDS)
        gc.collect()
        # What imports left would be gone through at every move: 15 of 65 ms.
        gc.freeze()
        gc.disable()
        return {
            "seconds_per_call": statistics.median(calls[-latency.SETTLE_BLOCK :]),
            "warm_up_calls": len(calls),
        }

    def move(self) -> dict[str, Any]:
        """Open the workload from files written anew, while the old ones are still in their place in memory."""
        began = time.perf_counter()
        for path in self._files:
            anew = path.with_name(f".{path.name}.anew")
            shutil.copyfile(path, anew)
            anew.replace(path)
        del self.workload, self._timers
        gc.collect()
        self._keep(loop.open_requested(self._request))
        for _ in range(MOVED_CALLS):
            self.workload.run(self._item)
        return {"seconds": time.perf_counter() - began}

    def block(self, calls: int) -> dict[str, Any]:
        """Time so many calls of each series."""
        return {"series": {name: timed(calls) for name, timed in self._timers.items()}}

    def work(self, operations: int) -> dict[str, Any]:
        """Time so much of the extra work."""
        return {"seconds": self.workload.seconds(operations)}


def _among(own: set[Path], shipped: Sequence[Path]) -> list[Path]:
    """Return the files that ship, if all of them are this worker's own."""
    files = [_normal(path) for path in shipped]
    return files if own >= set(files) else []


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(Path(path).absolute()))


def _say(answers: TextIO, body: Mapping[str, Any]) -> None:
    answers.write(json.dumps(body) + "\n")
    answers.flush()


def _shared(own: Any, place: str | None) -> tuple[Any, str]:
    """Return the input that all arms share where it fits, and its digest; "" where it is not made of arrays.

    Args:
        own: What this arm's workload gave as its example: an array, or a tuple, list or mapping of arrays.
        place: The file; written by the first arm.
    """
    import numpy as np

    parts = _arrays(own)
    if not parts:
        return own, ""
    if place is not None:
        path = Path(place)
        if not path.exists():
            with path.open("wb") as file:
                # One array as such: that is how a baseline's own measuring code of an earlier release reads it.
                if isinstance(own, np.ndarray):
                    np.save(file, own)
                else:
                    np.savez(file, **parts)
        shared = np.load(path, allow_pickle=False)
        there = {"part0": shared} if isinstance(shared, np.ndarray) else {name: shared[name] for name in shared.files}
        if _shapes(there) == _shapes(parts):
            parts = there
            own = _rebuilt(own, list(there.values()))
    content = hashlib.sha256()
    for array in parts.values():
        content.update(np.ascontiguousarray(array).tobytes())
    return own, content.hexdigest()


def _arrays(value: Any) -> dict[str, Any]:
    """Return the arrays that an input is made of, by name; none where it has anything else in it."""
    import numpy as np

    if isinstance(value, Mapping):
        each = list(value.values())
    else:
        each = list(value) if isinstance(value, (tuple, list)) else [value]
    plain = all(isinstance(one, np.ndarray) and not one.dtype.hasobject for one in each)
    return {f"part{index}": one for index, one in enumerate(each)} if plain else {}


def _rebuilt(like: Any, arrays: list[Any]) -> Any:
    """Return an input that is made of other arrays."""
    if isinstance(like, Mapping):
        return dict(zip(like, arrays, strict=True))
    if isinstance(like, list):
        return arrays
    if isinstance(like, tuple):
        return type(like)(*arrays) if hasattr(like, "_fields") else tuple(arrays)
    return arrays[0]


def _shapes(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (array.shape, array.dtype) for name, array in parts.items()}


def _timers(workload: Any, item: Any, series: Sequence[str]) -> dict[str, Callable[[int], list[float]]]:
    stages: Mapping[str, Callable[[Any], Any]] = getattr(workload, "stages", None) or {}
    timers: dict[str, Callable[[int], list[float]]] = {}
    for name in series:
        stage = name.removeprefix("calls").removeprefix(".")
        if stage and stage not in stages:
            msg = f"the workload has no stage {stage!r}; it has {', '.join(stages) or 'none'}"
            raise PipelineError(msg)
        timers[name] = partial(_stage, stages, stage, item) if stage else partial(_whole, workload.run, item)
    return timers


def _whole(run: Callable[[Any], Any], item: Any, calls: int) -> list[float]:
    clock = time.perf_counter
    spent = []
    for _ in range(calls):
        start = clock()
        run(item)
        spent.append(clock() - start)
    return spent


def _stage(stages: Mapping[str, Callable[[Any], Any]], wanted: str, item: Any, calls: int) -> list[float]:
    clock = time.perf_counter
    spent = []
    for _ in range(calls):
        value = item
        for name, stage in stages.items():
            start = clock()
            value = stage(value)
            if name == wanted:
                spent.append(clock() - start)
                break
    return spent
