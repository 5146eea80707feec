"""Whether a board was slowed down while it measured: what its firmware, its clock and its temperature say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOW = {0: "under-voltage", 1: "its clock is capped", 2: "throttled", 3: "at the soft temperature limit"}
"""Bits of the firmware's answer that hold now.

Source: raspberrypi/documentation, "vcgencmd get_throttled".
"""

SINCE_BOOT = 16
"""The same bits so much higher say that it happened since the board was switched on."""

STEADY = frozenset({"performance"})


@dataclass(frozen=True)
class Health:
    """A board at one moment.

    Attributes:
        governors: Of its cores.
        hertz: Of its cores, as they are clocked now.
        celsius: Its temperature, None where it does not say.
        throttled: The firmware's bits, None where there is no such firmware.
    """

    governors: tuple[str, ...] = ()
    hertz: tuple[float, ...] = ()
    celsius: float | None = None
    throttled: int | None = None

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Health:
        """Read what the agent says."""
        text = str(said["throttled"] or "").rpartition("=")[2]
        try:
            throttled = int(text, 16)
        except ValueError:
            throttled = None
        return cls(tuple(said["governors"]), tuple(said["hertz"]), said["celsius"], throttled)


def slowed(before: Health, after: Health) -> str | None:
    """Return why what was measured between two moments does not count, None where nothing speaks against it."""
    for when, one in (("before", before), ("after", after)):
        for bit, what in NOW.items():
            if one.throttled is not None and one.throttled >> bit & 1:
                return f"{what} {when} it was measured"
    if before.throttled is not None and after.throttled is not None:
        newly = after.throttled & ~before.throttled
        for bit, what in NOW.items():
            if newly >> SINCE_BOOT + bit & 1:
                return f"{what} while it was measured"
    return None


def notes(one: Health) -> tuple[str, ...]:
    """Return in words what may move times although nothing was throttled."""
    said = []
    loose = sorted(set(one.governors) - STEADY)
    if loose:
        said.append(f"governor {', '.join(loose)}: the clock follows the load, which `performance` would not")
    if one.throttled is not None:
        earlier = [what for bit, what in NOW.items() if one.throttled >> SINCE_BOOT + bit & 1]
        if earlier:
            said.append(f"since it was switched on, before these measurements: {', '.join(earlier)}")
    if one.celsius is not None:
        said.append(f"{one.celsius:.0f} °C")
    return tuple(said)
