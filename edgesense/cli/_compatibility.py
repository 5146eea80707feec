"""Whether a pipeline fits a device, as a table, as JSON and as an exit status; of `edgesense doctor`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesense import compatibility
from edgesense.cli import _output
from edgesense.compatibility import KIB, MIB, Answer, Finding, Target
from edgesense.errors import InvalidInput
from edgesense.runtime import backends, operators

if TYPE_CHECKING:
    from rich.table import Table

    from edgesense.perf.profiles import Profile
    from edgesense.perf.records import Json

HOST = "host"
SCHEMA = 1
DOES_NOT_FIT = 4


def run(arguments: argparse.Namespace, profile: Profile | None) -> int:
    """Print what each check found and write JSON where it is asked for; the exit status says whether it fits."""
    from rich.console import Console

    target = target_of(arguments.device, profile, arguments.runtime)
    findings = compatibility.examine(Path(arguments.pipeline), target)
    shown = Console(stderr=arguments.json == _output.STANDARD_OUTPUT)
    shown.print(table(arguments.pipeline, target, findings), highlight=False, markup=False)
    shown.print(summary(arguments.pipeline, target, findings), highlight=False, markup=False, soft_wrap=True)
    _output.write(body(arguments.pipeline, target, findings), arguments.json)
    return DOES_NOT_FIT if _stops(findings) else 0


def target_of(device: str, profile: Profile | None, runtime: str | None) -> Target:
    """Return what is known of a device.

    Args:
        device: Its name.
        profile: What is known of it; None for this computer, and where nothing is.
        runtime: Another runtime than the profile's.

    Raises:
        InvalidInput: If nothing is known of it.
    """
    if device == HOST:
        name, backend = backends.find(runtime)
        pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return Target("this computer", name, f"{name} {backend.version()}", np.__version__, pages)
    if profile is None:
        msg = f"{device} has no profile, so nothing is known of what it can run: name one in its declaration"
        raise InvalidInput(msg)
    release = str(profile.get("runtime", ""))
    named, _, _ = release.partition(" ")
    if runtime is not None and runtime != named:
        named, release = runtime, operators.support(runtime).release
    ram, flash = _bytes(profile, "ram"), _bytes(profile, "flash")
    return Target(device, named, release, str(profile.get("numpy", "")), ram, flash)


def _bytes(profile: Profile, what: str) -> int | None:
    """Return the least that a profile says of a memory, in MiB or, of a chip, in KiB."""
    for key, unit in ((f"{what}_mib", MIB), (f"{what}_kb", KIB)):
        found = profile.range(key)
        if found is not None:
            return int(found[0] * unit)
    return None


def _stops(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(one for one in findings if one.answer is Answer.STOPS)


def table(pipeline: str, target: Target, findings: Sequence[Finding]) -> Table:
    """Return one row a check."""
    from rich.table import Table

    shown = Table("", "", "why", "what to change", title=f"{pipeline} on {target.name}, from the files alone")
    shown.columns[0].no_wrap = shown.columns[1].no_wrap = True
    for one in findings:
        shown.add_row(one.check, one.answer.value, one.text, one.remedy)
    return shown


def summary(pipeline: str, target: Target, findings: Sequence[Finding]) -> str:
    """Return the result in one sentence."""
    stops, unsure = _stops(findings), [one for one in findings if one.answer is Answer.UNSURE]
    if stops:
        return f"{pipeline} does not fit {target.name}: {', '.join(one.check for one in stops)}."
    if unsure:
        return f"Nothing found that stops {pipeline} on {target.name}; not told: {', '.join(o.check for o in unsure)}."
    return f"{pipeline} fits {target.name}."


def body(pipeline: str, target: Target, findings: Sequence[Finding]) -> dict[str, Json]:
    """Return the same as plain data."""
    found: list[dict[str, Any]] = [
        {"check": one.check, "answer": one.answer.value, "text": one.text, "remedy": one.remedy} for one in findings
    ]
    return {
        "schema": SCHEMA,
        "pipeline": pipeline,
        "device": target.name,
        "runtime": target.release,
        "fits": not _stops(findings),
        "findings": found,
    }
