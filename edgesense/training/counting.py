"""What emulated boards count for the table of results; kept, so that a later call need not count again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgesense.errors import DeviceUnavailable, EdgeSenseError, SettingsError
from edgesense.perf import devices, measure
from edgesense.perf.compare import differences
from edgesense.perf.devices.emulated import Emulated
from edgesense.perf.devices.emulation import bundle
from edgesense.perf.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgesense.perf.records import Job

INSTRUCTIONS, MEMORY = "instructions_m", "rss_mb"


def counter(board: str) -> Emulated:
    """The emulated board of a name.

    Raises:
        BudgetError: There is no such device.
        SettingsError: It is none that instructions are counted on.
        DeviceUnavailable: It is not set up; the text has the command that does it.
    """
    device = devices.find(board)
    if not isinstance(device, Emulated):
        raise SettingsError(f"{board} is no emulated board, so it counts no instructions")
    if command := device.available():
        raise DeviceUnavailable(f"{board} is not set up: run `{command}`")
    return device


def same(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether a board is the one that an earlier table names, as far as it says."""
    return not differences(before, now, {*before, *now})


def count(device: Emulated, job: Job, note: Path) -> dict[str, Any]:
    """Instructions by stage and, where it is asked for, memory.

    Args:
        device: Where.
        job: What, with `INSTRUCTIONS` among its metrics.
        note: Where it is kept; found again by the device, the job's files and the code that answers with them.

    Returns:
        Plain JSON values: "device", "instructions" and "rss_bytes", each with its parts beside "all".

    Raises:
        EdgeSenseError: The device cannot count it.
    """
    about = {"device": dict(device.fingerprint()), "code": bundle.digest(job)}
    if note.exists():
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept["about"] == about:
            return dict(kept["found"])
    measurement = measure.measure(device, job)
    if INSTRUCTIONS not in measurement.readings:
        missing = measurement.missing[INSTRUCTIONS]
        raise EdgeSenseError(f"{device.name} cannot count {job.workload}: {missing.reason} {missing.remedy}".strip())
    counts, rss = measurement.readings[INSTRUCTIONS], measurement.readings.get(MEMORY)
    found = {
        "device": about["device"],
        "instructions": {"all": counts.value, **counts.parts},
        "rss_bytes": {"all": rss.value, **rss.parts} if rss else None,
    }
    note.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(note, json.dumps({"about": about, "found": found}))
    return found
