"""Boards over SSH, on this computer's loopback interface: how long they take, and what is left when they fail.

    python benchmarks/boards.py --runs 200
    python benchmarks/boards.py --parts disturbed --runs 200 --state /tmp/disturbed.json  # goes on

A fresh board is made ready; a budget is measured over SSH and here, in turn; sixteen budgets of a workload that waits
are measured on one board and on four; and runs are disturbed: the connection is cut, the worker or the agent killed,
the line is slow, the disk full. After each of those runs nothing may run there, no lock be held and no file be half,
and every run must have ended in one way: a measurement, or one error that says why.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import statistics
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import _loopback
from rich.console import Console
from rich.table import Table

from edgesense.errors import EdgeSenseError
from edgesense.perf import locks, measure
from edgesense.perf.devices import ssh
from edgesense.perf.devices.boards import farm, setup
from edgesense.perf.devices.boards.openssh import Address
from edgesense.perf.devices.host import Host
from edgesense.perf.devices.ssh import Ssh
from edgesense.perf.files import write_atomically
from edgesense.perf.project import Project
from edgesense.perf.records import Job

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS, RATIO, SPEEDUP = 60.0, 1.5, 3.0
BOARDS, BUDGETS = 4, 16
WAIT_SECONDS = 0.25
"""Of a call, of which a budget makes some seventy: much longer than what it computes."""
ROUNDS = 1
LIMITS = ("latency_ms", "rss_mb", "size_kb")
PARTS = ("ready", "ratio", "speedup", "disturbed")
FAULTS = ("none", "cut", "worker killed", "agent killed", "guardian killed", "slow line", "full disk")


def main() -> int:
    """Print the figures; the exit status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description="Boards over SSH on the loopback interface.")
    parser.add_argument("--runs", type=int, default=200, help="disturbed runs (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="decides which fault comes when")
    parser.add_argument("--json", type=Path, help="also write the bars there")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="default: all")
    parser.add_argument("--state", type=Path, help="keep there how disturbed runs ended, and go on from there")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgesense-boards-") as scratch, ExitStack() as stack:
        place = Path(scratch)
        os.environ["EDGESENSE_CACHE"] = str(place / "cache")
        _loopback.share_downloads(place / "cache")
        made = [_loopback.start(_loopback.files(), place / f"board-{number}") for number in range(BOARDS)]
        for board in made:
            stack.callback(board.cut, off=True)
        rows = []
        if "ready" in chosen.parts:
            rows.append(ready(made[0], place))
        if "ratio" in chosen.parts:
            rows.append(ratio(made[0], place))
        if "speedup" in chosen.parts:
            rows.append(speedup(made, place))
        if "disturbed" in chosen.parts:
            rows += disturbed(made[1], place, chosen.runs, chosen.seed, Tally.read(chosen.state))
    table = Table("figure", "value", "limit", "met", title="boards over SSH, loopback")
    for one in rows:
        table.add_row(
            one["name"], f"{one['value']:.4g} {one['unit']}", f"{one['limit']:g}", "yes" if one["met"] else "NO"
        )
    Console().print(table)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0 if all(one["met"] for one in rows) else 1


def row(name: str, value: float, unit: str, limit: float, *, met: bool) -> dict[str, Any]:
    """Return one bar."""
    return {"name": name, "value": value, "unit": unit, "limit": limit, "met": met}


def declared(text: str, root: Path) -> Ssh:
    """Return the device of a project."""
    (entry,) = tomllib.loads(text)["tool"]["edgesense"]["devices"].items()
    return ssh.declare(*entry, Project(root))


def ready(board: _loopback.Board, place: Path) -> dict[str, Any]:
    """Time the setting up of a board that has nothing."""
    start = time.monotonic()
    declared(board.declared(), place).set_up(setup.silent)
    spent = time.monotonic() - start
    return row("a fresh board is ready", spent, "s", READY_SECONDS, met=spent <= READY_SECONDS)


def ratio(board: _loopback.Board, place: Path) -> dict[str, Any]:
    """Compare a warm budget over SSH with the same one here, in turn."""
    device = declared(board.declared(), place)
    job = Job("models/dscnn-int8", ROOT, LIMITS, bounds=(("latency_ms", 0.05),))
    found = []
    for _ in range(5):
        spent = []
        for one in (Host(), device):
            start = time.monotonic()
            measure.measure(one, job)
            spent.append(time.monotonic() - start)
        found.append(spent[1] / spent[0])
    middle = statistics.median(found)
    return row("a warm budget over SSH against here (median of 5)", middle, "x", RATIO, met=middle <= RATIO)


def speedup(boards: list[_loopback.Board], place: Path) -> dict[str, Any]:
    """Compare budgets of a workload that waits, on one board and on four."""
    project = place / "waiting"
    job = waiting(project, WAIT_SECONDS)
    spent: dict[int, list[float]] = {1: [], len(boards): []}
    # In turn, so that whatever else runs here meanwhile meets both.
    for _ in range(ROUNDS):
        for number, taken in spent.items():
            device = declared(_loopback.together(*boards[:number]), place)
            start = time.monotonic()
            threads = [threading.Thread(target=measure.measure, args=(device, job)) for _ in range(BUDGETS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            taken.append(time.monotonic() - start)
            Console().print(f"{BUDGETS} budgets on {number} board{'s' * (number > 1)}: {taken[-1]:.0f} s")
    one, many = (min(taken) for taken in spent.values())
    faster = one / many
    name = f"{BUDGETS} budgets on {len(boards)} boards against one ({one:.0f} s, {many:.0f} s; the better of {ROUNDS})"
    return row(name, faster, "x", SPEEDUP, met=faster >= SPEEDUP)


def waiting(project: Path, seconds: float) -> Job:
    """Return a job whose workload waits."""
    (project / "mine").mkdir(parents=True)
    (project / "mine" / "__init__.py").write_text(_loopback.WAITS.format(seconds=seconds), encoding="utf-8")
    ship, path = ("mine",), (str(project),)
    return Job("mine:Waits", project, ("latency_ms",), ship=ship, sys_path=path, timeout_seconds=60, seconds=1.0)


@dataclass
class Tally:
    """How disturbed runs ended, kept in a file so that another call goes on.

    Attributes:
        file: None for nowhere.
        runs: How many there were.
        ended: How often each ending came.
        left: What was left behind.
    """

    file: Path | None
    runs: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, file: Path | None) -> Tally:
        """Return what a file has, nothing where there is none yet."""
        if file is None or not file.exists():
            return cls(file)
        said = json.loads(file.read_text(encoding="utf-8"))
        return cls(file, said["runs"], Counter(said["ended"]), Counter(said["left"]))

    def add(self, ending: str, left: list[str]) -> None:
        """Count a run."""
        self.runs += 1
        self.ended[ending] += 1
        self.left.update(left)
        if self.file is not None:
            said = {"runs": self.runs, "ended": self.ended, "left": self.left}
            write_atomically(self.file, json.dumps(said, indent=1) + "\n")


def disturbed(board: _loopback.Board, place: Path, runs: int, seed: int, tally: Tally) -> list[dict[str, Any]]:
    """Measure again and again while something goes wrong; count what is left and how runs ended."""
    job = waiting(place / "disturbed", 0.02)
    device = declared(board.quick, place)
    measure.measure(device, job)
    console = Console()
    with console.status("disturbing runs") as status:
        while tally.runs < runs:
            fault = FAULTS[tally.runs % len(FAULTS)]
            chance = random.Random(f"{seed} {tally.runs}")  # noqa: S311 - which fault comes when
            status.update(f"run {tally.runs + 1} of {runs}: {fault}")
            with ExitStack() as stack:
                one = harm(board, device, fault, chance, stack)
                try:
                    measure.measure(one, job)
                    ending = "measured"
                except EdgeSenseError as error:
                    ending = type(error).__name__
            tally.add(f"{fault}: {ending}", remains(board))
    console.print(f"how {tally.runs} runs ended: {dict(sorted(tally.ended.items()))}")
    verdicts, left = sum(tally.ended.values()), tally.left
    return [
        row("disturbed runs with exactly one verdict", verdicts, f"of {tally.runs}", runs, met=verdicts == tally.runs),
        row("processes left", left["process"], "", 0, met=not left["process"]),
        row("locks left", left["lock"], "", 0, met=not left["lock"]),
        row("runs and half files left", left["file"], "", 0, met=not left["file"]),
    ]


def harm(board: _loopback.Board, device: Ssh, fault: str, chance: random.Random, stack: ExitStack) -> Ssh:
    """Let something go wrong during the next run; return the device to use."""
    delay = chance.uniform(0.0, 1.2)
    if fault == "slow line":
        port = stack.enter_context(Slow(board.port, chance.uniform(0.02, 0.1)))
        (address,) = device.addresses
        known = board.folder / f"known-{port}"
        known.write_text(board.known_hosts.read_text().replace(str(board.port), str(port)))
        return replace(device, addresses=(replace(address, port=port),), way=replace(device.way, known_hosts=known))
    if fault == "full disk":
        # The folder for runs may not grow any more: the nearest to a full disk that needs no disk of its own.
        runs = board.directory / "objects"
        kept = runs.with_name("objects-kept")
        runs.rename(kept)
        runs.write_text("no folder", encoding="utf-8")
        stack.callback(lambda: (runs.unlink(), kept.rename(runs)))
        return device
    acts: dict[str, Callable[[], None]] = {
        "cut": board.cut,
        "worker killed": lambda: kill(board, "edgesense.perf.worker"),
        "agent killed": lambda: kill(board, "edgesense-agent"),
        "guardian killed": lambda: kill(board, "edgesense-guard"),
    }
    if fault in acts:
        timer = threading.Timer(delay, acts[fault])
        timer.start()
        stack.callback(timer.join)
    return device


def kill(board: _loopback.Board, word: str) -> None:
    """Kill what runs on a board and has a word in its command, or for its name."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ProcessLookupError):
            command = (path / "comm").read_text() + (path / "cmdline").read_bytes().decode(errors="replace")
            mine = f" 127.0.0.1 {board.port}".encode() in (path / "environ").read_bytes()
            if mine and word in command:
                os.kill(int(path.name), signal.SIGKILL)


def remains(board: _loopback.Board) -> list[str]:
    """Return what is left of a run, after a moment for what is just going."""
    found: list[str] = []
    for _ in range(100):
        found = ["process" for _ in board.running()]
        found += ["file" for _ in board.directory.glob("runs/*")]
        found += ["file" for _ in board.directory.glob("*/*.partial-*")]
        with ExitStack() as stack:
            if not locks.take(farm._lock(Address.parse(board.host)), stack):  # noqa: SLF001 - what a run holds
                found.append("lock")
        if not found:
            return []
        time.sleep(0.05)
    return found


class Slow:
    """A line to a port on which everything takes a while longer."""

    def __init__(self, port: int, seconds: float) -> None:
        self._port, self._seconds = port, seconds
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._server]

    def __enter__(self) -> int:
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                time.sleep(self._seconds)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    raise SystemExit(main())
