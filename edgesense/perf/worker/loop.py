"""One request, one response: open the workload, run a probe, say where it ran.

Protocol 1. Request: ``protocol``, ``probe`` ("module:function"), ``workload``, ``root``, ``runtime``, ``threads``,
``sys_path``, ``options``. Response: ``protocol``, ``subject``, ``fingerprint``, ``series``, ``facts``; or ``protocol``
and ``error`` with ``type`` and ``message``.

Protocol 2 adds ``project`` to the request, a directory: the response then says in ``source`` which of its files were
imported; and ``session`` in the place of ``probe``: a conversation, one JSON object a line each way (`session`).
Its request may have ``delegate``, a text that `edgesense.delegation` reads; without it, or with null, the runtime does
what it does by itself, so it is no new protocol. A worker that is older passes over it, which is why a baseline's code
that knows no delegates is not asked for one (`edgesense.perf.arms`). The response may have ``environment``: what the
worker's environment said of threads.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from edgesense.errors import EdgeSenseError, PipelineError
from edgesense.perf import threads
from edgesense.perf.metrics.memory import high_water_bytes

PROTOCOL = 2
DISTRIBUTIONS = ("numpy", "scipy")


def serve(request_stream: TextIO, response_stream: TextIO) -> None:
    """Answer the one request of `request_stream`, or hold the session that it asks for."""
    spoken = PROTOCOL
    try:
        request = json.loads(request_stream.readline())
        spoken = request.get("protocol")
        if type(spoken) is not int or not 1 <= spoken <= PROTOCOL:
            msg = f"this worker speaks protocols 1 to {PROTOCOL}; the request is of {spoken!r}"
            raise PipelineError(msg)
        if "session" in request:
            from edgesense.perf.worker.session import converse

            response = converse(request, request_stream, response_stream)
        else:
            response = answer(request)
    except EdgeSenseError as error:
        response = {"error": {"type": type(error).__name__, "message": str(error)}}
    json.dump({"protocol": spoken, **response}, response_stream)


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Open the workload of a request, run its probe and return the response's body."""
    workload, marks = prepare(request)
    module, _, function = request["probe"].partition(":")
    probe = getattr(importlib.import_module(module), function)
    said = probe(workload, {**request.get("options", {}), "marks": marks})
    return {**describe(workload, request), **said}


def prepare(request: Mapping[str, Any]) -> tuple[Any, dict[str, int]]:
    """Open the workload of a request; return it and the high-water marks of memory on the way, in bytes."""
    for entry in reversed(request.get("sys_path", [])):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    os.chdir(request["root"])
    import numpy as np  # noqa: F401 - its share of the memory is told apart from the runtime's

    marks = {"interpreter": _high_water()}
    name, root, runtime = request["workload"], Path(request["root"]), request.get("runtime")
    if not is_factory(name, root):
        # By name, as pipelines are: perf imports no runtime. A factory's own choice is not known before it is made.
        importlib.import_module("edgesense.runtime.backends").preload(runtime)
    marks["runtime"] = _high_water()
    return open_requested(request), marks


def open_requested(request: Mapping[str, Any]) -> Any:
    """Open the workload of a request as it asks for it."""
    name, root, runtime = request["workload"], Path(request["root"]), request.get("runtime")
    how = {"threads": request.get("threads", 1), "delegate": request.get("delegate")}
    return open_workload(name, root, runtime=runtime, **how)


def describe(workload: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was measured and where, after it was measured."""
    subject = workload.subject() if hasattr(workload, "subject") else {}
    where = fingerprint() | ({"runtime": str(subject["runtime"])} if "runtime" in subject else {})
    said: dict[str, Any] = {"subject": dict(subject), "fingerprint": where, "environment": threads.seen(os.environ)}
    if request.get("project"):
        from edgesense.perf.worker import source

        said["source"] = source.imported(Path(request["project"]))
        said["files"] = source.files(workload, Path(request["root"]) / request["workload"], Path(request["project"]))
    return said


def _high_water() -> int:
    try:
        return high_water_bytes()
    except EdgeSenseError:
        return 0


def open_workload(name: str, root: Path, *, runtime: str | None, threads: int, delegate: str | None = None) -> Any:
    """Open a workload by name.

    Args:
        name: A pipeline directory, a `.tflite` file or ``package.module:factory``.
        root: What relative paths start from.
        runtime: ``litert``, ``tflite`` or None for the first one installed.
        threads: Threads of the runtime.
        delegate: As `edgesense.delegation.parse` reads it; None for what the runtime does by itself.

    Raises:
        PipelineError: If it is none of these, its factory fails, or a factory is asked for a delegate.
    """
    if is_factory(name, root):
        if delegate is not None:
            msg = f"the factory {name!r} chooses its own delegates, so it cannot be asked for {delegate!r}"
            raise PipelineError(msg)
        return _from_factory(name)
    # The dynamic edge from perf upward.
    opener = importlib.import_module("edgesense.pipeline")
    return opener.open(root / name, runtime=runtime, threads=threads, delegate=delegate)


def is_factory(name: str, root: Path) -> bool:
    """Whether a workload's name is ``package.module:factory`` and no file's."""
    return ":" in name and not (root / name).exists()


def _from_factory(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        msg = f"the factory {name!r} cannot be imported: {error}"
        raise PipelineError(msg) from error
    workload = factory()
    lacking = [part for part in ("artifacts", "example", "run") if not callable(getattr(workload, part, None))]
    if lacking:
        msg = f"what {name!r} returned is no workload: it lacks {', '.join(f'{part}()' for part in lacking)}"
        raise PipelineError(msg)
    return workload


def fingerprint() -> dict[str, str]:
    """Return what must be equal here and there for two measurements to be comparable."""
    # Costs megabytes, so only after the probe has read its high-water mark.
    from importlib.metadata import PackageNotFoundError, version

    found = {
        "architecture": platform.machine(),
        "cpu": _cpu(),
        "cores": str(os.cpu_count() or 0),
        "os": _system(),
        "python": ".".join(platform.python_version_tuple()[:2]),
    }
    for name in DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    fields = dict(part.split(":", 1) for part in lines if ":" in part)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    return fields.get("model name") or fields.get("CPU part") or platform.processor() or "unknown"


def _system() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return platform.system()
    return f"{release.get('ID', 'linux')} {release.get('VERSION_ID', '').split('.')[0]}".strip()
