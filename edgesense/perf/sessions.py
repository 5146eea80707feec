"""A worker process that is spoken to line by line, with a time limit on every answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

from edgesense.errors import WorkerFailed
from edgesense.perf import processes
from edgesense.perf.channels import PARTING_SECONDS, Speaker


class Session:
    """One worker that keeps its workload open; use it as a context manager, so that nothing of it stays behind."""

    def __init__(self, speaker: Speaker, message: Mapping[str, Any], *, timeout_seconds: float) -> None:
        """Start the worker and send it the request; it opens its workload while others start.

        Args:
            speaker: How it is started.
            message: What `processes.opening` gave.
            timeout_seconds: For each answer.

        Raises:
            OSError: If it cannot be started.
        """
        self._name = str(message["workload"])
        self._timeout_seconds = timeout_seconds
        self._opened: dict[str, Any] | None = None
        self._failure: str | None = None
        self._channel = speaker.converse()
        try:
            self._channel.write(json.dumps(message))
        except BaseException:
            # Nobody has it yet who could close it, not even on Ctrl-C.
            self._channel.end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def opened(self) -> dict[str, Any]:
        """Wait until the workload is open; return what was said then, also when asked again.

        Raises:
            WorkerFailed: If the worker crashed, hung or was killed.
            EdgeSenseError: What the workload itself refused.
        """
        if self._opened is None:
            self._opened = self._answer()
        return self._opened

    def do(self, what: str, **details: Any) -> dict[str, Any]:
        """Have one thing done and return the answer.

        Raises:
            WorkerFailed: If the worker crashed, hung or was killed.
            EdgeSenseError: What the worker itself raised, under its own type.
        """
        self._channel.write(json.dumps({"do": what, **details}))
        return self._answer()

    def close(self) -> None:
        """End the worker, whatever it does, and leave nothing of it behind."""
        self._channel.end()

    def _answer(self) -> dict[str, Any]:
        if self._failure is not None:
            raise WorkerFailed(self._failure)
        try:
            line = self._channel.line(self._timeout_seconds)
        except TimeoutError:
            said = f"gave no answer within {self._timeout_seconds:g} s and was ended"
            raise self._failed(said) from None
        try:
            said = json.loads(line)
        except ValueError:
            raise self._failed(None) from None
        if isinstance(said, dict) and isinstance(said.get("error"), dict):
            raise processes.raised(said["error"])
        if not isinstance(said, dict):
            raise self._failed(f"answered what this release does not understand: {line[:200].strip()}")
        return said

    def _failed(self, what: str | None) -> WorkerFailed:
        # The end of its output may come before its own end, which says more than a kill would.
        ending = self._channel.end(patience_seconds=0.0 if what else PARTING_SECONDS)
        ended = what or f"{processes.ended(ending.status)} and gave no answer"
        self._failure = f"the worker for {self._name} {ended}{processes.shown(ending.last)}"
        return WorkerFailed(self._failure)
