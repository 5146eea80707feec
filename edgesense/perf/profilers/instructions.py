"""Where a board's instructions go: the hottest functions of each stage, counted on the emulated board itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.perf.profilers import _base
from edgesense.perf.records import Attachment, Job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesense.perf.interfaces import Device

    Find = Callable[[str], Device | None]


def _find(name: str) -> Device | None:
    from edgesense.perf import devices

    # A project's own device is not among these, and counts in its own way if it does.
    return next((device for device in devices.every() if name in device.names), None)


@dataclass(frozen=True)
class Instructions:
    """Counts one more run on the board whose budget broke; says nothing where a device cannot tell.

    Attributes:
        top: How many functions of each stage are listed.
        find: Device by name.
    """

    name: str = "instructions"
    top: int = 20
    find: Find = _find

    @property
    def explains(self) -> frozenset[str]:
        """What follows from a count."""
        return frozenset({"instructions_m", "latency_ms", "features_ms", "inference_ms"})

    def profile(self, job: Job, directory: Path, *, device: str) -> Attachment | None:
        """Write ``instructions.txt``; see `edgesense.perf.interfaces.Profiler`."""
        hot = getattr(self.find(device), "hot", None)
        if hot is None:
            return None
        with tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
            places = hot(job, Path(scratch))

        def make(draft: Path) -> None:
            draft.write_text(self._table(places, device), encoding="utf-8")

        path = _base.put(directory, "instructions.txt", make, "instructions")
        return Attachment(f"instructions by stage and function, counted on {device}", path)

    def _table(self, places: Sequence[Any], device: str) -> str:
        lines = []
        for stage in dict.fromkeys(place.stage for place in places):
            here = [place for place in places if place.stage == stage]
            total = sum(place.instructions for place in here)
            lines.append(f"{stage}: {total / 1e6:.2f} M instructions on {device}")
            for place in here[: self.top]:
                share = place.instructions / total
                lines.append(f"{place.instructions / 1e6:9.3f} M  {share:6.1%}  {place.function}  ({place.file})")
            lines.append("")
        return "\n".join(lines)


PROFILERS = (Instructions(),)
