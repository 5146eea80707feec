"""Workers on a board, each in a session of its own; the kernel ends them when the agent is gone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgesense.perf.devices.boards.onboard.guardian import die_with_parent
from edgesense.perf.devices.boards.onboard.store import Refused

LAST_LINES = 15


class Child:
    """One worker."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], directory: str) -> None:
        """Start it.

        Raises:
            Refused: If it cannot be started.
        """
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with it
        try:
            self._process = subprocess.Popen(
                arguments,
                env=dict(environment),
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one call of the C library, and no lock is taken
            )
        except OSError as error:
            self._stderr.close()
            raise Refused(f"the worker cannot be started on the board: {error}", "WorkerFailed") from error

    def ask(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send it one request and return all it says, ``silent`` where it does not end in time; then it is ended."""
        try:
            out, _ = self._process.communicate(json.dumps(message).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            return {"silent": True, **self.end()}
        return {"out": out.decode("utf-8", "replace"), **self.end()}

    def write(self, text: str) -> None:
        """Send it a line; one that is gone does not hear it."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(text.encode() + b"\n")
            self._process.stdin.flush()

    def hear(self, told: Callable[[str], None]) -> None:
        """Tell of every line it says, and of the end of them with an empty one, from a thread of its own."""
        threading.Thread(target=self._hear, args=(told,), daemon=True).start()

    def _hear(self, told: Callable[[str], None]) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(OSError, ValueError):
            for line in self._process.stdout:
                told(line.decode("utf-8", "replace"))
        told("")

    def end(self, patience: float = 0.0) -> dict[str, Any]:
        """Wait a little for its own end, then end it and all that it started; return how it ended."""
        if patience:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        lines = []
        with contextlib.suppress(ValueError):
            self._stderr.seek(0)
            lines = self._stderr.read().decode("utf-8", "replace").splitlines()[-LAST_LINES:]
            self._stderr.close()
        return {"status": self._process.returncode, "last": lines}


class Children:
    """All workers of an agent, by the number of the request that started each."""

    def __init__(self, directory: str) -> None:
        """Start workers in a directory."""
        self._directory = directory
        self._running: dict[int, Child] = {}

    def start(self, request: Mapping[str, Any]) -> Child:
        """Start the worker that a request describes."""
        dropped = tuple(request["dropped"])
        environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        child = Child(request["arguments"], {**environment, **request["environment"]}, self._directory)
        self._running[request["id"]] = child
        return child

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Start one, send it one request stamped with the moment of starting, and wait for its end."""
        message = request["message"]
        message["options"]["started"] = time.clock_gettime(time.CLOCK_MONOTONIC)
        try:
            return self.start(request).ask(message, request["seconds"])
        finally:
            self._running.pop(request["id"], None)

    def write(self, number: int, text: str) -> None:
        """Send one a line."""
        child = self._running.get(number)
        if child is not None:
            child.write(text)

    def end(self, number: int, patience: float) -> dict[str, Any]:
        """End one; return how it ended."""
        child = self._running.pop(number, None)
        return {"status": 0, "last": []} if child is None else child.end(patience)

    def end_all(self) -> None:
        """End every one."""
        for child in list(self._running.values()):
            child.end()
