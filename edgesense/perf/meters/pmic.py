"""The Raspberry Pi 5's power management chip, asked with ``vcgencmd pmic_read_adc``.

It tells voltage and current of twelve rails, not of the supply. What the board takes is estimated as 1.1327 times their
sum and 0.6444 W (jfikar/RPi5-power, fitted with a USB-C meter on one board); what hangs on its USB ports is not in it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from edgesense.errors import NotMeasured
from edgesense.perf.meters._base import Gauge, Meter, word

MODEL = "proc/device-tree/model"
BOARD = "Raspberry Pi 5"
COMMAND = ("vcgencmd", "pmic_read_adc")
LINE = re.compile(r"\s*(\w+)_([AV]) (?:current|volt)\(\d+\)=([0-9.]+)[AV]\s*")
SLOPE, OFFSET = 1.1327, 0.6444
TIMEOUT_SECONDS = 5
EVERY_SECONDS = 0.2
"""Each question is a process of its own, whose work is in the answer."""


def find(root: Path) -> Meter:
    """Return the board's meter.

    Raises:
        NotMeasured: If this is no Raspberry Pi 5, or it does not answer.
    """
    model = word(root / MODEL)
    if not model.startswith(BOARD):
        raise NotMeasured(f"no PMIC to ask: this is {model or 'no Raspberry Pi'}, not a {BOARD}")
    program = shutil.which(COMMAND[0])
    if program is None:
        raise NotMeasured(f"{COMMAND[0]} is not on PATH: install raspi-utils, and be in the group video")
    covers = "the board without USB devices, at rest too"
    return Gauge("Raspberry Pi 5 PMIC", covers, lambda: board_watts(_ask(program)), EVERY_SECONDS)


def board_watts(text: str) -> float:
    """Return what the board takes by the rails that ``vcgencmd pmic_read_adc`` printed.

    Raises:
        NotMeasured: If no rail has a voltage and a current.
    """
    said = {(found[1], found[2]): float(found[3]) for line in text.splitlines() if (found := LINE.fullmatch(line))}
    rails = [value * said[rail, "V"] for (rail, kind), value in said.items() if kind == "A" and (rail, "V") in said]
    if not rails:
        raise NotMeasured(f"{' '.join(COMMAND)} told no rail's current and voltage: {text[:80]!r}")
    return SLOPE * sum(rails) + OFFSET


def _ask(program: str) -> str:
    try:
        done = subprocess.run(
            [program, COMMAND[1]], capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasured(f"{' '.join(COMMAND)} gave no answer: {error}") from error
    if done.returncode:
        raise NotMeasured(
            f"{' '.join(COMMAND)} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout
