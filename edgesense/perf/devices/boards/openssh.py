"""The way to a board over SSH: OpenSSH's own client, so that whatever `ssh` can reach with a key, EdgeSense can.

Keys, agents, jump hosts, aliases and certificates are the user's configuration and its business. What EdgeSense adds
is strictness: nothing is asked, no host key is accepted unseen, nothing is forwarded.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import DeviceUnavailable, SettingsError
from edgesense.perf.devices.boards.link import BOOTSTRAP, GONE, Reason

REMOTE = f"exec python3 -u -I -c {shlex.quote(BOOTSTRAP)}"
"""What the board's shell is given: always this text."""

STRICT = (
    "-T",
    "-oBatchMode=yes",
    "-oStrictHostKeyChecking=yes",
    "-oConnectTimeout=10",
    "-oServerAliveInterval=5",
    "-oServerAliveCountMax=3",
    "-oClearAllForwardings=yes",
    "-oForwardAgent=no",
    "-oForwardX11=no",
    "-oControlPath=none",
)

_ADDRESS = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?:\[(?P<v6>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[\w.-]+))(?::(?P<port>\d+))?")


@dataclass(frozen=True)
class Address:
    """One board.

    Attributes:
        host: Its name or address, or an alias of the user's ssh configuration.
        user: The account; "" for what the configuration says.
        port: None for what the configuration says.
    """

    host: str
    user: str = ""
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``user@host:port``; user and port may be left out, an IPv6 address stands in brackets.

        Raises:
            SettingsError: If it is no address.
        """
        found = _ADDRESS.fullmatch(text)
        host = found and (found["v6"] or found["host"])
        if not found or not host or text.startswith("-") or host.startswith("-"):
            raise SettingsError(f"{text!r} is no host: wanted is USER@HOST or USER@HOST:PORT")
        port = None if found["port"] is None else int(found["port"])
        if port is not None and not 0 < port < 2**16:
            raise SettingsError(f"{text!r}: a port is 1 to 65535")
        return cls(host, found["user"] or "", port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}" if self.user else host

    @property
    def words(self) -> tuple[str, ...]:
        """How ssh is told of it."""
        port = () if self.port is None else ("-p", str(self.port))
        user = ("-l", self.user) if self.user else ()
        return (*port, *user, "--", self.host)

    @property
    def by_hand(self) -> str:
        """The command that a person would type."""
        return shlex.join(["ssh", *(("-p", str(self.port)) if self.port else ()), str(self)])


@dataclass(frozen=True)
class Way:
    """How boards are reached.

    Attributes:
        key: A private key's file; None for those that ssh finds by itself.
        config: An ssh configuration in the place of the user's.
        known_hosts: A file of known host keys in the place of the user's.
    """

    key: Path | None = None
    config: Path | None = None
    known_hosts: Path | None = None

    def command(self, address: Address) -> tuple[str, ...]:
        """Return the command that leads to the board's Python.

        Raises:
            DeviceUnavailable: If a file that it names is not here.
        """
        for file in (self.key, self.config, self.known_hosts):
            if file is not None and not file.is_file():
                raise DeviceUnavailable(f"{address}: there is no file {file}")
        words = ["ssh", *STRICT]
        if self.config is not None:
            words += ["-F", str(self.config)]
        if self.key is not None:
            words += ["-i", str(self.key), "-oIdentitiesOnly=yes"]
        if self.known_hosts is not None:
            words += [f'-oUserKnownHostsFile="{self.known_hosts}"']
        return (*words, *address.words, REMOTE)


OTHER_KEY = (
    "its host key is another one than before. If the board was set up anew, forget the old key with "
    "`ssh-keygen -R {known_as}` and look at the new one with `{by_hand}`; if not, somebody is in between"
)
UNKNOWN_KEY = "its host key is not known yet: look at it and accept it once with `{by_hand}`"
NO_KEY = (
    "it accepts none of your keys (passwords are never asked for): send it one with `{copy_id}`, or name the right one "
    'with key = "..."'
)
SILENT = "it does not answer: is it switched on and in this network?"
NO_PYTHON = "it has no python3"
CAUSES = {
    "remote host identification has changed": OTHER_KEY,
    "host key verification failed": UNKNOWN_KEY,
    "permission denied": NO_KEY,
    "could not resolve hostname": "there is no host {host} here: is it switched on, in this network, and spelled so?",
    "connection refused": "it refuses connections: no SSH server runs on port {port}",
    "timed out": SILENT,
    "no route to host": SILENT,
    "network is unreachable": SILENT,
    "python3: not found": NO_PYTHON,
    "python3: command not found": NO_PYTHON,
}
"""What ssh or the board's shell prints, in small letters, and what it means; the first that is found counts."""
LASTING = frozenset({OTHER_KEY, UNKNOWN_KEY, NO_KEY, NO_PYTHON})
"""What only a person changes."""


def explain(address: Address, said: str) -> Reason:
    """Return why there is no connection and what to do about it.

    Args:
        address: Whose.
        said: What ssh, or the board's shell, printed.
    """
    names = {
        "host": address.host,
        "port": address.port or 22,
        "by_hand": address.by_hand,
        "copy_id": address.by_hand.replace("ssh ", "ssh-copy-id ", 1),
        "known_as": _known_as(address),
    }
    text = said.lower()
    for sign, meaning in CAUSES.items():
        if sign in text:
            return Reason(meaning.format(**names), meaning in LASTING)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return Reason(f"{GONE.text} ({lines[-1]})") if lines else GONE


def _known_as(address: Address) -> str:
    return address.host if address.port in {None, 22} else shlex.quote(f"[{address.host}]:{address.port}")
