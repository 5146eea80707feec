"""A running worker as lines in and lines out, wherever it runs; and one that runs on this computer."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from edgesense.perf import processes

HANGUP = ""
PARTING_SECONDS = processes.PARTING_SECONDS


class Channel(Protocol):
    """A running worker that is spoken to line by line."""

    def write(self, text: str) -> None:
        """Send it a line. What is sent to one that is gone is lost: what it said last tells why."""

    def line(self, timeout_seconds: float) -> str:
        """Return the next line it says, `HANGUP` once it says no more.

        Raises:
            TimeoutError: If it says nothing for so long.
        """

    def end(self, *, patience_seconds: float = 0.0) -> processes.Ending:
        """Wait a little for its own end, then end it and all that it started; return how it ended.

        May be called again, and from any state; nothing of it is left behind.
        """


class Speaker(Protocol):
    """How a worker is started and spoken to, here or on a board."""

    def ask(self, message: Mapping[str, Any], *, timeout_seconds: float) -> processes.Exchange:
        """Start one, send it one request stamped with the moment of starting, and wait for its end.

        Raises:
            WorkerFailed: If it does not end in time; with its last lines.
            OSError: If it cannot be started.
        """

    def converse(self) -> Channel:
        """Start one that is spoken to line by line.

        Raises:
            OSError: If it cannot be started.
        """


class LocalChannel:
    """A process of this computer, in a session of its own."""

    def __init__(self, command: processes.Command) -> None:
        """Start it.

        Raises:
            OSError: If it cannot be started.
        """
        self._lines: queue.Queue[str] = queue.Queue()
        self._ending: processes.Ending | None = None
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with it
        try:
            self._process = subprocess.Popen(
                command.arguments,
                env=dict(command.environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError:
            self._stderr.close()
            raise
        self._reader = threading.Thread(target=self._read, daemon=True)
        try:
            self._reader.start()
        except BaseException:
            # Nobody has it yet who could end it, not even on Ctrl-C.
            self.end()
            raise

    def write(self, text: str) -> None:
        """Send it a line."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(text + "\n")
            self._process.stdin.flush()

    def line(self, timeout_seconds: float) -> str:
        """Return the next line it says."""
        try:
            return self._lines.get(timeout=timeout_seconds)
        except queue.Empty:
            msg = f"nothing was said for {timeout_seconds:g} s"
            raise TimeoutError(msg) from None

    def end(self, *, patience_seconds: float = 0.0) -> processes.Ending:
        """Wait a little for its own end, then end it and all that it started."""
        if self._ending is None:
            if patience_seconds:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=patience_seconds)
            processes.kill(self._process)
            assert self._process.stdin is not None  # noqa: S101 - it is a pipe
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            if self._reader.ident is not None:
                # With a limit: a daemon of the workload's own may still hold on to the other end.
                self._reader.join(PARTING_SECONDS)
            self._ending = processes.Ending(self._process.returncode, processes.last(self._stderr))
            self._stderr.close()
        return self._ending

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        # Closed where it is read: closing it elsewhere would wait for a read that may never end.
        with contextlib.suppress(OSError), self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(HANGUP)
