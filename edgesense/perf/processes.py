"""Start a worker process, talk to it, and turn whatever goes wrong into one clear error."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense import errors
from edgesense.perf.records import Job, Origin, Report, Series
from edgesense.perf.threads import ThreadEnvironment, uniform

if TYPE_CHECKING:
    from edgesense.perf.channels import Channel, Speaker

STDERR_LINES = 15
PARTING_SECONDS = 5.0
"""How long a worker that has answered may take to end by itself."""
WORKER = ("-m", "edgesense.perf.worker")
MOST_AT_ONCE = 8
DROPPED_PREFIXES = (
    "PYTEST_",
    "COV_",
    "COVERAGE_",
    "LD_PRELOAD",
    "PYTHONDEVMODE",
    "PYTHONHASHSEED",
    "PYTHONMALLOC",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONTRACEMALLOC",
    "PYTHONWARNINGS",
)
"""What the user set for other processes and what would change what is measured."""


@dataclass(frozen=True)
class Command:
    """How a worker is started on this computer: its arguments and its environment."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]

    def ask(self, message: Mapping[str, Any], *, timeout_seconds: float) -> Exchange:
        """Start one, send it one request stamped with the moment of starting, and wait for its end.

        Raises:
            WorkerFailed: If it does not end in time; with its last lines.
            OSError: If it cannot be started.
        """
        # The moment of starting is the origin of a cold start; the clock is the system's own.
        options = {**message["options"], "started": time.clock_gettime(time.CLOCK_MONOTONIC)}
        return exchange(self, json.dumps({**message, "options": options}), timeout_seconds=timeout_seconds)

    def converse(self) -> Channel:
        """Start one that is spoken to line by line.

        Raises:
            OSError: If it cannot be started.
        """
        from edgesense.perf.channels import LocalChannel

        return LocalChannel(self)


def native(threads: int, home: str | None = None) -> Command:
    """Return the command of a worker on this computer, in this interpreter, free of pytest and coverage.

    Args:
        threads: What numeric libraries are told.
        home: The directory that `edgesense` is imported from; None for where it is imported from here.
    """
    import edgesense

    environment = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED_PREFIXES)}
    home = home or str(Path(edgesense.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (home, environment.get("PYTHONPATH"))))
    return Command((sys.executable, *WORKER), environment | additions(uniform(threads), path))


def additions(threads: ThreadEnvironment, path: str) -> dict[str, str]:
    """Return what a worker's environment has beside what it comes from.

    Args:
        threads: What numeric libraries are told.
        path: Where modules are imported from, `edgesense` itself among them.
    """
    # Safe path: a json.py in the directory the tests were started from is not the worker's json.
    fixed = {"PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**dict(threads.variables), **fixed, "PYTHONPATH": path}


def request(job: Job, probe: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request of one probe of a job (protocol 2)."""
    return {
        "protocol": 2,
        "probe": probe,
        "workload": job.workload,
        "root": str(job.root),
        "runtime": job.runtime,
        "threads": job.threads,
        "delegate": job.delegate,
        "sys_path": list(job.sys_path),
        "project": None if job.project is None else str(job.project),
        "options": dict(options),
    }


def opening(job: Job, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request of a session of a job (protocol 2).

    Args:
        job: Whose workload is opened.
        options: ``series`` and ``item``, as `edgesense.perf.worker.session` has them.
    """
    return {**request(job, "", options), "session": "blocks"}


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Attributes:
        status: Its exit status; minus the signal's number if one ended it.
        last: The last lines of its standard error.
    """

    status: int
    last: Sequence[str]


@dataclass(frozen=True)
class Exchange:
    """What a process said when it was spoken to once.

    Attributes:
        out: Its standard output.
        status: Its exit status; minus the signal's number if one ended it.
        last: The last lines of its standard error.
    """

    out: str
    status: int
    last: Sequence[str]


def exchange(command: Command, text: str, *, timeout_seconds: float) -> Exchange:
    """Start a process in a session of its own, send it `text`, wait for its end and leave nothing of it behind.

    Raises:
        WorkerFailed: If it does not end in time; with its last lines.
        OSError: If it cannot be started.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
        process = subprocess.Popen(
            command.arguments,
            env=dict(command.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(text, timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            end(process)
            msg = f"gave no answer within {timeout_seconds:g} s and was ended{shown(last(stderr))}"
            raise errors.WorkerFailed(msg) from None
        finally:
            end(process)
        return Exchange(out, process.returncode, last(stderr))


def ask(speaker: Speaker, message: Mapping[str, Any], *, timeout_seconds: float) -> Report:
    """Start a worker, send it one request and return its report.

    Raises:
        WorkerFailed: If it crashed, hung, was killed or answered nothing; with its signal and last lines.
        EdgeSenseError: What the worker itself raised, under its own type.
    """
    try:
        said = speaker.ask(message, timeout_seconds=timeout_seconds)
    except errors.WorkerFailed as error:
        raise errors.WorkerFailed(f"the worker for {message['workload']} {error}") from None
    return _read(said, message)


def at_once(threads: int) -> int:
    """Return how many processes of so many threads the usable cores of this computer take at once; 8 at most."""
    return max(1, min(MOST_AT_ONCE, len(os.sched_getaffinity(0)) // threads))


def ask_together(speaker: Speaker, messages: Sequence[Mapping[str, Any]], *, timeout_seconds: float) -> list[Report]:
    """Start a worker for each request, all at once, and return their reports in the requests' order.

    Raises:
        WorkerFailed: As `ask`; the others are ended.
        EdgeSenseError: As `ask`.
    """
    until = time.monotonic() + timeout_seconds
    with contextlib.ExitStack() as stack:
        channels = []
        for message in messages:
            channel = speaker.converse()
            stack.callback(channel.end)
            channel.write(json.dumps(message))
            channels.append(channel)
        return [
            _heard(channel, message, until, timeout_seconds)
            for channel, message in zip(channels, messages, strict=True)
        ]


def _heard(channel: Channel, message: Mapping[str, Any], until: float, allowed: float) -> Report:
    try:
        out = channel.line(max(0.0, until - time.monotonic()))
    except TimeoutError:
        what = f"the worker for {message['workload']} gave no answer within {allowed:g} s and was ended"
        raise errors.WorkerFailed(what + shown(channel.end().last)) from None
    ending = channel.end(patience_seconds=PARTING_SECONDS)
    return _read(Exchange(out, ending.status, ending.last), message)


def kill(process: subprocess.Popen[Any]) -> None:
    """End a process and all that it started, and wait for it."""
    # Its own session: whatever it started goes with it, also on Ctrl-C.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end(process: subprocess.Popen[str]) -> None:
    """End a process and all that it started, and close its pipes."""
    kill(process)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _read(said: Exchange, message: Mapping[str, Any]) -> Report:
    try:
        response = json.loads(said.out)
    except ValueError:
        what = f"the worker for {message['workload']} {ended(said.status)} and gave no answer"
        raise errors.WorkerFailed(what + shown(said.last)) from None
    if isinstance(response, dict) and isinstance(response.get("error"), dict):
        raise raised(response["error"])
    try:
        return Report(
            subject=response["subject"],
            fingerprint=response["fingerprint"],
            series={name: Series(one["unit"], tuple(one["values"])) for name, one in response["series"].items()},
            facts=response["facts"],
            environment=dict(response.get("environment", {})),
            origin=origin(response, str(message["workload"])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        what = f"the worker for {message['workload']} answered what this release does not understand: {said.out[:200]}"
        raise errors.WorkerFailed(what) from error


def origin(response: Mapping[str, Any], workload: str) -> Origin | None:
    """Return what a worker's workload was made of, None where it was not asked."""
    if "source" not in response:
        return None
    code = response["source"]
    return Origin(workload, dict(response["files"]), str(code["digest"]), tuple(map(str, code.get("installed", ()))))


def raised(error: Mapping[str, str]) -> errors.EdgeSenseError:
    """Return what a worker raised, under its own type."""
    kind = getattr(errors, str(error.get("type")), None)
    known = kind if isinstance(kind, type) and issubclass(kind, errors.EdgeSenseError) else errors.WorkerFailed
    return known(str(error.get("message")))


def ended(status: int) -> str:
    """Return in words how a process ended."""
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"


def last(stderr: Any) -> Sequence[str]:
    """Return the last lines of what a process wrote to its standard error."""
    stderr.seek(0)
    return tuple(stderr.read().splitlines()[-STDERR_LINES:])


def shown(lines: Sequence[str]) -> str:
    """Return the last lines as the end of a message."""
    return ":\n" + "\n".join(f"    {line}" for line in lines) if lines else " (it printed nothing)"
