"""Workers on a board: started there by the agent, and spoken to as if they ran here."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from edgesense.errors import DeviceUnavailable, WorkerFailed
from edgesense.perf import processes
from edgesense.perf.channels import HANGUP
from edgesense.perf.devices.boards.link import ANSWER_SECONDS, Link


class RemoteCommand:
    """How a worker is started on a board; the same as `processes.Command` is here."""

    def __init__(self, link: Link, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Describe a worker.

        Args:
            link: To the board's agent.
            arguments: Its program and arguments there.
            environment: What is added to the board's own environment.
        """
        self._link = link
        self._how: dict[str, Any] = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "dropped": list(processes.DROPPED_PREFIXES),
        }

    def ask(self, message: Mapping[str, Any], *, timeout_seconds: float) -> processes.Exchange:
        """Start one, send it one request stamped with the moment of starting, and wait for its end.

        Raises:
            WorkerFailed: If it does not end in time; with its last lines.
            ConnectionLost: If the board is gone.
        """
        said = self._link.request(
            "ask",
            message={**message, "options": dict(message["options"])},
            seconds=timeout_seconds,
            timeout_seconds=timeout_seconds + ANSWER_SECONDS,
            **self._how,
        )
        if said.get("silent"):
            msg = f"gave no answer within {timeout_seconds:g} s and was ended{processes.shown(said['last'])}"
            raise WorkerFailed(msg)
        return processes.Exchange(said["out"], said["status"], tuple(said["last"]))

    def converse(self) -> RemoteChannel:
        """Start one that is spoken to line by line.

        Raises:
            ConnectionLost: If the board is gone.
        """
        if self._link.lost:
            raise self._link.parting()
        return RemoteChannel(self._link, self._link.post("open", **self._how))


class RemoteChannel:
    """A worker on a board, spoken to line by line."""

    def __init__(self, link: Link, number: int) -> None:
        """Speak to the worker that a request started."""
        self._link = link
        self._number = number
        self._ending: processes.Ending | None = None

    def write(self, text: str) -> None:
        """Send it a line."""
        self._link.forget(self._link.post("write", to=self._number, text=text))

    def line(self, timeout_seconds: float) -> str:
        """Return the next line it says.

        Raises:
            TimeoutError: If it says nothing for so long.
            ConnectionLost: If the board is gone.
            EdgeSenseError: What the agent refused.
        """
        said = self._link.heard(self._number, timeout_seconds)
        if said is None:
            raise self._link.parting()
        if "error" in said:
            raise processes.raised(said["error"])
        return str(said["line"]) or HANGUP

    def end(self, *, patience_seconds: float = 0.0) -> processes.Ending:
        """Wait a little for its own end, then end it and all that it started."""
        if self._ending is None:
            self._ending = processes.Ending(-9, ("the connection to the board is lost",))
            with contextlib.suppress(DeviceUnavailable):
                said = self._link.request("end", to=self._number, patience=patience_seconds)
                self._ending = processes.Ending(said["status"], tuple(said["last"]))
            self._link.forget(self._number)
        return self._ending
