"""The conversation on the board's side: frames come in, what they ask for is done, and silence ends everything.

A frame is a line of JSON, and after it as many bytes as its ``bytes`` says. A request has ``id`` and ``do``; every
answer has the request's ``id``. Whoever is at the other end sends something every few seconds: when nothing comes any
more, or the connection ends, everything that was started is ended and the agent with it.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import platform
import select
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from edgesense.perf.devices.boards.onboard import condition, guardian
from edgesense.perf.devices.boards.onboard.children import Children
from edgesense.perf.devices.boards.onboard.store import Refused, Store, run

CHUNK = 1 << 20
BITS = 64 if sys.maxsize > 2**32 else 32
ASK_PYTHON = "import json, sys; print(json.dumps([sys.version_info[:3], 64 if sys.maxsize > 2**32 else 32]))"
SLOW = frozenset({"ask", "end", "environment", "fetch", "health", "seat", "tidy", "tree"})
"""What may take long and is done beside everything else."""


class Agent:
    """One conversation."""

    def __init__(self, source: int, sink: int, seconds: float, tell: Callable[[str], None] | None = None) -> None:
        """Hold it over two descriptors; so much silence ends it. Whoever cleans up is told of the folder it uses."""
        self._source = source
        self._sink = sink
        self._seconds = seconds
        self._tell = tell
        self._buffer = b""
        self._speaking = threading.Lock()
        self._leaving = False
        self._leases: list[socket.socket] = []
        self._store: Store | None = None
        self._children: Children | None = None

    @property
    def store(self) -> Store:
        """The board's files; there since ``hello``."""
        if self._store is None:
            raise Refused("the agent was not greeted")
        return self._store

    @property
    def children(self) -> Children:
        """The board's workers; there since ``hello``."""
        if self._children is None:
            raise Refused("the agent was not greeted")
        return self._children

    def serve(self) -> None:
        """Do what is asked until the other end is gone."""
        try:
            while True:
                came = self._frame()
                if came is None:
                    return
                request, payload = came
                if request["do"] in SLOW:
                    threading.Thread(target=self._answer, args=(request, payload), daemon=True).start()
                else:
                    self._answer(request, payload)
        finally:
            # That its workers end now is no answer: what was asked is lost with the connection.
            self._leaving = True
            if self._children is not None:
                self._children.end_all()
            if self._store is not None:
                self._store.leave()

    def _frame(self) -> tuple[Mapping[str, Any], bytes] | None:
        """Return the next request and its payload, None when there is no other end any more."""
        while b"\n" not in self._buffer:
            if not self._more():
                return None
        line, self._buffer = self._buffer.split(b"\n", 1)
        request = json.loads(line)
        parts, wanted = [], request.get("bytes", 0)
        while wanted:
            if not self._buffer and not self._more():
                return None
            part, self._buffer = self._buffer[:wanted], self._buffer[wanted:]
            parts.append(part)
            wanted -= len(part)
        return request, b"".join(parts)

    def _more(self) -> bool:
        """Read what has come; False at the end of the connection, or when nothing comes for too long."""
        if not select.select([self._source], [], [], self._seconds)[0]:
            return False
        data = os.read(self._source, CHUNK)
        self._buffer += data
        return bool(data)

    def _say(self, **body: Any) -> None:
        data = json.dumps(body).encode() + b"\n"
        with self._speaking, contextlib.suppress(OSError):
            while data and not self._leaving:
                data = data[os.write(self._sink, data) :]

    def _answer(self, request: Mapping[str, Any], payload: bytes) -> None:
        try:
            answer = self._put(request, payload) if request["do"] == "put" else self._do(request)
        except Refused as error:
            answer = _failed(str(error), error.kind)
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            answer = _failed("the board's disk is full" if full else f"the board says: {error}")
        except Exception as error:  # noqa: BLE001 - the other end has to hear of it, whatever it is
            answer = _failed(f"the agent on the board failed: {type(error).__name__}: {error}")
        if answer is not None:
            self._say(id=request["id"], **answer)

    def _do(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        answer: dict[str, Any] | None = getattr(self, f"do_{request['do']}")(request)
        return answer

    def _put(self, request: Mapping[str, Any], payload: bytes) -> dict[str, Any] | None:
        """Keep a file."""
        self.store.put(request["digest"], payload)
        return {}

    def do_hello(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Say what board this is."""
        if self._tell is not None:
            self._tell(request["directory"])
        self._store = Store(request["directory"])
        self._children = Children(str(self._store.scratch))
        return {
            **_python(request["python"]),
            "machine": platform.machine(),
            "system": platform.system(),
            "base": str(self._store.base),
            "free": self._store.free(),
        }

    def do_lease(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Have the board alone, whichever user or computer else wants it; refused while another has it."""
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # An abstract name: no file that could stay behind, and whoever holds it lets go by ending.
            holder.bind(f"\0{request['lock']}")
        except OSError:
            holder.close()
            return {"leased": False}
        self._leases.append(holder)
        return {"leased": True}

    def do_ping(self, _: Mapping[str, Any]) -> dict[str, Any] | None:
        """Show that the connection is alive."""
        return {"now": time.clock_gettime(time.CLOCK_MONOTONIC)}

    def do_health(self, _: Mapping[str, Any]) -> dict[str, Any] | None:
        """Say what may slow this board down."""
        return condition.read()

    def do_missing(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Say which files and folders are not here yet."""
        return dict(self.store.missing(request["files"], request["trees"]))

    def do_tree(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Lay files out where they stay; return where."""
        return {"place": str(self.store.grow(request["name"], request["files"]))}

    def do_seat(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Lay a project out for one worker; return where."""
        places = (request["files"], request["inside"], request["beside"])
        return dict(self.store.seat(*places, copied=request["copied"]))

    def do_environment(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Make an environment; return its Python."""
        made = self.store.environment(request["name"], request["python"], request["wheels"], request["imports"])
        return {"python": str(made)}

    def do_fetch(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Hand over a file that a worker left."""
        return {"content": base64.b64encode(self.store.product(request["name"])).decode("ascii")}

    def do_tidy(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Remove what was not used for long."""
        self.store.tidy(request["seconds"])
        return {}

    def do_ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Ask a new worker one thing."""
        return self.children.ask(request)

    def do_open(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Start a worker that is spoken to line by line; what it says comes as ``line``."""
        number = request["id"]
        self.children.start(request).hear(lambda line: self._say(id=number, line=line))
        return None

    def do_write(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Send a worker a line."""
        self.children.write(request["to"], request["text"])
        return None

    def do_end(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """End a worker; return how it ended."""
        return self.children.end(request["to"], request["patience"])


def _failed(text: str, kind: str = "DeviceUnavailable") -> dict[str, Any]:
    return {"error": {"type": kind, "message": text}}


def _python(path: str | None) -> dict[str, Any]:
    """Return what a Python is; by default the one that this runs under."""
    if path is None:
        return {"python": list(sys.version_info[:3]), "executable": sys.executable, "bits": BITS}
    found = shutil.which(str(Path(path).expanduser()))
    if found is None:
        raise Refused(f"there is no Python {path} on the board")
    version, bits = json.loads(run([found, "-I", "-c", ASK_PYTHON], "say its version"))
    return {"python": version, "executable": found, "bits": bits}


def _leave(*_: Any) -> NoReturn:
    sys.exit(1)


def main(seconds: float) -> None:
    """Serve the other end on standard input and output; so many seconds of silence end it."""
    source, sink = os.dup(0), os.dup(1)
    # Whatever prints must not get between the frames.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    Agent(source, sink, seconds, guardian.stand()).serve()
