"""apt with a configuration of its own: packages for another machine, and the host's own apt untouched."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation.tools import run

MIRROR_VARIABLE = "EDGESENSE_DEBIAN_MIRROR"

DEBIAN_RELEASE = re.compile(
    r"(?:bullseye|bookworm|trixie|forky|duke|stable|testing|sid|unstable)(-security|-updates)?$"
)


class Apt:
    """apt with lists, status and cache of its own, so that the host's own apt is untouched."""

    def __init__(self, home: Path, suite: str, architecture: str = "arm64") -> None:
        """Prepare the configuration under `home`."""
        self.home = home
        for name in ("lists/partial", "cache/archives/partial", "sources.d"):
            (home / name).mkdir(parents=True, exist_ok=True)
        (home / "status").touch()
        (home / "sources.list").write_text(sources(suite), encoding="utf-8")
        self.options = [
            f"-oAPT::Architecture={architecture}",
            f"-oAPT::Architectures={architecture}",
            f"-oDir::State={home}",
            f"-oDir::State::lists={home / 'lists'}",
            f"-oDir::State::status={home / 'status'}",
            f"-oDir::Cache={home / 'cache'}",
            f"-oDir::Etc::sourcelist={home / 'sources.list'}",
            f"-oDir::Etc::sourceparts={home / 'sources.d'}",
            "-oDebug::NoLocking=1",
            "-oAcquire::Retries=3",
            "-oAPT::Get::AllowUnauthenticated=false",
        ]
        if os.geteuid() == 0:
            self.options.append("-oAPT::Sandbox::User=root")

    def update(self) -> None:
        """Fetch the signed package lists."""
        run(["apt-get", *self.options, "-oAPT::Update::Error-Mode=any", "-qq", "update"], "Debian's package lists")

    def versions(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return the versions on offer of each package, the newest first."""
        found: dict[str, list[str]] = {name: [] for name in names}
        for line in run(["apt-cache", *self.options, "madison", *names], "Debian's versions").splitlines():
            name, version, *_ = (part.strip() for part in line.split("|"))
            if name in found and version not in found[name]:
                found[name].append(version)
        return found

    def download(self, wanted: Sequence[tuple[str, str]], into: Path) -> None:
        """Fetch packages of given versions, each checked by apt against the archive's signature."""
        names = [f"{name}={version}" for name, version in wanted]
        run(["apt-get", *self.options, "-qq", "download", *names], "Debian's packages", cwd=into)


def sources(suite: str) -> str:
    """Return the apt sources for a Debian release, at the addresses the host's own apt uses.

    Raises:
        DeviceUnavailable: If the host's apt knows no Debian archive.
    """
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror:
        return f"deb {mirror} {suite} main\n"
    listing = run(["apt-get", "indextargets", "--format", "$(REPO_URI)\t$(RELEASE)\t$(SIGNED_BY)"], "apt's sources")
    lines = derive(listing, suite)
    if not lines:
        raise DeviceUnavailable(
            "this computer's apt has no Debian archive among its sources; "
            f"name one in the environment variable {MIRROR_VARIABLE} and install debian-archive-keyring"
        )
    return "\n".join(lines) + "\n"


def derive(listing: str, suite: str) -> list[str]:
    """Return `deb` lines for `suite` from lines of "address, release, key", leaving out other archives."""
    lines = set()
    for entry in listing.splitlines():
        address, release, *key = entry.split("\t")
        found = DEBIAN_RELEASE.fullmatch(release.split("/")[0])
        if not found or "raspb" in address:
            continue
        signed = [part for part in key if part.startswith("/")]
        options = f" [signed-by={signed[0]}]" if signed else ""
        lines.add(f"deb{options} {address} {suite}{found[1] or ''} main")
    return sorted(lines)
