"""A connection to a board's agent: requests and answers, and a pulse that tells of its end.

Any command that leads to a Python on the board will do, since what it is told to run is one constant text: names,
paths and settings travel as data.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

from edgesense.errors import DeviceUnavailable
from edgesense.perf import processes

BOOTSTRAP = (
    "source = open(0, 'rb', 0); size, seconds = map(int, source.readline().split()); "
    "exec(compile(b''.join(source.read(1) for _ in range(size)), 'agent', 'exec')); main(seconds)"
)
"""Reads the agent's own text and not a byte more, so that what follows is left to it. One line: some shells need it."""

ONBOARD = ("store", "guardian", "children", "condition", "agent")
"""Modules of `edgesense.perf.devices.boards.onboard`, each after those that it imports."""
PULSE_SECONDS = 3.0
SILENCE_SECONDS = 15
"""After so long without a word from one end, the other gives it up."""
CONNECT_SECONDS = 30.0
ANSWER_SECONDS = 60.0


def onboard() -> bytes:
    """Return the agent as one Python text: its modules under their own names, and then its `main`."""
    package = f"{__package__}.onboard"
    lines = ["import sys, types", f"sys.modules[{package!r}] = package = types.ModuleType({package!r})"]
    for name in ONBOARD:
        source = Path(__file__).with_name("onboard").joinpath(f"{name}.py").read_text(encoding="utf-8")
        full = f"{package}.{name}"
        lines.append(f"sys.modules[{full!r}] = package.{name} = module = types.ModuleType({full!r})")
        lines.append(f"exec(compile({source!r}, {full!r}, 'exec'), module.__dict__)")
    return "\n".join([*lines, "main = module.main", ""]).encode()


class ConnectionLost(DeviceUnavailable):
    """The board, the network or the agent went away; what ran there is ended by the agent or with it.

    Attributes:
        name: The board's.
    """

    def __init__(self, name: str, why: str) -> None:
        """Say whose connection was lost, and why."""
        super().__init__(f"{name}: {why}")
        self.name = name


@dataclass(frozen=True)
class Reason:
    """Why there is no connection.

    Attributes:
        text: In words, with what to do about it.
        lasting: Whether it will be so the next time, too.
    """

    text: str
    lasting: bool = False


GONE = Reason("the connection was lost")


class Link:
    """One connection; use it as a context manager, so that nothing of it stays behind on either side."""

    def __init__(self, command: Sequence[str], explain: Callable[[str, str], Reason], name: str) -> None:
        """Start the command and send it the agent.

        Args:
            command: Leads to a Python on the board that is given `BOOTSTRAP`.
            explain: Makes of (name, what the command printed) why there is no connection.
            name: The board's, for messages.

        Raises:
            DeviceUnavailable: If the command cannot be started.
        """
        self.name = name
        self._explain = explain
        self._numbers = itertools.count(1)
        self._answers: dict[int, queue.Queue[dict[str, Any] | None]] = {}
        self._speaking = threading.Lock()
        self._heard = time.monotonic()
        self._lost: str | None = None
        self._closed = threading.Event()
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with it
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            self._stderr.close()
            raise DeviceUnavailable(f"{name}: {command[0]} cannot be started: {error.strerror}") from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._pulse = threading.Thread(target=self._beat, daemon=True)
        try:
            text = onboard()
            self._send(f"{len(text)} {SILENCE_SECONDS}\n".encode() + text)
            self._reader.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hello(self, directory: str, python: str | None = None) -> dict[str, Any]:
        """Wait for the agent and return what it says of the board; from here on the connection is watched.

        Args:
            directory: Where everything is kept on the board; "~" is the account's home.
            python: A Python on the board to be asked about; None for the one that the agent runs under.

        Raises:
            ConnectionLost: If there is no connection, with what to do about it.
            DeviceUnavailable: If there will be none the next time either.
        """
        said = self.request("hello", directory=directory, python=python, timeout_seconds=CONNECT_SECONDS)
        self._pulse.start()
        return said

    def request(
        self, do: str, payload: bytes = b"", *, timeout_seconds: float = ANSWER_SECONDS, **details: Any
    ) -> dict[str, Any]:
        """Have the agent do one thing and return its answer.

        Raises:
            ConnectionLost: If it does not answer in time or is gone.
            DeviceUnavailable: If the board refused the connection.
            EdgeSenseError: What the agent refused, under its own type.
        """
        number = self.post(do, payload, **details)
        try:
            answer = self._answers[number].get(timeout=timeout_seconds)
        except queue.Empty:
            self._lose(f"the board gave no answer within {timeout_seconds:g} s")
            answer = None
        finally:
            self._answers.pop(number, None)
        if answer is None:
            raise self.parting()
        if "error" in answer:
            error = processes.raised(answer["error"])
            raise type(error)(f"{self.name}: {error}")
        return answer

    def post(self, do: str, payload: bytes = b"", **details: Any) -> int:
        """Ask for something without waiting; return the number under which its answers come."""
        number = next(self._numbers)
        self._answers[number] = queue.Queue()
        head = {"id": number, "do": do, **details} | ({"bytes": len(payload)} if payload else {})
        self._send(json.dumps(head).encode() + b"\n" + payload)
        if self._lost is not None:
            self._answers[number].put(None)
        return number

    def heard(self, number: int, timeout_seconds: float) -> dict[str, Any] | None:
        """Return the next of a request's answers, None when the connection is lost.

        Raises:
            TimeoutError: If none comes for so long.
        """
        try:
            return self._answers[number].get(timeout=timeout_seconds)
        except queue.Empty:
            msg = f"nothing was said for {timeout_seconds:g} s"
            raise TimeoutError(msg) from None

    def forget(self, number: int) -> None:
        """Drop what still comes for a request."""
        self._answers.pop(number, None)

    @property
    def lost(self) -> bool:
        """Whether the connection is lost."""
        return self._lost is not None

    def parting(self) -> DeviceUnavailable:
        """Return the error that says why the connection is lost: `ConnectionLost` where the next one may hold."""
        why = self._why()
        if why.lasting:
            return DeviceUnavailable(f"{self.name}: {why.text}")
        return ConnectionLost(self.name, why.text)

    def close(self) -> None:
        """End the connection; the agent ends what it started, and itself."""
        self._closed.set()
        self._lose("the connection was closed")
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        # Its end is waited for: what ran on the board is gone when the next one comes.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2)
        processes.kill(self._process)
        for thread in (self._reader, self._pulse):
            if thread.ident is not None:
                thread.join(timeout=2)
        with contextlib.suppress(OSError):
            self._stderr.close()

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        try:
            with self._speaking:
                view = memoryview(data)
                while view:
                    view = view[self._process.stdin.write(view) or 0 :]
        except (OSError, ValueError):
            # It is gone; what it said last tells why, and whoever waits for an answer hears of it.
            return

    def _read(self) -> None:
        with (
            contextlib.suppress(OSError, ValueError),
            io.BufferedReader(cast("io.RawIOBase", self._process.stdout)) as lines,
        ):
            for line in lines:
                try:
                    frame = json.loads(line)
                    number = frame.pop("id")
                except (ValueError, KeyError, TypeError, AttributeError):
                    # A login script that prints comes before the first frame.
                    continue
                self._heard = time.monotonic()
                waiting = self._answers.get(number)
                if waiting is not None:
                    waiting.put(frame)
        self._lose("")

    def _beat(self) -> None:
        while not self._closed.wait(PULSE_SECONDS) and self._lost is None:
            self.forget(self.post("ping"))
            if time.monotonic() - self._heard > SILENCE_SECONDS:
                self._lose(f"nothing came from the board for {SILENCE_SECONDS} s")
                processes.kill(self._process)

    def _lose(self, why: str) -> None:
        if self._lost is None:
            self._lost = why
            for waiting in list(self._answers.values()):
                waiting.put(None)

    def _why(self) -> Reason:
        if self._lost:
            return Reason(self._lost)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2)
        with contextlib.suppress(ValueError):
            return self._explain(self.name, "\n".join(processes.last(self._stderr)))
        return GONE
