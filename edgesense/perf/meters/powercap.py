"""RAPL through Linux's powercap: joules that each package of an Intel or AMD CPU has used.

Kernel documentation, `power/powercap/powercap`: ``energy_uj`` counts microjoules and begins again at
``max_energy_range_uj``. Since CVE-2020-8694 only root may read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgesense.errors import NotMeasured
from edgesense.perf.meters._base import MICRO, Counter, Meter, number, word

FOLDER = "sys/class/powercap"
ZONES = "intel-rapl:[0-9]*"


@dataclass(frozen=True)
class _Packages:
    """The counters of all packages as one meter."""

    name: str
    covers: str
    counters: Sequence[Counter]

    def joules(self) -> float:
        """Return what all have used since the first call."""
        return sum(one.joules() for one in self.counters)


def find(root: Path) -> Meter:
    """Return the meter of all CPU packages.

    Raises:
        NotMeasured: If there is none, or it may not be read.
    """
    # Zones within a package are named intel-rapl:0:1; they are counted in it.
    zones = sorted(path for path in (root / FOLDER).glob(ZONES) if path.name.count(":") == 1)
    packages = [zone for zone in zones if word(zone / "name").startswith("package")]
    if not packages:
        raise NotMeasured(f"no RAPL: there is no package under {root / FOLDER}, as in most virtual machines and on Arm")
    counters = [_counter(zone) for zone in packages]
    name = f"RAPL {', '.join(one.name for one in counters)}"
    return _Packages(name, "the CPU packages, at rest too; not the board", counters)


def _counter(zone: Path) -> Counter:
    wraps_at = number(zone / "max_energy_range_uj") * MICRO
    return Counter(word(zone / "name"), "", lambda: number(zone / "energy_uj") * MICRO, wraps_at)
