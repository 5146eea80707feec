"""What meters share: joules since a moment, from a counter that wraps or from watts that are asked again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edgesense.errors import NotMeasured

MICRO = 1e-6
MILLI = 1e-3


class Meter(Protocol):
    """Something that knows what was used."""

    @property
    def name(self) -> str:
        """Which meter it is."""

    @property
    def covers(self) -> str:
        """What its number holds, in a few words."""

    def joules(self) -> float:
        """Return what has been used since the first call.

        Raises:
            NotMeasured: If it can no longer be read.
        """


@dataclass
class Counter:
    """A meter that counts energy.

    Attributes:
        name: Which meter.
        covers: What its number holds.
        read: Joules since some moment, falling back to 0 at `wraps_at`.
        wraps_at: In joules; 0 for never.
    """

    name: str
    covers: str
    read: Callable[[], float]
    wraps_at: float = 0.0
    _last: float | None = None
    _total: float = 0.0

    def joules(self) -> float:
        """Return what has been used since the first call; it must be asked before the counter wraps twice."""
        now = self.read()
        if self._last is not None:
            self._total += now - self._last + (self.wraps_at if now < self._last else 0.0)
        self._last = now
        return self._total


@dataclass
class Gauge:
    """A meter that tells the power of a moment; it is asked often, and what is between two moments is drawn straight.

    Attributes:
        name: Which meter.
        covers: What its number holds.
        watts: The power now.
        every_seconds: How often it is worth asking.
        clock: Seconds from any origin.
    """

    name: str
    covers: str
    watts: Callable[[], float]
    every_seconds: float = 0.05
    clock: Callable[[], float] = time.perf_counter
    _last: tuple[float, float] | None = None
    _total: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def joules(self) -> float:
        """Return what has been used since the first call."""
        with self._lock:
            now, power = self.clock(), self.watts()
            if self._last is not None:
                before, earlier = self._last
                self._total += (now - before) * (power + earlier) / 2
            self._last = (now, power)
            return self._total


@contextmanager
def watched(meter: Meter) -> Iterator[None]:
    """Ask a gauge again and again meanwhile; a counter counts by itself."""
    if not isinstance(meter, Gauge):
        yield
        return
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(meter.every_seconds):
            try:
                meter.joules()
            except NotMeasured:
                # The next question of the measurement itself meets the same, and reports it.
                return

    asking = threading.Thread(target=ask, name="meter", daemon=True)
    asking.start()
    try:
        yield
    finally:
        ended.set()
        asking.join()


def number(path: Path) -> float:
    """Return the number in a file of sysfs.

    Raises:
        NotMeasured: If it cannot be read, or holds none; the text says what would help.
    """
    try:
        return float(path.read_text(encoding="ascii"))
    except PermissionError as error:
        raise NotMeasured(f"{path} may be read by root alone: sudo chmod a+r {path}") from error
    except (OSError, ValueError) as error:
        raise NotMeasured(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def word(path: Path) -> str:
    """Return the text of a file of sysfs, "" where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""
