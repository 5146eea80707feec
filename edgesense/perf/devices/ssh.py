"""Real boards over SSH: the same worker, on the board itself. Several hosts behind one name are a farm.

[tool.edgesense.devices.lab-pi]
kind = "ssh"
profile = "pi4"
hosts = ["pi@pi-1.local", "pi@pi-2.local:2222"]
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from edgesense.errors import SettingsError
from edgesense.perf import energy, profiles
from edgesense.perf.devices import host
from edgesense.perf.devices.boards import farm, measuring, setup
from edgesense.perf.devices.boards.link import ConnectionLost
from edgesense.perf.devices.boards.openssh import Address, Way
from edgesense.perf.devices.emulation import fetch
from edgesense.perf.interfaces import Profiled, Talk, Watching
from edgesense.perf.project import Project
from edgesense.perf.records import Job, Json, Known, Measurement

KEYS = ("kind", "hosts", "profile", "key", "ssh_config", "known_hosts", "python", "environment", "directory")
DIRECTORY = "~/.cache/edgesense"
LATENCY = "latency_ms"


@dataclass(frozen=True)
class Ssh:
    """Boards of one kind that are reached over SSH.

    Attributes:
        name: As in ``--edge-device``.
        addresses: The boards.
        way: How they are reached.
        profile: What is known of them; None where the project names none.
        where: What is used on them.
    """

    name: str
    addresses: tuple[Address, ...]
    way: Way
    profile: profiles.Profile | None
    where: farm.Where

    @property
    def names(self) -> frozenset[str]:
        """Only its name: a profile's name means the emulated board."""
        return frozenset({self.name})

    def answers(self) -> Mapping[str, Known]:
        """Return what a board's own clock, memory and answers can tell, and its meter where it has one."""
        return host.answers() | dict.fromkeys(energy.LIMITS, Known.MEASURED)

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """Return the time of an inference where its energy is asked for: without a meter that is made of it."""
        return (LATENCY,) if any(name in energy.LIMITS for name in metrics) else ()

    def fingerprint(self) -> Mapping[str, str]:
        """Return what is known without asking a board; a measurement says the rest."""
        return {"board": self.profile.name if self.profile else self.name}

    def available(self) -> str | None:
        """It is found out when it is used: asking costs a connection."""
        return None

    def set_up(self, progress: fetch.Progress) -> Ready:
        """Make every board usable; what is there already stays.

        Raises:
            DeviceUnavailable: If one of them cannot be used; the text says what to do.
        """
        said = []
        for address in self.addresses:
            with ExitStack() as stack:
                board = farm.connect(self.way, address, self.where, progress, stack)
                board.link.request("tidy", seconds=setup.KEEP_SECONDS)
                version = setup.dotted(board.about["python"])
                said.append(f"{address}: Python {version} on {board.about['machine']}, {board.python}")
        return Ready("; ".join(said))

    @contextmanager
    def lease(self) -> Iterator[measuring.Leased]:
        """Wait for a free board, connect to it and have it alone.

        Raises:
            DeviceUnavailable: If no board can be used, with each one's reason.
        """
        with ExitStack() as stack:
            board, notes = farm.lease(self.name, self.addresses, self.way, self.where, stack)
            yield measuring.Leased(self, board, self.profile, notes)

    def run(self, job: Job, directory: Path) -> Measurement:
        """Measure on a free board; where that one goes away, once more on another, or on the same when it is back.

        Raises:
            DeviceUnavailable: If no board can be used.
            WorkerFailed: If a worker crashed, hung or was killed.
        """
        try:
            with self.lease() as board:
                return board.run(job, directory)
        except ConnectionLost as error:
            others = self._without(error.name)
            with others.lease() as board:
                measurement = board.run(job, directory)
            return replace(measurement, notes=(*measurement.notes, f"measured a second time: {error}"))

    def session(self, job: Job, options: Mapping[str, Json]) -> Talk:
        """Start a worker on a free board, which is held for as long as it is spoken to."""
        return _Held(self, job, options)

    def profiled(self, job: Job, how: Watching, produced: Path) -> Profiled:
        """Run a job under a tool on a free board; see `edgesense.perf.interfaces.ProfilingDevice`."""
        with self.lease() as board:
            return board.profiled(job, how, produced)

    def _without(self, name: str) -> Ssh:
        rest = tuple(one for one in self.addresses if str(one) != name)
        return replace(self, addresses=rest or self.addresses)


@dataclass(frozen=True)
class Ready:
    """Boards that are set up.

    Attributes:
        summary: One line of what is there.
    """

    summary: str

    def changes(self) -> tuple[str, ...]:
        """A board has what is pinned, or what its owner put there."""
        return ()


class _Held:
    """A session with the lease of the board that it runs on."""

    def __init__(self, device: Ssh, job: Job, options: Mapping[str, Json]) -> None:
        with ExitStack() as stack:
            board = stack.enter_context(device.lease())
            self._talk = stack.enter_context(board.session(job, options))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def opened(self) -> dict[str, Json]:
        return self._talk.opened()

    def do(self, what: str, **details: Json) -> dict[str, Json]:
        return self._talk.do(what, **details)


def declare(name: str, entry: Mapping[str, Any], project: Project) -> Ssh:
    """Return the device that a project names.

    Raises:
        SettingsError: If it says what cannot be meant.
    """
    for key in entry:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise SettingsError(f"there is no {key}: {hint}allowed: {', '.join(KEYS)}")
    texts = {key: entry[key] for key in KEYS if key in entry and key != "hosts"}
    for key, value in texts.items():
        if not isinstance(value, str) or not value:
            raise SettingsError(f"{key} = {value!r}: a text is wanted")
    if "python" in texts and "environment" in texts:
        raise SettingsError("python names what an environment is made with, environment one that is used: not both")
    hosts = entry.get("hosts", [])
    if not isinstance(hosts, list) or not hosts or not all(isinstance(one, str) for one in hosts):
        raise SettingsError('hosts is to be a list of boards, as in hosts = ["pi@pi-1.local"]')
    addresses = tuple(Address.parse(one) for one in hosts)
    if len(set(addresses)) < len(addresses):
        raise SettingsError("a board is named twice in hosts: it would be leased twice at once")
    files = {
        key: project.root / Path(texts[key]).expanduser() if key in texts else None
        for key in ("key", "ssh_config", "known_hosts")
    }
    return Ssh(
        name,
        addresses,
        Way(files["key"], files["ssh_config"], files["known_hosts"]),
        profiles.find(texts["profile"], project.profiles) if "profile" in texts else None,
        farm.Where(
            directory=texts.get("directory", DIRECTORY),
            python=texts.get("python") or texts.get("environment"),
            own_environment="environment" in texts,
            shared="directory" not in texts,
        ),
    )
