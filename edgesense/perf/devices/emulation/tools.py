"""Run the downloaders that a Debian-like host has, and say in plain words why one failed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgesense.errors import DeviceUnavailable

_NO_NETWORK = re.compile(
    r"Could not resolve|Temporary failure|Failed to establish|Could not connect|Network is unreachable"
    r"|Connection (refused|timed out|reset)|NewConnectionError|ConnectionError|Failed to fetch",
    re.IGNORECASE,
)


def explain(what: str, output: str) -> DeviceUnavailable:
    """Return the error for a failed download, with its cause in plain words and the tool's last lines."""
    lines = [line for line in output.strip().splitlines() if line.strip()]
    tail = "\n".join(f"    {line}" for line in lines[-6:])
    if "No space left" in output or "Errno 28" in output:
        cause = "the disk is full"
    elif "DO NOT MATCH THE HASHES" in output or "Hash Sum mismatch" in output or "hash mismatch" in output.lower():
        cause = "a file has another SHA-256 than the lock file says; nothing of it was used"
    elif _NO_NETWORK.search(output):
        cause = "no network, or the package archive does not answer; run the same command again to go on"
    else:
        cause = "the tool failed"
    return DeviceUnavailable(f"cannot fetch {what}: {cause}\n{tail}" if tail else f"cannot fetch {what}: {cause}")


def run(command: Sequence[str], what: str, *, cwd: Path | None = None) -> str:
    """Run a downloader and return its output.

    Raises:
        DeviceUnavailable: If it is not installed or fails.
    """
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise DeviceUnavailable(
            f"cannot fetch {what}: {command[0]} is not on this computer; is it Debian-like?"
        ) from error
    if done.returncode != 0:
        raise explain(what, done.stdout + "\n" + done.stderr)
    return done.stdout
