"""What a project says of a phone under ``[tool.edgesense.devices.NAME]``, read with every mistake named."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgesense import delegation
from edgesense.errors import SettingsError
from edgesense.perf.imports.summary import ENOUGH

PROFILE = "android"
KEYS = ("kind", "profile", "serial", "benchmark_model", "delegate", "runs", "affinity", "keep")


@dataclass(frozen=True)
class Settings:
    """A phone as a project names it.

    Attributes:
        tool: TFLite's benchmark_model: a file of this computer, relative to the project, else its path on the phone.
        serial: Which phone; None for the only one there is.
        profile: What is known of it beforehand.
        delegate: As `edgesense.delegation.parse` reads it; None for what the runtime does by itself.
        runs: How many processes time the model: a process is one sample.
        affinity: The cores it may use, a mask in hexadecimal digits as ``taskset`` takes it; "" for all.
        keep: Whether pushed files stay on the phone, to be there for the next job.
    """

    tool: str
    serial: str | None = None
    profile: str = PROFILE
    delegate: str | None = None
    runs: int = ENOUGH
    affinity: str = ""
    keep: bool = False


def read(entry: Mapping[str, Any]) -> Settings:
    """Return what an entry says.

    Raises:
        SettingsError: If it has no benchmark_model, a key that is unknown, or a value that cannot be meant.
    """
    for key in entry:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise SettingsError(f"unknown key {key}: {hint}allowed: {', '.join(KEYS)}")
    tool = _text(entry, "benchmark_model")
    if tool is None:
        msg = 'benchmark_model is missing: name TFLite\'s binary, as in benchmark_model = "tools/benchmark_model"'
        raise SettingsError(msg)
    delegate = _text(entry, "delegate")
    affinity = _text(entry, "affinity") or ""
    if not re.fullmatch(r"[0-9a-fA-F]*", affinity):
        raise SettingsError(f'affinity = {affinity!r}: a mask in hexadecimal digits is wanted, as in "f0"')
    runs = entry.get("runs", ENOUGH)
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < 1:
        raise SettingsError(f"runs = {runs!r}: a whole number of 1 or more is wanted")
    keep = entry.get("keep", False)
    if not isinstance(keep, bool):
        raise SettingsError(f"keep = {keep!r}: true or false is wanted")
    return Settings(
        tool,
        _text(entry, "serial"),
        _text(entry, "profile") or PROFILE,
        None if delegate is None else str(delegation.parse(delegate)),
        runs,
        affinity,
        keep,
    )


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise SettingsError(f"{key} = {value!r}: a text is wanted")
    return value
