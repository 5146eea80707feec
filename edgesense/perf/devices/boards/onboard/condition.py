"""What may slow a board down: governor, clock, temperature, and what its firmware says of throttling."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

CPUS = Path("/sys/devices/system/cpu")
TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
FIRMWARE_SECONDS = 5


def read() -> dict[str, Any]:
    """Return ``governors``, ``hertz``, ``celsius`` and the firmware's own text, ``throttled``; None for the unknown."""
    governors: list[str] = []
    hertz: list[int] = []
    for folder in sorted(CPUS.glob("cpu[0-9]*/cpufreq")):
        governor, kilohertz = _text(folder / "scaling_governor"), _text(folder / "scaling_cur_freq")
        if governor:
            governors.append(governor)
        if kilohertz and kilohertz.isdigit():
            hertz.append(1000 * int(kilohertz))
    millicelsius = _text(TEMPERATURE)
    warm = millicelsius is not None and millicelsius.lstrip("-").isdigit()
    return {
        "governors": governors,
        "hertz": hertz,
        "celsius": int(millicelsius or 0) / 1000 if warm else None,
        "throttled": _throttled(),
    }


def _throttled() -> str | None:
    firmware = shutil.which("vcgencmd")
    if firmware is None:
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = [firmware, "get_throttled"]
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=FIRMWARE_SECONDS, check=False)
        return done.stdout.decode("ascii", "replace").strip()
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
