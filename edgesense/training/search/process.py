"""A trial's training process, as the events that it sends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

from edgesense.perf import processes
from edgesense.training.search.evaluator import TrialFailed

COMMAND = ("-m", "edgesense.training.search.child")


@contextmanager
def events(request: Mapping[str, Any], command: Sequence[str] = COMMAND) -> Iterator[Iterator[dict[str, Any]]]:
    """Start a process and read its events; whatever happens, it is gone when the block ends.

    Args:
        request: What is asked of it, plain JSON values.
        command: Its arguments for this Python.

    Yields:
        Its events, up to and including "done".

    Raises:
        TrialFailed: It said what went wrong, or ended without a word.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path),  # noqa: PTH109 - as sys.path means it
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
        # A session of its own: Ctrl-C ends the search, and the search ends its trial.
        process = subprocess.Popen(
            [sys.executable, *command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            yield _read(process, request, stderr)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if pipe:
                        pipe.close()


def _read(process: subprocess.Popen[str], request: Mapping[str, Any], stderr: IO[str]) -> Iterator[dict[str, Any]]:
    if process.stdin is None or process.stdout is None:
        raise TrialFailed("the training process has no pipes to be spoken to")
    with contextlib.suppress(BrokenPipeError):
        # Left open: the process ends when this one does, however that ends.
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == "error":
            raise TrialFailed(event["message"])
        yield event
        if event["event"] == "done":
            return
    status = process.wait()
    how = processes.ended(status)
    hint = " (for lack of memory, perhaps)" if status == -signal.SIGKILL else ""
    raise TrialFailed(f"the training process {how}{hint}{processes.shown(processes.last(stderr))}")
