"""A board on this computer: Debian's own sshd on the loopback interface, with keys and a folder of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation.apt import Apt
from edgesense.perf.devices.emulation.sysroot import unpack_debian
from edgesense.perf.files import cache_directory

PACKAGES = ("openssh-server", "libwrap0", "libnss-wrapper")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
PGREP, SSH_KEYGEN = (shutil.which(name) or name for name in ("pgrep", "ssh-keygen"))
WAITS = """
import time

class Waits:
    def artifacts(self):
        return []

    def example(self):
        return 1

    def run(self, item):
        time.sleep({seconds})
        return item

    def labelled(self):
        return [(1, 1), (2, 1)]
"""
"""A package whose workload waits, so that boards may work at once on few cores."""

SHARED_CACHE = cache_directory()
"""As it is before any test has a cache of its own."""


@dataclass(frozen=True)
class Board:
    """A board: an sshd with an account of this user's.

    Attributes:
        port: On 127.0.0.1.
        folder: Everything of it; ``home`` is what its sessions have for a home.
        process: The server.
    """

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        """As a project names it."""
        return f"{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def directory(self) -> Path:
        """Where EdgeSense keeps everything there."""
        return self.folder / "edgesense"

    @property
    def key(self) -> Path:
        """A private key that it accepts."""
        return self.folder / "user"

    @property
    def known_hosts(self) -> Path:
        """A file that knows its host key."""
        return self.folder / "known_hosts"

    def declared(self, name: str = "lab-pi", **more: str) -> str:
        """Return a project's declaration of it as a device."""
        said = {
            "key": str(self.key),
            "known_hosts": str(self.known_hosts),
            "directory": str(self.directory),
            **more,
        }
        lines = [f"[tool.edgesense.devices.{name}]", 'kind = "ssh"', f"hosts = ['{self.host}']"]
        return "\n".join([*lines, *(f"{key} = '{value}'" for key, value in said.items())]) + "\n"

    @property
    def quick(self) -> str:
        """A declaration that uses the Python of these tests, so that no environment has to be made."""
        return self.declared(environment=sys.executable)

    def connections(self) -> list[int]:
        """Return the server's processes for connections that are open."""
        found = subprocess.run([PGREP, "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(number) for number in found.stdout.split()]

    def cut(self, *, off: bool = False) -> None:
        """End every connection at once, as a pulled cable or a reboot does; switched off, it takes no new ones."""
        carrying = [below for number in self.connections() for below in _below(number)]
        if off:
            self.process.kill()
            self.process.wait()
        for number in carrying:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def running(self) -> list[str]:
        """Return the commands that EdgeSense runs there."""
        # What was started over a connection is told of it, and tells what it starts.
        mine = f" 127.0.0.1 {self.port}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                told = (path / "environ").read_bytes().split(b"\0")
                if any(one.startswith(b"SSH_CONNECTION=") and one.endswith(mine) for one in told):
                    found.append((path / "cmdline").read_bytes().decode(errors="replace").replace("\0", " "))
        return found


def _below(number: int) -> list[int]:
    """Return a process of sshd and its own children of that kind: those that carry a connection."""
    found = subprocess.run([PGREP, "-P", str(number), "sshd"], capture_output=True, text=True, check=False)
    return [number, *(below for child in found.stdout.split() for below in _below(int(child)))]


def files() -> Path:
    """Return a folder with Debian's openssh-server unpacked, fetched once into the user's cache.

    Raises:
        DeviceUnavailable: If it cannot be had.
    """
    if shutil.which("ssh") is None:
        raise DeviceUnavailable("there is no ssh here: apt-get install openssh-client")
    place = SHARED_CACHE / "sshd"
    SHARED_CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(SHARED_CACHE / "sshd.lock"):
        if not (place / "usr" / "sbin" / "sshd").exists():
            try:
                _fetch(place)
            except (KeyError, OSError) as error:
                raise DeviceUnavailable(f"Debian's openssh-server cannot be had: {error}") from error
    return place


def _fetch(place: Path) -> None:
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    work = SHARED_CACHE / "sshd.unfinished"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    apt = Apt(SHARED_CACHE / "apt-sshd", suite, MACHINES[platform.machine()])
    apt.update()
    newest = [(name, versions[0]) for name, versions in apt.versions(PACKAGES).items()]
    apt.download(newest, work)
    for package in work.glob("*.deb"):
        unpack_debian(package, work)
    work.rename(place)


def start(place: Path, folder: Path, **settings: str) -> Board:
    """Start a board.

    Args:
        place: What `files` returned.
        folder: Made for it.
        settings: Of its sshd_config.

    Raises:
        DeviceUnavailable: If it does not start here.
    """
    (folder / "home").mkdir(parents=True)
    for name in ("host", "user"):
        subprocess.run([SSH_KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = {
        "Port": str(port),
        "ListenAddress": "127.0.0.1",
        "HostKey": str(folder / "host"),
        "PidFile": str(folder / "pid"),
        "AuthorizedKeysFile": str(folder / "user.pub"),
        "StrictModes": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "UsePAM": "no",
        "MaxStartups": "50",
        "SetEnv": f"HOME={folder / 'home'}",
        **settings,
    }
    (folder / "config").write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
    public = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    with (folder / "log").open("wb") as log:
        command = [str(place / "usr/sbin/sshd"), "-D", "-e", "-f", str(folder / "config")]
        process = subprocess.Popen(command, env=_environment(place, folder), stderr=log)
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return Board(port, folder, process)
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    raise DeviceUnavailable(f"sshd does not start here: {(folder / 'log').read_text().strip()}")


def together(*boards: Board) -> str:
    """Return the declaration of one device of several boards, which use the Python of this process."""
    hosts = ", ".join(f"'{one.host}'" for one in boards)
    known = boards[0].folder / "all_known"
    known.write_text("".join(one.known_hosts.read_text() for one in boards))
    for one in boards[1:]:
        accepted = one.folder / "user.pub"
        accepted.write_text(accepted.read_text() + (boards[0].folder / "user.pub").read_text())
    # A folder of its own for each of them, as boards have that do not share a kernel.
    own = boards[0].quick.replace(str(boards[0].directory), f"~/../{boards[0].directory.name}")
    text = own.replace(str(boards[0].known_hosts), str(known))
    return "\n".join(f"hosts = [{hosts}]" if line.startswith("hosts") else line for line in text.splitlines()) + "\n"


def share_downloads(cache: Path) -> None:
    """Have a cache of its own use what was downloaded into the user's."""
    (SHARED_CACHE / "downloads").mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "downloads").symlink_to(SHARED_CACHE / "downloads")


def _environment(place: Path, folder: Path) -> dict[str, str]:
    libraries = [place / "usr" / "lib", place / "lib"]
    found = [str(path) for folder in libraries for path in folder.glob("*-linux-gnu")]
    environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": ":".join(found)}
    if os.geteuid() == 0:
        # Run by root, sshd wants its own account and an empty folder for what it does before anyone has logged in.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        accounts = Path("/etc/passwd").read_text(encoding="utf-8")
        (folder / "passwd").write_text(f"{accounts}sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n")
        (wrapper,) = place.glob("usr/lib/*/libnss_wrapper.so")
        environment |= {
            "LD_PRELOAD": str(wrapper),
            "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
            "NSS_WRAPPER_GROUP": "/etc/group",
        }
    return environment
